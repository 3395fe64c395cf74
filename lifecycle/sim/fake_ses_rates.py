"""How fast and how much the stand-in for SES lets through, and the fastest second it has seen."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import datetime

from lifecycle.sim.fake_ses_faults import Fault, refused_for
from lifecycle.sim.fake_ses_limits import UNLIMITED, Limits

DAY_SECONDS = 24 * 60 * 60.0
GRAIN_SECONDS = 1.0
"""The day's letters are remembered by the second."""


class FastestSecond:
    """The most that ever fell into one second, wherever that second begins."""

    def __init__(self) -> None:
        self.most = 0
        self._lately: deque[tuple[float, int]] = deque()
        self._sum = 0

    def add(self, number: int, now: float) -> None:
        """Count so many in at an instant, in seconds."""
        lately = self._lately
        lately.append((now, number))
        self._sum += number
        while lately[0][0] <= now - 1.0:
            self._sum -= lately.popleft()[1]
        self.most = max(self.most, self._sum)


class Rates:
    """A bucket of tokens refilled at the account's rate, and a quota of rolling 24 hours.

    Both count recipients. As at SES a call that finds the bucket not empty goes through whole,
    and the next ones are refused until what it took too much is repaid.
    """

    def __init__(self) -> None:
        self.started = FastestSecond()
        self.taken = FastestSecond()
        self.throttled = 0
        self._tokens: float | None = None
        self._filled_at = 0.0
        self._bulk_at = float("-inf")
        self._day: deque[list[float]] = deque()
        self._sent = 0

    def remember(self, sent: Iterable[tuple[datetime, int]]) -> None:
        """Take in what was accepted in an earlier life."""
        for at, number in sent:
            self._note(number, at.timestamp())

    def sent_last_day(self, now: float) -> int:
        """To how many recipients letters were accepted in the last 24 hours."""
        while self._day and self._day[0][0] + GRAIN_SECONDS <= now - DAY_SECONDS:
            self._sent -= int(self._day.popleft()[1])
        return self._sent

    def left_today(self, limits: Limits, now: float) -> float:
        """How many recipients the quota leaves."""
        if limits.per_day == UNLIMITED:
            return float("inf")
        return max(0.0, limits.per_day - self.sent_last_day(now))

    def check(self, limits: Limits, now: float, *, bulk: bool = False) -> None:
        """Raise the `Refusal` of a call that comes too soon, or for which the day has no more."""
        if self.left_today(limits, now) < 1:
            raise refused_for(Fault.DAY_QUOTA)
        calls = limits.bulk_calls_per_second
        if bulk and calls is not None and now < self._bulk_at + 1 / calls:
            self.throttled += 1
            raise refused_for(Fault.THROTTLED)
        full = max(1.0, limits.per_second * limits.burst_seconds)
        if self._tokens is None:
            self._tokens = full
        else:
            gained = max(0.0, now - self._filled_at) * limits.per_second
            self._tokens = min(full, self._tokens + gained)
        self._filled_at = now
        if self._tokens < 1 - 1e-9:
            self.throttled += 1
            raise refused_for(Fault.THROTTLED)
        if bulk:
            self._bulk_at = now

    def take(self, number: int, now: float, *, free: int = 0) -> None:
        """Count accepted recipients in; `free` of them do not count against the day's quota."""
        assert self._tokens is not None, "a call is checked before it is counted"
        self._tokens -= number
        self.taken.add(number, now)
        self._note(number - free, now)

    def _note(self, number: int, now: float) -> None:
        if number <= 0:
            return
        self._sent += number
        if self._day and now < self._day[-1][0] + GRAIN_SECONDS:
            self._day[-1][1] += number
        else:
            self._day.append([now, float(number)])
