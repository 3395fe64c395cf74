"""The only reader of the wall clock; every other module is handed its instant as `now`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Whatever tells the instant: the wall clock in the daemon, a virtual one in a replay."""

    def now(self) -> datetime:
        """Tell the present instant, aware, in UTC, to the microsecond."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Tell the present instant, aware, in UTC, to the microsecond.

        It may step back when the machine's clock is set right: durations are measured with
        `time.monotonic`, never by subtracting two of these.
        """
        return datetime.now(UTC)


def since_boot() -> float:
    """Seconds on a clock that never steps and runs while the machine sleeps: for leases."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
