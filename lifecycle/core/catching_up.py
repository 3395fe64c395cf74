"""Catching up: what a pause held, or a move made due, comes spread over time and not at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lifecycle.core.chance import fraction

FEW_AT_ONCE = 100
"""So many go at once: nobody notices."""
SHARE_A_MINUTE = 0.1
"""Of a larger backlog so much falls due in a minute: all of it takes ten minutes at least."""
SHARE_OF_THE_PACE = 0.5
"""Of what the transport takes, so much is for catching up; the rest is for what is new."""


def lasts(backlog: int, per_second: float | None = None) -> timedelta:
    """Over how long a backlog is spread. `per_second` is the transport's pace, where it has one."""
    if backlog <= FEW_AT_ONCE:
        return timedelta(0)
    least = timedelta(minutes=1 / SHARE_A_MINUTE)
    if not per_second:
        return least
    return max(least, timedelta(seconds=backlog / (per_second * SHARE_OF_THE_PACE)))


def moment(seed: str, which: str, now: datetime, over: timedelta) -> datetime:
    """When one of a backlog comes: by a keyed hash, the same on every machine."""
    if not over:
        return now
    return now + over * fraction(seed, "catching up", which)


@dataclass(frozen=True, slots=True)
class Held:
    """A letter that a pause held: of which enrollment, planned when, worth sending until when."""

    id: str
    enrollment: str
    planned_at: datetime
    stale_at: datetime
    next_step: datetime | None = None
    """When the enrollment's next step comes: no later letter goes before this one."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """What becomes of the letters that a pause held: when each goes, and which never do."""

    due: Mapping[str, datetime]
    superseded: tuple[str, ...]


def resumed(
    held: Sequence[Held], seed: str, now: datetime, per_second: float | None = None
) -> Resumed:
    """Spread what a pause held. Of several letters of one enrollment the latest alone goes.

    One that is stale falls due at once, to be dropped; one that would be before its turn came goes
    at its last instant, and each goes before the next step of its enrollment is decided.
    """
    latest: dict[str, Held] = {}
    for one in sorted(held, key=lambda letter: (letter.planned_at, letter.id)):
        latest[one.enrollment] = one
    kept = {one.id for one in latest.values()}
    fresh = sum(one.stale_at >= now for one in latest.values())
    over = lasts(fresh, per_second)
    due = {}
    for one in latest.values():
        last = min(one.stale_at, one.next_step or one.stale_at)
        due[one.id] = max(now, min(moment(seed, one.id, now, over), last))
    return Resumed(due, tuple(sorted(one.id for one in held if one.id not in kept)))
