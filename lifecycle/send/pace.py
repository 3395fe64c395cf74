"""How fast letters may leave: a bucket of so many in so long, exact in every window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

REMEMBERED_INSTANTS = 256
"""Takings kept apart; beyond it the oldest are counted as if they came later, never earlier."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """At most `limit` in any window of length `per`, wherever the window begins.

    A bucket that refills steadily lets through twice its rate around an emptying; SES counts
    that as too fast. This one remembers its takings instead and forgets each after `per`.
    """

    limit: int
    per: timedelta
    taken: tuple[tuple[datetime, int], ...] = ()
    """Instants and counts still within the window, oldest first."""

    @classmethod
    def per_second(cls, rate: float) -> Bucket:
        """A bucket for `rate` a second; below one it is one in each 1/rate seconds.

        Raises `ValueError` for a rate that is not above 0.
        """
        if not 0 < rate < float("inf"):
            raise ValueError(f"a rate must be a number above 0, not {rate}")
        if rate >= 1:
            return cls(int(rate), timedelta(seconds=1))
        return cls(1, timedelta(microseconds=ceil(1_000_000 / rate)))

    def free(self, now: datetime) -> int:
        """How many may be taken at `now`."""
        return max(0, self.limit - sum(count for _, count in self._within(now)))

    def take(self, now: datetime, wanted: int) -> tuple[int, Bucket]:
        """Take up to `wanted`; gives how many were granted, and the bucket after it."""
        within = self._within(now)
        room = max(0, self.limit - sum(count for _, count in within))
        granted = max(0, min(wanted, room))
        if granted:
            within = _merged((*within, (now, granted)))
        return granted, replace(self, taken=within)

    def free_at(self, now: datetime) -> datetime:
        """The earliest instant from `now` on at which one more may be taken."""
        within = self._within(now)
        spent = sum(count for _, count in within)
        for instant, count in within:
            if spent < self.limit:
                break
            spent -= count
            now = instant + self.per
        return now

    def _within(self, now: datetime) -> tuple[tuple[datetime, int], ...]:
        # A clock set back leaves takings in the future; they did happen, so they count as of now.
        begin = now - self.per
        return tuple((min(at, now), count) for at, count in self.taken if at > begin)


def take_from_all(
    buckets: tuple[Bucket, ...], now: datetime, wanted: int
) -> tuple[int, tuple[Bucket, ...]]:
    """Take the same number from every bucket: as many as the tightest of them grants."""
    granted = max(0, min((bucket.free(now) for bucket in buckets), default=wanted))
    granted = min(granted, max(0, wanted))
    return granted, tuple(bucket.take(now, granted)[1] for bucket in buckets)


def _merged(taken: tuple[tuple[datetime, int], ...]) -> tuple[tuple[datetime, int], ...]:
    *older, (last, latest) = taken
    if older and older[-1][0] == last:
        taken = (*older[:-1], (last, older[-1][1] + latest))
    if len(taken) > REMEMBERED_INSTANTS:
        (_, first), (second, count), *newer = taken
        taken = ((second, first + count), *newer)
    return taken
