"""Counts soft bounces over days, and says which one is one too many.

A delivery clears what bounced before it, in whichever order the two are told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from lifecycle.core.bounces import Bounces, too_often
from lifecycle.core.event import Event
from lifecycle.store import bounces
from lifecycle.store.events import NewEvent

NONE: frozenset[str] = frozenset()
Coming = Mapping[str, Sequence[NewEvent]]


def given_up(
    connection: Connection,
    coming: Coming,
    hashes: Mapping[str, str | None],
    rule: Bounces,
    now: datetime,
) -> frozenset[str]:
    """The ids of the soft bounces that have an address suppressed; all of them are counted."""
    arrived = _latest_delivered(coming)
    soft = {
        customer_id: [one.event for one in new if _is_soft(one.event)]
        for customer_id, new in coming.items()
    }
    soft = {one: found for one, found in soft.items() if found and hashes.get(one)}
    if soft:
        for customer_id, at in bounces.last_delivered(connection, soft).items():
            arrived[customer_id] = max(at, arrived.get(customer_id, at))
    bounces.clear(
        connection, {str(hashes[one]): at for one, at in arrived.items() if hashes.get(one)}
    )
    if not soft:
        return NONE
    known = bounces.days_of(connection, {str(hashes[one]) for one in soft})
    final: set[str] = set()
    for customer_id, events in soft.items():
        days = known.setdefault(str(hashes[customer_id]), {})
        since = arrived.get(customer_id)
        for event in events:
            if (since is not None and event.at < since) or event.at < now - bounces.KEPT:
                continue
            day = event.at.astimezone(UTC).date()
            days[day] = max(event.at, days.get(day, event.at))
            # One told late is the last straw for any window that it lies in, not its own alone.
            ends = [one for one in days if one >= day]
            if any(too_often(rule, [one for one in days if one <= end]) for end in ends):
                final.add(event.id)
    bounces.keep(connection, known, now)
    return frozenset(final)


def _latest_delivered(coming: Coming) -> dict[str, datetime]:
    return {
        customer_id: max(found)
        for customer_id, new in coming.items()
        if (found := [one.event.at for one in new if one.event.name == "message_delivered"])
    }


def _is_soft(event: Event) -> bool:
    return event.name == "message_bounced" and event["kind"] == "soft"
