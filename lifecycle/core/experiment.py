"""Experiments: how variants of a step compare, and when one of them has won.

All that is said here holds at all looks together (`core/sequential.py`), for every pair at once:
the leader is whoever the data say, so that each of its comparisons is one of all pairs, and alpha
is divided by their number (Bonferroni; Dunn, "Multiple Comparisons Among Means", 1961). A winner is
proven when its lead over each other variant is, so that a false winner is as rare as one false
pair. Variances are the larger of two estimates, with and without taking both variants for equal:
few answers of a small variant flatter the one where they are fewer than they should be, and the
other where they are more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lifecycle.core.sequential import (
    Interval,
    half_width,
    letters_needed,
    mean_interval,
    mixture_p,
    rate_interval,
    together,
)

LEAST_ANSWERS = 10
"""As many letters of each variant are to be expected, at the rate of both, to have met the measure
(and as many not): of fewer the difference is no normal one, and nothing is said."""
LEAST_SALES = 20
"""The same of letters that brought something, whose amounts scatter besides."""
IN_PERCENT = ".2%"


@dataclass(frozen=True, slots=True)
class Score:
    """What one variant has come to: letters whose time to answer is over, and those that did.

    `design` says by how much more the rate scatters than that of letters to as many readers, since
    letters to one reader answer alike (Kish's design effect); 1 where each reader has one letter.
    """

    variant: str
    sent: int
    met: int
    design: float = 1.0

    @property
    def rate(self) -> float:
        """Share of letters that met the measure."""
        return self.met / self.sent if self.sent else 0.0

    @property
    def variance(self) -> float:
        """The variance of one letter's answer."""
        return self.rate * (1 - self.rate) * self.design

    def told(self) -> str:
        """The rate in words."""
        return f"{self.variant} {self.rate:{IN_PERCENT}} of {self.sent}"


@dataclass(frozen=True, slots=True)
class Earned:
    """What one variant's letters have brought: how many brought something, the sum, and squares.

    Amounts are as they are compared, cut off at the cap of the experiment. `design` as of `Score`.
    """

    variant: str
    sent: int
    met: int
    total: float
    squares: float
    design: float = 1.0

    @property
    def rate(self) -> float:
        """The mean that a letter brought."""
        return self.total / self.sent if self.sent else 0.0

    @property
    def variance(self) -> float:
        """The sample's variance of what a letter brought."""
        if self.sent < 2:
            return 0.0
        spread = (self.squares - self.total**2 / self.sent) / (self.sent - 1)
        return max(0.0, spread) * self.design

    def told(self) -> str:
        """The mean in words."""
        return f"{self.variant} {self.rate:.2f} a letter of {self.sent}"


Measured = Score | Earned


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much one rate, or mean, lies above another, with what may be said of it.

    `interval` is None while too little is known for one; `p` is always valid, and 1 then.
    """

    one: str
    other: str
    difference: float
    interval: Interval | None
    p: float


@dataclass(frozen=True, slots=True)
class Leading:
    """The variant that leads, and whether that is proven."""

    variant: str
    proven: bool
    detail: str


def allowed(confidence: float, variants: int) -> float:
    """The alpha of each pair of variants, so that all pairs hold together at `confidence` %."""
    pairs = variants * (variants - 1) // 2
    return (1 - confidence / 100) / max(1, pairs)


def always_valid_p(one: Measured, other: Measured) -> float:
    """The always-valid p-value of "both rates, or means, are equal", between 0 and 1."""
    if not speaks(one, other):
        return 1.0
    return mixture_p(one.rate - other.rate, _variance(one, other), _size(one, other))


def difference(one: Measured, other: Measured, alpha: float) -> Difference:
    """How far `one` lies above `other`, with its confidence sequence at 1 - `alpha`."""
    apart, p = one.rate - other.rate, always_valid_p(one, other)
    found: Interval | None = None
    if speaks(one, other):
        variance = _variance(one, other)
        if variance > 0:
            half = half_width(variance, _size(one, other), alpha)
            found = Interval(apart - half, apart + half)
    return Difference(one.variant, other.variant, apart, found, p)


def interval(one: Measured, alpha: float) -> Interval | None:
    """The confidence sequence of one variant's rate, or mean; None while too little is known."""
    if not one.sent:
        return None
    if isinstance(one, Score):
        return rate_interval(one.met / one.design, one.sent / one.design, alpha)
    if one.met < LEAST_SALES or one.variance <= 0:
        return None
    independent = one.sent / one.design, one.met / one.design
    return mean_interval(one.rate, one.variance / one.design, *independent, alpha)


def speaks(one: Measured, other: Measured) -> bool:
    """Whether enough answers are to be expected of both for a difference to be spoken of."""
    if not one.sent or not other.sent:
        return False
    fewer = min(one.sent / one.design, other.sent / other.design)
    pooled = (one.met + other.met) / (one.sent + other.sent)
    if isinstance(one, Earned):
        return fewer * pooled >= LEAST_SALES
    return fewer * min(pooled, 1 - pooled) >= LEAST_ANSWERS


def needs(one: Measured, other: Measured, alpha: float) -> int | None:
    """About how many letters a variant prove the difference of two, if it stays as it is."""
    return letters_needed(one.rate - other.rate, one.variance + other.variance, alpha)


def leading(variants: Sequence[Measured], confidence: float, at_least: int) -> Leading | None:
    """Who leads, and whether it is proven against every other variant; None while all are equal.

    `confidence` in percent; below `at_least` letters a variant nothing is proven.
    """
    ranked = best_first(variants)
    if len(ranked) < 2 or ranked[0].rate == ranked[1].rate:
        return None
    best, others = ranked[0], ranked[1:]
    worst = max(always_valid_p(best, other) for other in others)
    enough = all(one.sent >= at_least for one in variants)
    told = f"{best.told()}, next {others[0].told()}, always-valid p {worst:.3f}"
    proven = enough and worst <= allowed(confidence, len(variants))
    return Leading(best.variant, proven, told)


def closest(variants: Sequence[Measured], confidence: float) -> Difference | None:
    """The leader's smallest lead, over the next best, as it may be said; None while none leads."""
    ranked = best_first(variants)
    if len(ranked) < 2 or ranked[0].rate == ranked[1].rate:
        return None
    return difference(ranked[0], ranked[1], allowed(confidence, len(variants)))


def best_first(variants: Sequence[Measured]) -> list[Measured]:
    """The variants by their rate, or mean, and those that are equal by name."""
    return sorted(variants, key=lambda one: (-one.rate, one.variant))


def _size(one: Measured, other: Measured) -> float:
    """What both sizes come to for a difference, in letters that answer independently."""
    return together(one.sent / one.design, other.sent / other.design)


def _variance(one: Measured, other: Measured) -> float:
    """The variance of the difference: the larger of both estimates."""
    apart = one.variance / one.sent + other.variance / other.sent
    return max(apart, _pooled(one, other) * (1 / one.sent + 1 / other.sent))


def _pooled(one: Measured, other: Measured) -> float:
    """The variance of one letter's answer, both variants taken for one."""
    sent, design = one.sent + other.sent, max(one.design, other.design)
    if isinstance(one, Earned) and isinstance(other, Earned):
        total, squares = one.total + other.total, one.squares + other.squares
        return Earned("", sent, 0, total, squares, design).variance
    return Score("", sent, one.met + other.met, design).variance
