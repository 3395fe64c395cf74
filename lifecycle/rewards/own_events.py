"""The events that rewards append, and the customer's events that they look up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from lifecycle.core.chance import derived_id
from lifecycle.core.event import Event
from lifecycle.store.dialect.lists import among
from lifecycle.store.events import NewEvent
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

EVENT = METADATA.tables["event"]
_KNOWN = Statement(
    select(EVENT.c.customer_id, EVENT.c.event_id, EVENT.c.name, EVENT.c.at, EVENT.c.properties)
    .where(
        among(EVENT.c.customer_id, "ids"),
        among(EVENT.c.name, "names"),
        EVENT.c.due_at <= bindparam("now", type_=EVENT.c.due_at.type),
    )
    .order_by(EVENT.c.customer_id, EVENT.c.at, EVENT.c.event_id)
)


def own_event(
    customer_id: str,
    name: str,
    at: datetime,
    properties: Mapping[str, Any],
    now: datetime,
    *facts: str,
    enters: bool = True,
) -> NewEvent:
    """An event of ours; its id derives from the name and `facts`, so that it happens once."""
    event = Event(at, derived_id(name, *facts), name, dict(properties), now, enters)
    return NewEvent(customer_id, event, now)


def known_events(
    connection: Connection, customers: Iterable[str], names: Iterable[str], now: datetime
) -> dict[str, list[Event]]:
    """The events of these names known at `now`, by customer, in order."""
    found: dict[str, list[Event]] = defaultdict(list)
    bound = {"ids": sorted(set(customers)), "names": sorted(set(names)), "now": now}
    if bound["ids"] and bound["names"]:
        for row in _KNOWN.rows(connection, bound):
            event = Event(row.at, row.event_id, row.name, row.properties)
            found[row.customer_id].append(event)
    return found
