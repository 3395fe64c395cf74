"""Takes out what is older than it is kept: events, messages, decisions, what attributes were.

Each function deletes at most `limit` rows of its main table in the caller's transaction, or what
hangs on `limit` customers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    delete,
    exists,
    func,
    select,
    tuple_,
)
from sqlalchemy.sql import bindparam

from lifecycle.store.dialect.lists import among
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new

ROWS_AT_ONCE = 1_000
FINAL = ("accepted", "dropped")
"""What will not move again; a message whose fate is unknown stays until it is known."""
Kind = tuple[str, ...]
Place = tuple[str, str]

_EVENT, _DECISION = METADATA.tables["event"], METADATA.tables["decision"]
_MESSAGE, _ENROLLMENT = METADATA.tables["message"], METADATA.tables["enrollment"]
_PAST = METADATA.tables["attribute_past"]
_ATTEMPT, _RECEIPT = METADATA.tables["attempt"], METADATA.tables["receipt"]
_HOOK_CODE = METADATA.tables["hook_code"]
_AGE: ColumnElement[Any] = func.coalesce(
    _MESSAGE.c.attempted_at, _MESSAGE.c.planned_at, type_=_MESSAGE.c.planned_at.type
)
_RUNS = _ENROLLMENT.c.state == "active"
_NEXT_EVENT = (
    select(_EVENT.c.name, _EVENT.c.at)
    .where(_EVENT.c.name > bindparam("first"))
    .order_by(_EVENT.c.name, _EVENT.c.at)
    .limit(1)
)
_NEXT_DECISION = (
    select(_DECISION.c.campaign, _DECISION.c.what, _DECISION.c.at)
    .where(
        tuple_(_DECISION.c.campaign, _DECISION.c.what)
        > tuple_(bindparam("first"), bindparam("second"))
    )
    .order_by(_DECISION.c.campaign, _DECISION.c.what, _DECISION.c.at)
    .limit(1)
)
"""The oldest row of the kind after one; kinds are never empty texts."""


def event_kinds_before(connection: Connection, before: datetime) -> list[Kind]:
    """The names of events of which some happened before an instant."""
    return _kinds(connection, _NEXT_EVENT, before)


def decision_kinds_before(connection: Connection, before: datetime) -> list[Kind]:
    """The campaigns and kinds of decisions of which some were made before an instant."""
    return _kinds(connection, _NEXT_DECISION, before)


def delete_events(connection: Connection, kind: Kind, before: datetime, limit: int) -> int:
    """Delete events of a name that happened before an instant; says how many.

    What is not taken in yet stays, and what a running enrollment of the customer has seen since
    its entry, since its rules may ask for that.
    """
    seen = exists().where(
        _ENROLLMENT.c.customer_id == _EVENT.c.customer_id,
        _RUNS,
        _ENROLLMENT.c.event_at <= _EVENT.c.at,
    )
    old = (
        select(_EVENT.c.customer_id, _EVENT.c.event_id)
        .where(_EVENT.c.name == kind[0], _EVENT.c.at < before, ~_EVENT.c.pending, ~seen)
        .order_by(_EVENT.c.at, _EVENT.c.customer_id)
        .limit(limit)
    )
    return _delete(connection, _EVENT, "event_id", connection.execute(old).all())


def delete_decisions(connection: Connection, kind: Kind, before: datetime, limit: int) -> int:
    """Delete decisions of a campaign and kind made before an instant; says how many."""
    campaign, what = kind
    old = (
        select(_DECISION.c.customer_id, _DECISION.c.decision_id)
        .where(_DECISION.c.campaign == campaign, _DECISION.c.what == what, _DECISION.c.at < before)
        .order_by(_DECISION.c.at)
        .limit(limit)
    )
    return _delete(connection, _DECISION, "decision_id", connection.execute(old).all())


def delete_messages(
    connection: Connection, after: Place, before: datetime, limit: int
) -> tuple[int, Place | None]:
    """Delete settled messages from before an instant, with all that hangs on them.

    A message is as old as its last attempt, or as its plan where none was made; those of running
    enrollments stay. Whose a letter was that went is kept, for its unsubscribe link.

    `after` is where the last call ended, ("", "") to begin with; gives how many went, and where to
    go on, None at the end.
    """
    running = exists().where(
        _ENROLLMENT.c.customer_id == _MESSAGE.c.customer_id,
        _ENROLLMENT.c.enrollment_id == _MESSAGE.c.enrollment_id,
        _RUNS,
    )
    old = (
        select(
            _MESSAGE.c.customer_id,
            _MESSAGE.c.message_id,
            _MESSAGE.c.provider_id,
            _MESSAGE.c.campaign,
            _MESSAGE.c.attempted_at,
        )
        .where(
            tuple_(_MESSAGE.c.customer_id, _MESSAGE.c.message_id) > after,
            _MESSAGE.c.state.in_(FINAL),
            before > _AGE,
            ~running,
        )
        .order_by(_MESSAGE.c.customer_id, _MESSAGE.c.message_id)
        .limit(limit)
    )
    rows = connection.execute(old).all()
    keys = [(row.customer_id, row.message_id) for row in rows]
    went = [
        {"message_id": row.message_id, "customer_id": row.customer_id, "campaign": row.campaign}
        for row in rows
        if row.attempted_at is not None
    ]
    insert_new(connection, "letter_of_old", went)
    _delete(connection, _ATTEMPT, "message_id", keys)
    _delete(connection, _HOOK_CODE, "made_for", keys)
    receipts = [{"receipt": row.provider_id} for row in rows if row.provider_id is not None]
    if receipts:
        connection.execute(
            delete(_RECEIPT).where(_RECEIPT.c.provider_id == bindparam("receipt")), receipts
        )
    _delete(connection, _MESSAGE, "message_id", keys)
    return len(keys), keys[-1] if len(keys) == limit else None


def delete_past(
    connection: Connection, after: str, before: datetime, limit: int
) -> tuple[int, str | None]:
    """Delete what attributes were, of at most `limit` customers, where it was over by an instant.

    What an attribute was at `before` stays, and so does for how long it has been so since. `after`
    is where the last call ended, "" to begin with; gives how many went, and where to go on.
    """
    place = _PAST.c.customer_id
    old = select(place).where(place > after, _PAST.c.since < before).distinct()
    customers = list(connection.execute(old.order_by(place).limit(limit)).scalars())
    later = _PAST.alias("later")
    over = exists().where(
        *(later.c[name] == _PAST.c[name] for name in ("customer_id", "own", "name")),
        later.c.since > _PAST.c.since,
        later.c.since <= before,
    )
    gone = delete(_PAST).where(among(place, "ids", customers), _PAST.c.since < before, over)
    deleted = connection.execute(gone).rowcount if customers else 0
    return deleted, customers[-1] if len(customers) == limit else None


def oldest_message(connection: Connection) -> datetime | None:
    """The age of the oldest message that there is, as `delete_messages` counts it."""
    query = select(func.min(_AGE, type_=_MESSAGE.c.planned_at.type))
    found: datetime | None = connection.execute(query).scalar()
    return found


def _kinds(connection: Connection, further: Select[Any], before: datetime) -> list[Kind]:
    """Kinds with something old, by one look-up a kind in an index of kind and instant."""
    found: list[Kind] = []
    last: Kind = ("", "")
    while True:
        row = connection.execute(further, {"first": last[0], "second": last[-1]}).first()
        if row is None:
            return found
        last = tuple(row[:-1])
        if row[-1] < before:
            found.append(last)


def _delete(
    connection: Connection, table: Table, identity: str, keys: Sequence[Sequence[str]]
) -> int:
    if keys:
        one = and_(
            table.c.customer_id == bindparam("customer"), table.c[identity] == bindparam("identity")
        )
        rows = [{"customer": customer, "identity": which} for customer, which in keys]
        connection.execute(delete(table).where(one), rows)
    return len(keys)
