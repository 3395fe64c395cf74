"""Doubt: how long evidence of a letter is waited for, and what absence of it means.

Presence proves, absence never does. A letter of which nothing has come is judged once its window is
over, and only while later letters by the same path were told of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

LEAST_WINDOW = timedelta(minutes=15)
TIMES_P99 = 10
"""The window is so many times as long as all but 1 % of letters take to be told of."""
RARE = 0.99


def p99(delays: Sequence[float]) -> float | None:
    """The nearest-rank 99th percentile of delays in seconds; None of none."""
    if not delays:
        return None
    return sorted(delays)[ceil(RARE * len(delays)) - 1]


def window(delays: Sequence[float]) -> timedelta:
    """How long evidence is waited for, by the delays (seconds) with which it came lately."""
    seen = p99(delays)
    if seen is None:
        return LEAST_WINDOW
    return max(LEAST_WINDOW, timedelta(seconds=TIMES_P99 * seen))


@dataclass(frozen=True, slots=True)
class Doubt:
    """Where a letter of unknown fate stands: its window, and whether its path is proved alive."""

    since: datetime
    window: timedelta
    proved_after: int
    """How many letters that began later, by the same path, were told of; counted up to `needed`."""
    needed: int

    @property
    def ends(self) -> datetime:
        """When its window is over."""
        return self.since + self.window

    @property
    def alive(self) -> bool:
        """Whether the path by which evidence would come is proved to work."""
        return self.proved_after >= self.needed

    def weighed(self, now: datetime) -> bool:
        """Whether absence of evidence says something by now."""
        return self.alive and now >= self.ends
