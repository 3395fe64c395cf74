"""Opens broadcasts when their moment comes, page by page: a crash repeats and skips nobody.

A local time comes zone by zone: whoever has it then is asked then.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core import broadcast as core_broadcast
from lifecycle.core.action import bring_up_to_date
from lifecycle.core.campaign import Broadcast
from lifecycle.core.enter import TOO_LATE
from lifecycle.core.policy import Policy
from lifecycle.core.words import Moment, zone_of
from lifecycle.engine.parts import Parts
from lifecycle.engine.running import look_again
from lifecycle.store import operations
from lifecycle.store.apply import Writing
from lifecycle.store.facts import Reading, ids_after, ids_in_zones, load

PAGE = 500


def schedule(connection: Connection, parts: Parts, now: datetime) -> None:
    """Note for each live broadcast when it opens; one whose moment is long past never opens."""
    known = operations.broadcast_states(connection)
    for broadcast in parts.live.broadcasts:
        if broadcast.status != "live":
            continue
        state = known.get(broadcast.id)
        opens = core_broadcast.opens_at(broadcast)
        if state is not None and (state.state != "waiting" or state.due_at == opens):
            continue
        missed = now - opens > TOO_LATE + core_broadcast.EAST
        row = {
            "campaign": broadcast.id,
            "state": "done" if missed else "waiting",
            "due_at": None if missed else opens,
            "cursor": "",
            "enrolled": 0,
        }
        operations.put_broadcast(connection, row)
        if missed:
            log.warned("broadcast_missed", campaign=broadcast.id)


def open_due(parts: Parts, policy: Policy, now: datetime) -> int:
    """Enroll the next page of each broadcast that is open; says how many pages."""
    with parts.database.read() as connection:
        due = operations.broadcasts_due(connection, now)
    for state in due:
        found = parts.live.campaign(state.campaign)
        broadcast = found if isinstance(found, Broadcast) else None
        with parts.database.write() as connection:
            _page(connection, parts, policy, broadcast, state, now)
    return len(due)


def _page(
    connection: Connection,
    parts: Parts,
    policy: Policy,
    broadcast: Broadcast | None,
    state: Any,
    now: datetime,
) -> None:
    if operations.broadcast_held(connection, state.campaign) != state:
        return  # Another process has done this page.
    row = {"campaign": state.campaign, "state": "enrolling", "due_at": state.due_at}
    row |= {"cursor": state.cursor, "enrolled": state.enrolled}
    if broadcast is None or policy.stopped(broadcast) or broadcast.status != "live":
        operations.put_broadcast(connection, {**row, "state": "stopped", "due_at": None})
        return
    moments = _moments(broadcast.at, parts.shop_zone)
    ids = _whose_moment(connection, broadcast, moments, parts.shop_zone, state)
    needs = parts.live.needs_of(broadcast.audience)
    tiers = parts.live.catalog.settings.points.ladder
    reading = Reading(
        needs.reaches, past=needs.past, ledger=needs.ledger, tiers=tiers, nightly=needs.nightly
    )
    facts = load(connection, ids, now, reading, shop_zone=parts.shop_zone)
    writing = Writing(now)
    for customer_id in ids:
        known = facts.get(customer_id)
        if known is not None and not known.erased:
            parts.live.compute(known)
            actions = core_broadcast.enroll(broadcast, known, policy, now)
            bring_up_to_date(known, actions)
            writing.add(known, actions, None)
            row["enrolled"] += bool(actions)
    writing.write(connection)
    look_again(connection, parts.live, writing, now)
    if len(ids) == PAGE:
        operations.put_broadcast(connection, {**row, "cursor": ids[-1]})
        return
    later = min((at for at in moments.values() if at > state.due_at), default=None)
    if later is not None:
        operations.put_broadcast(connection, {**row, "due_at": later, "cursor": ""})
    else:
        operations.put_broadcast(connection, {**row, "state": "done", "due_at": None})
        log.happened("broadcast_opened", campaign=state.campaign, enrolled=row["enrolled"])


@lru_cache(maxsize=20)
def _moments(at: Moment, shop_zone: str) -> Mapping[str, datetime]:
    """When a local time comes, by zone; empty for one instant everywhere."""
    if at.value.tzinfo is not None:
        return {}
    return {name: at.at(zone_of(name)) for name in sorted(available_timezones() | {shop_zone})}


def _whose_moment(
    connection: Connection,
    broadcast: Broadcast,
    moments: Mapping[str, datetime],
    shop_zone: str,
    state: Any,
) -> list[str]:
    """A page of those whose moment is the one that is due: the audience is asked at that moment."""
    if not moments:
        return ids_after(connection, state.cursor, PAGE)
    zones = [name for name, at in moments.items() if at == state.due_at]
    others = list(moments) if moments[shop_zone] == state.due_at else None
    if not zones:
        return []
    return ids_in_zones(connection, zones, others, state.cursor, PAGE)
