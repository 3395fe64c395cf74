"""What is reckoned of customers at night: the orders it comes from, where it is kept, whose turn.

The task is one process's at a time: it holds it by a fence, and by a lease that ends if it dies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, Text, bindparam, delete, select, type_coerce, update

from lifecycle.core import kept
from lifecycle.core.facts import Facts
from lifecycle.store import events, operations
from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import upsert

TASK_NAME = "nightly"
LEASE = timedelta(minutes=1)

_CUSTOMER, _EVENT = METADATA.tables["customer"], METADATA.tables["event"]
_NIGHTLY, _INTAKE = METADATA.tables["nightly"], METADATA.tables["intake"]
_TASK = METADATA.tables["task"]

Row = tuple[str, int, str]
"""Customer, instant in microseconds, properties as text."""


class _Order(msgspec.Struct):
    total: Any = None


TOTAL = msgspec.json.Decoder(_Order)
"""Reads the total of an order, and nothing else of it."""


@dataclass(frozen=True, slots=True)
class Held:
    """The task, held; `due_at` is when it fell due."""

    due_at: datetime
    fence: int


def page(connection: Connection, after: str, limit: int) -> list[str]:
    """The next customers by id; those who were erased are left out."""
    return [row.customer_id for row in _PAGE.rows(connection, {"after": after, "limit": limit})]


def orders(connection: Connection, customers: Sequence[str], at: datetime) -> Sequence[Row]:
    """The orders of customers as known at an instant, taken in or not."""
    bound = {"ids": list(customers), "name": kept.ORDER, "seen": at}
    return _ORDERS.rows(connection, bound)


def values(connection: Connection, customers: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What is kept of customers; those of whom nothing is are left out."""
    rows = _VALUES.rows(connection, {"ids": list(customers)})
    return {row.customer_id: row.attributes for row in rows}


def read(connection: Connection, facts: Mapping[str, Facts]) -> None:
    """Read what is kept into facts in hand."""
    for customer_id, attributes in values(connection, list(facts)).items():
        facts[customer_id].nightly = attributes


def write(
    connection: Connection,
    changed: Mapping[str, Mapping[str, Any]],
    waking: Sequence[str],
    at: datetime,
    now: datetime,
) -> None:
    """Keep what was reckoned as of `at` and is new; an empty table of values is struck.

    The customers in `waking` are looked at again at `now`. Who is gone meanwhile stays gone.
    """
    # The intake rows first, as ingest takes them: two writers never wait for each other.
    events.wake(connection, dict.fromkeys(waking, now))
    there = {row.customer_id for row in _THERE.rows(connection, {"ids": list(changed)})}
    gone = [one for one in waking if one not in there]
    if gone:
        connection.execute(delete(_INTAKE).where(among(_INTAKE.c.customer_id, "ids", gone)))
    rows = [
        {"customer_id": one, "attributes": dict(attributes), "at": at}
        for one, attributes in sorted(changed.items())
        if attributes and one in there
    ]
    upsert(connection, _NIGHTLY, rows)
    empty = [one for one, attributes in changed.items() if not attributes]
    _STRIKE.each(connection, [{"ids": empty}] if empty else [])


def forget(connection: Connection) -> None:
    """Nothing reads them any more: strike the task and all that is kept."""
    operations.forget_tasks(connection, [TASK_NAME])
    if connection.execute(select(_NIGHTLY.c.customer_id).limit(1)).first() is not None:
        connection.execute(delete(_NIGHTLY))


def schedule(connection: Connection, due_at: datetime) -> None:
    """Set the task, unless it is set; whoever held it has ended."""
    operations.set_task_once(connection, TASK_NAME, due_at)
    connection.execute(update(_TASK).where(_TASK.c.name == TASK_NAME).values(lease_until=None))


def is_due(connection: Connection, now: datetime) -> bool:
    """Whether the task is due."""
    return TASK_NAME in operations.tasks_due(connection, now)


def take(connection: Connection, now: datetime) -> Held | None:
    """Hold the task where it is due; None where it is not, or where another holds it."""
    found = connection.execute(
        select(_TASK).where(_TASK.c.name == TASK_NAME, _TASK.c.due_at <= now).with_for_update()
    ).first()
    if found is None or (found.lease_until is not None and found.lease_until > now):
        return None
    held = Held(found.due_at, found.fence + 1)
    connection.execute(
        update(_TASK)
        .where(_TASK.c.name == TASK_NAME)
        .values(fence=held.fence, lease_until=now + LEASE)
    )
    return held


def go_on(connection: Connection, held: Held, due_at: datetime, now: datetime) -> bool:
    """Hold the task on, to be due again at `due_at`; says whether it was still held."""
    return _set(connection, held, due_at, now + LEASE)


def done(connection: Connection, held: Held, due_at: datetime) -> bool:
    """Let the task go until `due_at`; says whether it was still held."""
    return _set(connection, held, due_at, None)


def _set(
    connection: Connection, held: Held, due_at: datetime, lease_until: datetime | None
) -> bool:
    found = connection.execute(
        update(_TASK)
        .where(_TASK.c.name == TASK_NAME, _TASK.c.fence == held.fence)
        .values(due_at=due_at, lease_until=lease_until)
    )
    return found.rowcount == 1


_PAGE = Statement(
    select(_CUSTOMER.c.customer_id)
    .where(_CUSTOMER.c.customer_id > bindparam("after"), _CUSTOMER.c.erased_at.is_(None))
    .order_by(_CUSTOMER.c.customer_id)
    .limit(bindparam("limit"))
)
_ORDERS = Statement(
    select(
        _EVENT.c.customer_id,
        type_coerce(_EVENT.c.at, BigInteger),
        type_coerce(_EVENT.c.properties, Text),
    ).where(
        among(_EVENT.c.customer_id, "ids"),
        _EVENT.c.name == bindparam("name"),
        _EVENT.c.due_at <= bindparam("seen", type_=_EVENT.c.due_at.type),
    ),
    into=tuple,
)
_VALUES = Statement(
    select(_NIGHTLY.c.customer_id, _NIGHTLY.c.attributes).where(
        among(_NIGHTLY.c.customer_id, "ids")
    )
)
_THERE = Statement(
    select(_CUSTOMER.c.customer_id)
    .where(among(_CUSTOMER.c.customer_id, "ids"), _CUSTOMER.c.erased_at.is_(None))
    .order_by(_CUSTOMER.c.customer_id)
    .with_for_update(read=True, key_share=True)
)
_STRIKE = Statement(delete(_NIGHTLY).where(among(_NIGHTLY.c.customer_id, "ids")))
