"""Pace: no more attempts are begun than the transport takes in a second."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from lifecycle import log
from lifecycle.send.pace import Bucket

ASK_RATE_EVERY = timedelta(hours=1)
RATE_UNKNOWN = 1.0
"""Letters a second while the transport has not told its rate: what a new account may send."""


class Pacing:
    """Keeps the pace of one process. Without a `rate` to ask, there is none to keep."""

    def __init__(self, rate: Callable[[], float | None] | None) -> None:
        """`rate` gives letters a second, None when it cannot be told now."""
        self._rate = rate
        self._asked_at: datetime | None = None
        self._known = RATE_UNKNOWN
        self._bucket = Bucket.per_second(RATE_UNKNOWN)

    def room(self, now: datetime, wanted: int) -> int:
        """How many of `wanted` letters may be begun at `now`."""
        if self._rate is None:
            return wanted
        if self._asked_at is None or now >= self._asked_at + ASK_RATE_EVERY:
            self._ask(now)
        return min(wanted, self._bucket.free(now))

    def begun(self, now: datetime, letters: int) -> None:
        """So many were begun at `now`."""
        if self._rate is not None:
            _, self._bucket = self._bucket.take(now, letters)

    def _ask(self, now: datetime) -> None:
        assert self._rate is not None
        self._asked_at = now
        told = self._rate()
        if told is None:
            log.warned("pace_unknown", per_second=self._known)
        elif told > 0 and told != self._known:
            self._known = told
            fresh = Bucket.per_second(told)
            self._bucket = Bucket(fresh.limit, fresh.per, self._bucket.taken)
            log.happened("pace_set", per_second=told)
