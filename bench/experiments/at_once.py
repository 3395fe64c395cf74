"""core/sequential.py and core/experiment.py for many looks at once; a test holds them equal.

The product judges one look; a simulation has millions. Each function here takes arrays where its
namesake takes numbers, and is compared with it at looks drawn from each simulation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifecycle.core.experiment import LEAST_ANSWERS, LEAST_SALES
from lifecycle.core.sequential import rejected_from

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Looks:
    """One variant at many looks: letters, those that met, and what they brought (rates: none).

    A row is a run, a column a look; all runs have as many letters at a look.
    """

    sent: Floats
    met: Floats
    total: Floats | None = None
    squares: Floats | None = None
    design: float | Floats = 1.0

    @property
    def rate(self) -> Floats:
        """The rate, or mean, at each look."""
        found: Floats = (self.met if self.total is None else self.total) / np.maximum(self.sent, 1)
        return found

    @property
    def variance(self) -> Floats:
        """The variance of one letter's answer."""
        if self.total is None or self.squares is None:
            return np.asarray(self.rate * (1 - self.rate) * self.design)
        spread = (self.squares - self.total**2 / np.maximum(self.sent, 1)) / np.maximum(
            self.sent - 1, 1
        )
        return np.asarray(np.maximum(spread, 0) * self.design)


@dataclass(frozen=True, slots=True)
class Judged:
    """Differences at many looks: where anything is said, how large they are, and half widths."""

    said: Flags
    difference: Floats
    half: Floats


def judged(one: Looks, other: Looks, alpha: float) -> Judged:
    """The difference of two variants at each look, with its confidence sequence."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = one.sent[:1] * other.sent[:1] / (one.sent[:1] + other.sent[:1])
        variance = _variance(one, other)
        half = half_width(variance, size, alpha)
        pooled = (one.met + other.met) / (one.sent + other.sent)
        fewer = np.minimum(one.sent / one.design, other.sent / other.design)
        if one.total is None:
            said = fewer * np.minimum(pooled, 1 - pooled) >= LEAST_ANSWERS
        else:
            said = fewer * pooled >= LEAST_SALES
        said &= (one.sent > 0) & (other.sent > 0) & (variance > 0)
    return Judged(said, one.rate - other.rate, half)


def half_width(variance: Floats, size: Floats, alpha: float) -> Floats:
    """`lifecycle.core.sequential.half_width` of arrays; sizes are few, those of the looks."""
    sizes, where = np.unique(size, return_inverse=True)
    bounds = [rejected_from(float(one), alpha) if one > 0 else np.inf for one in sizes]
    found: Floats = np.sqrt(variance * np.array(bounds)[where].reshape(size.shape))
    return found


def mean_ends(one: Looks, alpha: float) -> tuple[Flags, Floats, Floats]:
    """`lifecycle.core.experiment.interval` of means: where it is said, and its two ends."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        mean = one.rate
        half = half_width(one.variance / one.sent, one.sent[:1], alpha)
        said = (one.met >= LEAST_SALES) & (one.variance > 0)
        answered = one.met / one.design
        high = mean * (1 + 1 / answered) * np.exp(np.minimum(half / mean, 700))
    return said, np.maximum(0, mean - half), high


def _variance(one: Looks, other: Looks) -> Floats:
    apart = one.variance / one.sent + other.variance / other.sent
    total = None if one.total is None or other.total is None else one.total + other.total
    squares = None if one.squares is None or other.squares is None else one.squares + other.squares
    both = Looks(
        one.sent + other.sent,
        one.met + other.met,
        total,
        squares,
        np.maximum(one.design, other.design),
    )
    found: Floats = np.maximum(apart, both.variance * (1 / one.sent + 1 / other.sent))
    return found
