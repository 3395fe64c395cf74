"""The letters of unknown fate, each with its age, its attempt and what evidence there is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from lifecycle.store import doubts
from lifecycle.store.doubts import InDoubt

UNCERTAIN_LISTED = 1_000
RESENT_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A letter that may or may not have gone, and for how long that has not been known."""

    message_id: str
    customer: str
    campaign: str
    step: str
    since: datetime
    age_seconds: float
    attempt: str
    """The id of its latest attempt, which the transport's feedback would bear."""
    attempts: int
    evidence: str
    """What speaks for its having gone, and what is still waited for, in a sentence."""
    window_ends: datetime
    path_alive: bool
    proved_after: int
    """How many letters that began later were told of, up to as many as prove the path alive."""
    needed: int


def uncertain_letters(connection: Connection, now: datetime) -> tuple[Uncertain, ...]:
    """The letters of unknown fate, the oldest first; at most UNCERTAIN_LISTED."""
    found = doubts.in_doubt(connection, UNCERTAIN_LISTED)
    return tuple(_uncertain(one, now) for one in found)


def _uncertain(one: InDoubt, now: datetime) -> Uncertain:
    row = one.row
    return Uncertain(
        row.message_id,
        row.customer_id,
        row.campaign,
        row.step,
        row.uncertain_since,
        (now - row.uncertain_since).total_seconds(),
        one.attempts[-1].attempt_id,
        len(one.attempts),
        one.sentence(now),
        one.doubt.ends,
        one.doubt.alive,
        one.doubt.proved_after,
        one.doubt.needed,
    )
