"""The log of events: appended idempotently and durably, and taken in customer by customer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, bindparam, select, text, update

from lifecycle.core.chance import bucket_of
from lifecycle.core.event import Event
from lifecycle.core.words import from_micros, micros
from lifecycle.store.dialect.lists import among
from lifecycle.store.dialect.many import insert_plain
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.tables.columns import BUCKETS, json_text
from lifecycle.store.write import Row, insert_new

EVENT = METADATA.tables["event"]
ALIAS = METADATA.tables["alias"]
CUSTOMER = METADATA.tables["customer"]
PlainEvent = tuple[str, str, str, int, int, int, int, bool, bool, str]
"""A row of `event`, its instants in microseconds and its properties as compact JSON."""
_BY_KEY = itemgetter(0, 1)
_PENDING = 7


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event as it arrives; `arrival` orders those received at one instant."""

    customer_id: str
    event: Event
    received_at: datetime
    arrival: int = 0
    properties: Mapping[str, Any] = field(default_factory=dict)

    @property
    def due_at(self) -> datetime:
        """When it becomes known and its moment has come: the later of the two."""
        return max(self.event.at, self.received_at)


def append(connection: Connection, events: Sequence[NewEvent]) -> None:
    """Write events; a repeated id of one customer is counted once. Customers come to exist."""
    append_plain(
        connection,
        [
            (
                new.customer_id,
                new.event.id,
                new.event.name,
                micros(new.event.at),
                micros(new.received_at),
                micros(new.due_at),
                new.arrival,
                True,
                new.event.enters,
                json_text(new.event.properties),
            )
            for new in events
        ],
    )


def append_plain(connection: Connection, events: Sequence[PlainEvent]) -> None:
    """Write events as `append` does, each as the row it becomes."""
    if not events:
        return
    owner = _owners(connection, {event[0] for event in events})
    if owner:
        events = [(owner.get(event[0], event[0]), *event[1:]) for event in events]
    known_since: dict[str, int] = {}
    due: dict[str, int] = {}
    for event in events:
        customer_id, received, falls_due = event[0], event[4], event[5]
        if received < known_since.get(customer_id, received + 1):
            known_since[customer_id] = received
        if falls_due < due.get(customer_id, falls_due + 1):
            due[customer_id] = falls_due
    # One order for all writers, so that two of them never wait for each other.
    waiting = all(event[_PENDING] for event in events)
    insert_plain(connection, EVENT, sorted(events, key=_BY_KEY), quiet=waiting)
    for newcomer in _customers_exist(connection, known_since):
        due[newcomer] = known_since[newcomer]  # known from now on, whatever day the event bears
    _wake(connection, due, everything=False)


def event_row(customer_id: str, new: NewEvent, *, pending: bool) -> dict[str, Any]:
    """The row of an event."""
    event = new.event
    return {
        "customer_id": customer_id,
        "event_id": event.id,
        "name": event.name,
        "at": event.at,
        "received_at": new.received_at,
        "due_at": new.due_at,
        "arrival": new.arrival,
        "pending": pending,
        "enters": event.enters,
        "properties": event.properties,
    }


def _owners(connection: Connection, customers: set[str]) -> dict[str, str]:
    """Who the given ids belong to, where they are another customer's aliases."""
    return {
        row.alias_id: row.customer_id for row in _OWNERS.rows(connection, {"ids": list(customers)})
    }


_OWNERS = Statement(
    select(ALIAS.c.alias_id, ALIAS.c.customer_id).where(among(ALIAS.c.alias_id, "ids")),
    reads=("alias",),
)


def _customers_exist(connection: Connection, known_since: Mapping[str, int]) -> list[str]:
    """Let customers come to exist; says who is new."""
    there = {row.customer_id for row in _THERE.rows(connection, {"ids": list(known_since)})}
    rows: list[Row] = [
        {
            "customer_id": customer_id,
            "bucket": bucket_of(customer_id, BUCKETS),
            "known_since": from_micros(since),
            "attributes": {},
            "attributes_at": {},
            "said_at": from_micros(since),
        }
        for customer_id, since in sorted(known_since.items())
        if customer_id not in there
    ]
    insert_new(connection, CUSTOMER, rows)
    return [row["customer_id"] for row in rows]


_THERE = Statement(
    select(CUSTOMER.c.customer_id).where(among(CUSTOMER.c.customer_id, "ids")), reads=("customer",)
)


def wake(connection: Connection, due: Mapping[str, datetime], *, everything: bool = True) -> None:
    """Put customers into the intake queue, to be looked at from the given instants on.

    `everything`: more than events may have changed, so that every segment is asked, as it is of
    customers who are new.
    """
    _wake(connection, {one: micros(at) for one, at in due.items()}, everything=everything)


def _wake(connection: Connection, due: Mapping[str, int], *, everything: bool) -> None:
    rows = [
        {"of": customer_id, "bucket": bucket_of(customer_id, BUCKETS), "at": at}
        for customer_id, at in sorted(due.items())
    ]
    _wake_statement(connection.dialect.name, everything).each(connection, rows)


@cache
def _wake_statement(kind: str, everything: bool) -> Statement:
    lesser = "min" if kind == "sqlite" else "least"
    also = ", everything = true" if everything else ""
    return Statement(
        text(
            "INSERT INTO intake "
            "(customer_id, bucket, due_at, arrivals, everything, fence, attempts) "
            "VALUES (:of, :bucket, :at, 1, true, 0, 0) ON CONFLICT (customer_id) DO UPDATE SET "
            f"due_at = {lesser}(coalesce(intake.due_at, excluded.due_at), excluded.due_at), "
            f"arrivals = intake.arrivals + 1{also}"
        )
    )


PENDING = Statement(
    select(EVENT)
    .where(
        among(EVENT.c.customer_id, "ids"),
        EVENT.c.pending,
        EVENT.c.due_at <= bindparam("now", type_=EVENT.c.due_at.type),
    )
    .order_by(EVENT.c.due_at, EVENT.c.received_at, EVENT.c.arrival, EVENT.c.event_id)
)


def pending(
    connection: Connection, customers: Iterable[str], now: datetime
) -> dict[str, list[NewEvent]]:
    """The events of customers not taken in yet whose moment has come, in order of arrival."""
    found: dict[str, list[NewEvent]] = defaultdict(list)
    for row in PENDING.rows(connection, {"ids": list(customers), "now": now}):
        event = Event(row.at, row.event_id, row.name, row.properties, row.received_at, row.enters)
        found[row.customer_id].append(
            NewEvent(row.customer_id, event, row.received_at, row.arrival)
        )
    return found


TAKEN = (
    update(EVENT)
    .where(EVENT.c.customer_id == bindparam("of"), EVENT.c.event_id == bindparam("id"))
    .values(pending=False)
)
TAKEN_CHANGED = Statement(
    TAKEN.values(pending=False, properties=bindparam("filled", type_=EVENT.c.properties.type))
)
TAKEN_UP_TO = Statement(
    update(EVENT)
    .where(
        among(EVENT.c.customer_id, "ids"),
        EVENT.c.pending,
        EVENT.c.due_at <= bindparam("now", type_=EVENT.c.due_at.type),
    )
    .values(pending=False)
)
