"""What an order is still worth after its refunds and cancellations, as it was known over time.

Reports and experiments that credit orders read their worth here, so that all subtract alike.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

from lifecycle.core.event import Event
from lifecycle.core.undoing import UNDOING, order_key, shares_left
from lifecycle.core.words import number
from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

EVENT = METADATA.tables["event"]
AT_ONCE = 1_000
"""Orders whose refunds are read with one query."""
COLUMNS = (
    EVENT.c.customer_id,
    EVENT.c.event_id,
    EVENT.c.name,
    EVENT.c.at,
    EVENT.c.due_at,
    EVENT.c.properties,
)
"""What a query selects of an event whose worth is asked, beside columns of its own."""
IN_ORDER = (EVENT.c.at, EVENT.c.customer_id, EVENT.c.event_id)
"""How rows come to `once_each`."""

_UNDOING = Statement(
    select(*COLUMNS).where(
        among(EVENT.c.customer_id, "ids"), or_(*(EVENT.c.name == name for name in sorted(UNDOING)))
    )
)
_BEFORE = Statement(
    select(*COLUMNS).where(
        among(EVENT.c.customer_id, "ids"),
        among(EVENT.c.name, "names"),
        EVENT.c.at <= bindparam("first", type_=EVENT.c.at.type),
        EVENT.c.due_at <= bindparam("now", type_=EVENT.c.at.type),
    )
)


@dataclass(frozen=True, slots=True)
class Worth:
    """What an order was worth: at first, and after each event that undid a part of it.

    `steps` are (the instant at which it was known, the worth from then on), in order of time.
    """

    steps: tuple[tuple[datetime, Decimal], ...]

    @property
    def latest(self) -> Decimal:
        """What it is worth by all that is known."""
        return self.steps[-1][1] if self.steps else Decimal()

    def known_at(self, instant: datetime) -> Decimal:
        """What it was worth by what was known at an instant; nothing before it was known."""
        return next((worth for at, worth in reversed(self.steps) if at <= instant), Decimal())


def once_each(rows: Iterable[Any]) -> Iterator[Any]:
    """Each order once: of several events that tell of one order of a customer, the first.

    Rows bear `COLUMNS`, in the order of `IN_ORDER`. An event that names no order is one of its own.
    """
    seen: set[tuple[str, Any]] = set()
    for row in rows:
        order = order_key(_event(row))
        if order is not None:
            if (row.customer_id, order) in seen:
                continue
            seen.add((row.customer_id, order))
        yield row


def not_told_before(
    connection: Connection, rows: Iterable[Any], first: datetime, now: datetime
) -> Iterator[Any]:
    """The rows whose order no event of the same name told of up to `first`, in the order given.

    Rows bear `COLUMNS` and are of events after `first`: so once those are left out that tell again
    of what happened before the time that is looked at.
    """
    going = iter(rows)
    while batch := list(islice(going, AT_ONCE)):
        named = {(row.customer_id, row.name) for row in batch if order_key(_event(row)) is not None}
        told = set()
        if named:
            asked = {"ids": sorted({of for of, _ in named}), "names": sorted({n for _, n in named})}
            for row in _BEFORE.rows(connection, {**asked, "first": first, "now": now}):
                told.add((row.customer_id, row.name, order_key(_event(row))))
        for row in batch:
            key = order_key(_event(row))
            if key is None or (row.customer_id, row.name, key) not in told:
                yield row


def worths(
    connection: Connection, rows: Iterable[Any], path: Sequence[str], now: datetime
) -> Iterator[tuple[Any, Worth]]:
    """Each row with the worth of its event, in the order given; streams, with a query a batch.

    A row bears `COLUMNS`; `path` leads to the amount in the event's properties, such as
    ("total",). An event without a number there is worth nothing. Of refunds those count that were
    known by `now`, whenever they came after the order: what went back was never earned.
    """
    going = iter(rows)
    while batch := list(islice(going, AT_ONCE)):
        undone = _undoing(connection, batch, now)
        some = {customer for customer, _ in undone}
        for row in batch:
            if row.customer_id in some:
                event = _event(row)
                said = undone.get((row.customer_id, order_key(event)), ())
                yield row, _worth(row, event, said, path)
            else:
                worth = number(_at(row.properties, path))
                yield row, Worth(() if worth is None else ((row.due_at, worth),))


def _undoing(
    connection: Connection, batch: Sequence[Any], now: datetime
) -> Mapping[tuple[str, Any], list[tuple[Event, datetime]]]:
    """The refunds and cancellations known by `now`, by customer and order, with when known."""
    customers = sorted({row.customer_id for row in batch})
    found: dict[tuple[str, Any], list[tuple[Event, datetime]]] = defaultdict(list)
    for row in _UNDOING.rows(connection, {"ids": customers}):
        event = _event(row)
        key = order_key(event)
        if key is not None and row.due_at <= now:
            found[row.customer_id, key].append((event, row.due_at))
    return found


def _worth(
    row: Any, order: Event, undone: Sequence[tuple[Event, datetime]], path: Sequence[str]
) -> Worth:
    worth = number(_at(order.properties, path))
    if worth is None:
        return Worth(())
    full = Decimal(worth)
    if order.name in UNDOING:
        undone = ()
    known = dict(undone)
    steps, latest = [(row.due_at, full)], row.due_at
    for event, left in shares_left(order, [event for event, _ in undone]):
        latest = max(latest, known[event])
        steps.append((latest, _part(full, left)))
    return Worth(tuple(steps))


def _part(worth: Decimal, left: Fraction) -> Decimal:
    return worth * left.numerator / left.denominator


def _event(row: Any) -> Event:
    return Event(row.at, row.event_id, row.name, row.properties)


def _at(value: Any, path: Sequence[str]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
