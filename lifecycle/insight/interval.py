"""Intervals beside rates: how far a share, or a difference of two, may be off by chance.

Wilson's score interval, and Newcombe's hybrid of two of them (Newcombe, "Interval Estimation for
the Difference Between Independent Proportions", 1998, method 10).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Z = 1.959964
"""Two-sided 95 %."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the interval in which the true share lies, 95 times of 100."""

    met: int
    of: int
    rate: float | None
    low: float | None
    high: float | None


def share(met: int, of: int) -> Share:
    """The share with its interval; without anybody to count there is neither."""
    if of <= 0:
        return Share(met, of, None, None, None)
    rate = met / of
    centre = (rate + Z * Z / (2 * of)) / (1 + Z * Z / of)
    half = Z / (1 + Z * Z / of) * math.sqrt(rate * (1 - rate) / of + Z * Z / (4 * of * of))
    return Share(met, of, rate, max(0.0, centre - half), min(1.0, centre + half))


@dataclass(frozen=True, slots=True)
class Lift:
    """By how much one share is above another, with its interval; proven when that spares 0."""

    difference: float
    low: float
    high: float

    @property
    def proven(self) -> bool:
        """Whether chance alone would hardly make such a difference."""
        return self.low > 0 or self.high < 0


def lift(one: Share, other: Share) -> Lift | None:
    """How far `one` lies above `other`; None while one of them has nobody."""
    if one.rate is None or other.rate is None:
        return None
    assert one.low is not None and one.high is not None
    assert other.low is not None and other.high is not None
    difference = one.rate - other.rate
    below = math.sqrt((one.rate - one.low) ** 2 + (other.high - other.rate) ** 2)
    above = math.sqrt((one.high - one.rate) ** 2 + (other.rate - other.low) ** 2)
    return Lift(difference, difference - below, difference + above)
