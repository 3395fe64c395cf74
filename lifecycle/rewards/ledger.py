"""The engine's one door to rewards: takes events in within its transaction, and what falls due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from lifecycle.core.event import Event
from lifecycle.core.settings import Settings
from lifecycle.core.undoing import UNDOING
from lifecycle.rewards import incentives, points, referrals, tiers
from lifecycle.store.events import NewEvent


def names(settings: Settings) -> frozenset[str]:
    """The names of all events that rewards take in."""
    found = {incentives.ISSUED, incentives.REDEEMED}
    for rule in settings.points.earn:
        found |= {*rule.when, *UNDOING}
    if settings.points.tiers:
        found.add(tiers.EARNED)
    if settings.referral is not None:
        found |= {referrals.CLAIMED, referrals.BOUGHT, settings.referral.qualifies, *UNDOING}
    return frozenset(found)


def take_in(
    connection: Connection,
    settings: Settings,
    changes: Sequence[tuple[str, Event]],
    now: datetime,
    key: bytes,
) -> list[NewEvent]:
    """Write what newly taken-in events mean for rewards; gives the events to append.

    `changes` are (customer, event), each already a row of the event table; those whose name is not
    among `names` may be left out. Taking the same ones in again changes nothing.
    """
    emitted = points.on_events(connection, settings, changes, now)
    emitted += tiers.on_events(connection, settings, changes, now)
    emitted += incentives.on_issued(connection, settings, changes, now)
    incentives.on_redeemed(connection, changes)
    emitted += referrals.on_events(connection, settings, changes, now, key)
    return emitted


def touched(changes: Sequence[tuple[str, Event]], made: Sequence[NewEvent]) -> frozenset[str]:
    """The customers whose points or codes may have changed: by `changes` and what came of them."""
    told = {of for of, event in changes if event.name != tiers.EARNED}
    return frozenset(told | {one.customer_id for one in made})


def due(connection: Connection, settings: Settings, now: datetime, key: bytes) -> list[NewEvent]:
    """Settle what time alone brings, up to a batch; gives the events to append."""
    return referrals.due(connection, settings, now)


def next_due(connection: Connection) -> datetime | None:
    """The instant from which `due` has something to do; None when nothing waits."""
    return referrals.next_due(connection)
