"""Settles by hand a message whose fate is unknown: it went, it never went, or it is given up."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, select, update

from lifecycle.core.action import Decided
from lifecycle.core.message import MessageState, assert_move
from lifecycle.errors import LifecycleError, UsageError
from lifecycle.store import claims, evidence, outbox
from lifecycle.store.apply import Writing
from lifecycle.store.tables import METADATA

Fate = Literal["sent", "not-sent", "dropped"]
FATES: tuple[Fate, ...] = ("sent", "not-sent", "dropped")
MESSAGE, ATTEMPT = METADATA.tables["message"], METADATA.tables["attempt"]
_MOVES = {
    "sent": MessageState.ACCEPTED,
    "not-sent": MessageState.REQUEUED,
    "dropped": MessageState.DROPPED,
}
_OUTCOMES = {"sent": "accepted", "not-sent": "never_left", "dropped": "refused"}
_OF = (MESSAGE.c.customer_id == bindparam("of")) & (MESSAGE.c.message_id == bindparam("id"))
_AGAIN = (
    update(MESSAGE)
    .where(_OF)
    .values(
        state=MessageState.REQUEUED,
        reason="",
        due_at=bindparam("now", type_=MESSAGE.c.due_at.type),
        uncertain_since=None,
        lease_until=None,
        attempts=0,
    )
)
_GIVEN_UP = (
    update(MESSAGE)
    .where(_OF)
    .values(state=MessageState.DROPPED, reason="refused", due_at=None, lease_until=None, attempts=0)
)


def resolve(connection: Connection, message_id: str, fate: str, now: datetime) -> str:
    """Settle an uncertain message as an operator found out, and give its new state.

    `sent` = the transport did take it; `not-sent` = it surely did not, and it is tried again now;
    `dropped` = it is given up. Raises UsageError, LifecycleError when it is not uncertain.
    """
    if fate not in _MOVES:
        raise UsageError(f"“{fate}” is no fate of a message", remedy=f"one of {', '.join(FATES)}")
    row = _found(connection, message_id)
    if row is not None:
        claims.have_alone(connection, [row.customer_id])
        row = _found(connection, message_id)
    if row is None:
        raise UsageError("there is no such message", state={"message": message_id})
    if row.state != MessageState.UNCERTAIN:
        raise LifecycleError(
            "only an uncertain message is settled by hand",
            cause=f"this one is {row.state}",
            remedy="lifecycle report deliverability lists those that are uncertain",
        )
    assert_move(MessageState(row.state), _MOVES[fate])
    if fate == "sent":
        _sent(connection, row, now)
        return str(MessageState.ACCEPTED)
    _settle_attempts(connection, row, fate, now)
    place = {"of": row.customer_id, "id": message_id}
    if fate == "not-sent":
        connection.execute(_AGAIN, [{**place, "now": now}])
        return str(MessageState.REQUEUED)
    connection.execute(_GIVEN_UP, [place])
    told = (row.campaign, row.entry, "dropped", "refused", evidence.BY_HAND, row.step, row.variant)
    over = evidence.out_no_more(connection, row, now, sent=False)
    _write(connection, row, [Decided(now, *told), *over], now)
    return str(MessageState.DROPPED)


def _found(connection: Connection, message_id: str) -> Any:
    return connection.execute(select(MESSAGE).where(MESSAGE.c.message_id == message_id)).first()


def _sent(connection: Connection, row: Any, now: datetime) -> None:
    """A person's word is as good as feedback."""
    given = {"of": row.customer_id, "id": row.message_id, "moment": now, "by": evidence.BY_HAND}
    said = {**given, "attempt": "", "provider": "", "told": False}
    settled = evidence.prove(connection, [said], now)
    _settle_attempts(connection, row, "sent", now)
    for one in settled:
        _write(connection, row, list(one.actions), now)


def _settle_attempts(connection: Connection, row: Any, fate: str, now: datetime) -> None:
    open_ones = select(ATTEMPT.c.attempt_id).where(
        ATTEMPT.c.customer_id == row.customer_id,
        ATTEMPT.c.message_id == row.message_id,
        (ATTEMPT.c.outcome.is_(None)) | (ATTEMPT.c.outcome == "uncertain"),
    )
    told = {"kind": _OUTCOMES[fate], "told": evidence.BY_HAND, "moment": now}
    settled = [
        {"of": row.customer_id, "attempt": one, **told}
        for one in connection.execute(open_ones).scalars().all()
    ]
    outbox.settle(connection, settled)


def _write(connection: Connection, row: Any, actions: list[Any], now: datetime) -> None:
    writing = Writing(now)
    writing.add_for(row.customer_id, actions)
    writing.write(connection)
