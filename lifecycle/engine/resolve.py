"""Settles by hand a message whose fate is unknown: it went, it never went, or it is given up."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, select

from lifecycle.core.action import Decided
from lifecycle.core.facts import Facts
from lifecycle.core.message import MessageState, assert_move
from lifecycle.core.words import zone_of
from lifecycle.errors import LifecycleError, UsageError
from lifecycle.store import outbox
from lifecycle.store.apply import Writing
from lifecycle.store.tables import METADATA

Fate = Literal["sent", "not-sent", "dropped"]
FATES: tuple[Fate, ...] = ("sent", "not-sent", "dropped")
BY_HAND = "settled by hand"
PROVED = "proved by feedback"
MESSAGE, ATTEMPT = METADATA.tables["message"], METADATA.tables["attempt"]
_MOVES = {
    "sent": MessageState.ACCEPTED,
    "not-sent": MessageState.REQUEUED,
    "dropped": MessageState.DROPPED,
}


def resolve(connection: Connection, message_id: str, fate: str, now: datetime) -> str:
    """Settle an uncertain message as an operator found out, and give its new state.

    `sent` = the transport did take it; `not-sent` = it surely did not, and it is tried again now;
    `dropped` = it is given up. Raises UsageError, LifecycleError when it is not uncertain.
    """
    if fate not in _MOVES:
        raise UsageError(f"“{fate}” is no fate of a message", remedy=f"one of {', '.join(FATES)}")
    row = connection.execute(select(MESSAGE).where(MESSAGE.c.message_id == message_id)).first()
    if row is None:
        raise LifecycleError("there is no such message", state={"message": message_id})
    if row.state != MessageState.UNCERTAIN:
        raise LifecycleError(
            "only an uncertain message is settled by hand",
            cause=f"this one is {row.state}",
            remedy="lifecycle report deliverability lists those that are uncertain",
        )
    assert_move(MessageState(row.state), _MOVES[fate])
    one = {"of": row.customer_id, "id": message_id}
    if fate == "sent":
        outbox.accepted(connection, [{**one, "at": row.attempted_at or now, "provider": None}])
    elif fate == "not-sent":
        outbox.requeued(connection, [{**one, "why": "", "until": now}])
    else:
        outbox.drop(connection, [{**one, "why": "refused"}])
    _settle_attempts(connection, row, fate, now, BY_HAND)
    _tell(connection, row, fate, now, BY_HAND)
    return str(_MOVES[fate])


def prove(connection: Connection, message_id: str, provider_id: str | None, now: datetime) -> bool:
    """Settle an uncertain message as sent, since feedback proves it; whether there was one."""
    row = connection.execute(select(MESSAGE).where(MESSAGE.c.message_id == message_id)).first()
    if row is None or row.state != MessageState.UNCERTAIN:
        return False
    one = {"of": row.customer_id, "id": message_id, "at": row.attempted_at or now}
    outbox.accepted(connection, [{**one, "provider": provider_id}])
    _settle_attempts(connection, row, "sent", now, PROVED)
    _tell(connection, row, "sent", now, PROVED)
    return True


def _settle_attempts(connection: Connection, row: Any, fate: str, now: datetime, told: str) -> None:
    open_ones = select(ATTEMPT.c.attempt_id).where(
        ATTEMPT.c.customer_id == row.customer_id,
        ATTEMPT.c.message_id == row.message_id,
        (ATTEMPT.c.outcome.is_(None)) | (ATTEMPT.c.outcome == "uncertain"),
    )
    kind = {"sent": "accepted", "not-sent": "never_left", "dropped": "refused"}[fate]
    settled = [
        {"of": row.customer_id, "attempt": one, "kind": kind, "told": told, "moment": now}
        for one in connection.execute(open_ones).scalars().all()
    ]
    outbox.settle(connection, settled)


def _tell(connection: Connection, row: Any, fate: str, now: datetime, how: str) -> None:
    if fate == "not-sent":
        return
    what, reason = ("sent", "") if fate == "sent" else ("dropped", "refused")
    decided = Decided(now, row.campaign, row.entry, what, reason, how, row.step, row.variant)
    writing = Writing(now)
    writing.add(Facts(row.customer_id, now, zone_of("UTC")), [decided], None)
    writing.write(connection)
