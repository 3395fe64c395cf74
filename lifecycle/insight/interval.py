"""Intervals beside rates: how far a share may be off by chance.

Wilson's score interval (Wilson, "Probable Inference, the Law of Succession, and Statistical
Inference", 1927).
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
    return Share(met, of, rate, *wilson(rate, of, Z))


def wilson(rate: float, of: float, z: float) -> tuple[float, float]:
    """Both ends of the score interval of a rate seen in so many, `z` standard errors either way."""
    centre = (rate + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(rate * (1 - rate) / of + z * z / (4 * of * of))
    return max(0.0, centre - half), min(1.0, centre + half)
