"""Messages on their way out: attempts committed first, outcomes recorded after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from lifecycle.core.chance import derived_id
from lifecycle.core.message import MessageState
from lifecycle.store.tables import METADATA
from lifecycle.store.write import Row, insert_new

MESSAGE = METADATA.tables["message"]
ATTEMPT = METADATA.tables["attempt"]
STATE = METADATA.tables["campaign_state"]
_AT = MESSAGE.c.due_at.type
_WAITING = or_(
    MESSAGE.c.state == "planned", MESSAGE.c.state == "requeued", MESSAGE.c.state == "ready"
)
_OF = (MESSAGE.c.customer_id == bindparam("of")) & (MESSAGE.c.message_id == bindparam("id"))


def attempt_id(message_id: str, number: int) -> str:
    """The id of one attempt; the next one has another."""
    return derived_id("attempt", message_id, str(number))


def due_messages(connection: Connection, ids: Iterable[str]) -> Sequence[Any]:
    """The rows of messages by id, with how many attempts were made of each."""
    return connection.execute(_ROWS, {"ids": list(ids)}).all()


_MADE = (
    select(ATTEMPT.c.number)
    .where(
        ATTEMPT.c.customer_id == MESSAGE.c.customer_id,
        ATTEMPT.c.message_id == MESSAGE.c.message_id,
    )
    .order_by(ATTEMPT.c.number.desc())
    .limit(1)
    .scalar_subquery()
)
_ROWS = select(
    MESSAGE.c.customer_id,
    MESSAGE.c.message_id,
    MESSAGE.c.enrollment_id,
    MESSAGE.c.campaign,
    MESSAGE.c.entry,
    MESSAGE.c.step,
    MESSAGE.c.variant,
    MESSAGE.c.klass,
    MESSAGE.c.counts,
    MESSAGE.c.priority,
    MESSAGE.c.state,
    MESSAGE.c.reason,
    MESSAGE.c.fell_due_at,
    MESSAGE.c.stale_at,
    MESSAGE.c.due_at,
    _MADE.label("made"),
).where(MESSAGE.c.message_id.in_(bindparam("ids", expanding=True)))

_HOLD = (
    update(MESSAGE)
    .where(_OF, _WAITING)
    .values(
        state=MessageState.PLANNED,
        reason=bindparam("why"),
        due_at=bindparam("until", type_=_AT),
        lease_until=None,
        attempts=0,
    )
)
_DROP = (
    update(MESSAGE)
    .where(_OF)
    .values(
        state=MessageState.DROPPED,
        reason=bindparam("why"),
        due_at=None,
        lease_until=None,
        attempts=0,
    )
)
_BEGIN = (
    update(MESSAGE)
    .where(
        _OF, MESSAGE.c.fence == bindparam("claimed"), _WAITING
    )
    .values(
        state=MessageState.ATTEMPTING,
        reason="",
        due_at=None,
        attempted_at=bindparam("at", type_=_AT),
        template_version=bindparam("template"),
        context=bindparam("seen", type_=MESSAGE.c.context.type),
        links=bindparam("targets", type_=MESSAGE.c.links.type),
    )
)
_ACCEPTED = (
    update(MESSAGE)
    .where(_OF)
    .values(
        state=MessageState.ACCEPTED,
        accepted_at=bindparam("at", type_=_AT),
        provider_id=bindparam("provider"),
        lease_until=None,
        attempts=0,
    )
)
_UNCERTAIN = (
    update(MESSAGE)
    .where(_OF)
    .values(
        state=MessageState.UNCERTAIN,
        uncertain_since=bindparam("at", type_=_AT),
        lease_until=None,
        attempts=0,
    )
)
_REQUEUED = (
    update(MESSAGE)
    .where(_OF)
    .values(
        state=MessageState.REQUEUED,
        reason=bindparam("why"),
        due_at=bindparam("until", type_=_AT),
        attempted_at=None,
        lease_until=None,
        attempts=0,
    )
)
_SETTLED = (
    update(ATTEMPT)
    .where(ATTEMPT.c.customer_id == bindparam("of"), ATTEMPT.c.attempt_id == bindparam("attempt"))
    .values(
        outcome=bindparam("kind"),
        detail=bindparam("told"),
        settled_at=bindparam("moment", type_=_AT),
    )
)


def hold(connection: Connection, rows: Sequence[Row]) -> None:
    """Hold messages: `of`, `id`, `why`, `until`."""
    if rows:
        connection.execute(_HOLD, rows)


def drop(connection: Connection, rows: Sequence[Row]) -> None:
    """Drop messages: `of`, `id`, `why`."""
    if rows:
        connection.execute(_DROP, rows)


def begin(connection: Connection, attempts: Sequence[Row], messages: Sequence[Row]) -> None:
    """Commit attempts: their rows, and the messages now `attempting`, each under its own fence."""
    if attempts:
        insert_new(connection, ATTEMPT, attempts)
        connection.execute(_BEGIN, messages)


def accepted(connection: Connection, rows: Sequence[Row]) -> None:
    """Record acceptance: `of`, `id`, `at`, `provider`."""
    if rows:
        connection.execute(_ACCEPTED, rows)
        receipts = [
            {"provider_id": row["provider"], "customer_id": row["of"], "message_id": row["id"]}
            for row in rows
            if row["provider"]
        ]
        insert_new(connection, "receipt", receipts)


def uncertain(connection: Connection, rows: Sequence[Row]) -> None:
    """Record that a message may or may not have been accepted: `of`, `id`, `at`."""
    if rows:
        connection.execute(_UNCERTAIN, rows)


def requeued(connection: Connection, rows: Sequence[Row]) -> None:
    """Put messages back that were surely not accepted: `of`, `id`, `why`, `until`."""
    if rows:
        connection.execute(_REQUEUED, rows)


def settle(connection: Connection, rows: Sequence[Row]) -> None:
    """Write what came of attempts: `of`, `attempt`, `kind`, `told`, `moment`."""
    if rows:
        connection.execute(_SETTLED, rows)


_ABANDONED = select(MESSAGE.c.customer_id, MESSAGE.c.message_id).where(
    MESSAGE.c.state == "attempting"
)


def abandoned(connection: Connection, older_than: datetime | None) -> list[tuple[str, str]]:
    """Messages still `attempting` whose worker is gone: begun before `older_than`, or any."""
    query = _ABANDONED
    if older_than is not None:
        query = query.where(MESSAGE.c.attempted_at < older_than)
    return [(row.customer_id, row.message_id) for row in connection.execute(query)]
