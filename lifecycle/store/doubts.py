"""Where letters of unknown fate stand: what is known of each, and what is still waited for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from lifecycle.core.doubt import Doubt, window
from lifecycle.core.words import rfc3339
from lifecycle.store import evidence
from lifecycle.store.tables import METADATA

MESSAGE, ATTEMPT = METADATA.tables["message"], METADATA.tables["attempt"]
_EVER = MESSAGE.c.uncertain_since.is_not(None)
_NEVER_RESENT = {"stale": "it is too late", "left": "its enrollment has ended"}


class Doubts:
    """Reads where messages in doubt stand; what a path shows is read once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._windows: dict[str, timedelta] = {}

    def of(self, row: Any, attempts: Sequence[Any]) -> Doubt:
        """Where a message stands, by its row and its attempts."""
        last = max(attempts, key=lambda one: one.number)
        if last.path not in self._windows:
            self._windows[last.path] = window(evidence.delays(self._connection, last.path))
        proved = evidence.proved_after(self._connection, last.path, last.begun_at)
        return Doubt(row.uncertain_since, self._windows[last.path], proved, evidence.ALIVE_BY)


@dataclass(frozen=True, slots=True)
class InDoubt:
    """A letter that may or may not have gone, and why nobody knows."""

    row: Any
    attempts: tuple[Any, ...]
    doubt: Doubt

    def sentence(self, now: datetime) -> str:
        """What is known of it and what is waited for, in a sentence."""
        parts = [self.attempts[-1].detail] if self.attempts[-1].detail else []
        proved, needed = self.doubt.proved_after, self.doubt.needed
        if now < self.doubt.ends:
            parts.append(f"evidence is waited for until {rfc3339(self.doubt.ends)}")
        elif self.doubt.alive:
            parts.append("no evidence came within its window, though later letters were told of")
        else:
            told = f"{proved} of {needed} later letters were told of"
            parts.append(f"feedback is not proved alive: {told}")
        if self.row.reason in _NEVER_RESENT:
            parts.append(f"it does not go again, since {_NEVER_RESENT[self.row.reason]}")
        return "; ".join(parts)

    def told(self, now: datetime) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "window_ends": self.doubt.ends,
            "window_seconds": self.doubt.window.total_seconds(),
            "path_alive": self.doubt.alive,
            "proved_after": self.doubt.proved_after,
            "needed": self.doubt.needed,
            "sentence": self.sentence(now),
        }


def in_doubt(connection: Connection, limit: int) -> list[InDoubt]:
    """The letters of unknown fate, the oldest first."""
    query = select(MESSAGE).where(_EVER, MESSAGE.c.state == "uncertain")
    order = (MESSAGE.c.uncertain_since, MESSAGE.c.message_id)
    rows = connection.execute(query.order_by(*order).limit(limit)).all()
    return _with_attempts(connection, rows)


def doubt_of(connection: Connection, row: Any) -> InDoubt | None:
    """Where one message stands, if its fate is unknown."""
    if row.state != "uncertain":
        return None
    return next(iter(_with_attempts(connection, [row])), None)


def _with_attempts(connection: Connection, rows: Sequence[Any]) -> list[InDoubt]:
    attempts = evidence.attempts_of(connection, rows)
    doubts = Doubts(connection)
    return [
        InDoubt(row, tuple(found), doubts.of(row, found))
        for row in rows
        if row.uncertain_since is not None and (found := attempts.get(row.message_id))
    ]


def count(connection: Connection) -> int:
    """How many letters are of unknown fate."""
    query = select(func.count()).where(_EVER, MESSAGE.c.state == "uncertain")
    return int(connection.execute(query).scalar() or 0)


_RESENT = (
    _EVER,
    MESSAGE.c.resent_at.is_not(None),
    select(ATTEMPT.c.attempt_id)
    .where(
        ATTEMPT.c.customer_id == MESSAGE.c.customer_id,
        ATTEMPT.c.message_id == MESSAGE.c.message_id,
        ATTEMPT.c.begun_at >= MESSAGE.c.resent_at,
    )
    .exists(),
)
"""Of messages put back in doubt, those that went once more: what the guard refused did not."""


def count_resent(connection: Connection) -> int:
    """How many letters went again though their fate was unknown."""
    return int(connection.execute(select(func.count()).where(*_RESENT)).scalar() or 0)


@dataclass(frozen=True, slots=True)
class Resent:
    """A letter that went again though its fate was unknown, as its campaign allows."""

    message_id: str
    customer: str
    campaign: str
    step: str
    at: datetime
    state: str
    accepted_twice: bool
    """Whether it is proved by now that both attempts were accepted."""


def resent(connection: Connection, limit: int) -> tuple[Resent, ...]:
    """The letters that went again though their fate was unknown, the latest first."""
    order = (MESSAGE.c.resent_at.desc(), MESSAGE.c.message_id)
    rows = connection.execute(select(MESSAGE).where(*_RESENT).order_by(*order).limit(limit)).all()
    attempts = evidence.attempts_of(connection, rows)
    return tuple(
        Resent(
            row.message_id,
            row.customer_id,
            row.campaign,
            row.step,
            row.resent_at,
            row.state,
            sum(_went(one) for one in attempts.get(row.message_id, ())) > 1,
        )
        for row in rows
    )


def _went(attempt: Any) -> bool:
    return attempt.outcome == "accepted" or attempt.evidence is not None
