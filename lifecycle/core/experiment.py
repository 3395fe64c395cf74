"""Experiments: when one variant of a step has won, by an always-valid test.

The test is the mixture sequential probability ratio test for two proportions (Johari, Pekelis and
Walsh, "Always Valid Inference", 2015, equation for normal mixtures): it may be looked at after
every letter without raising the share of false winners above 1 - confidence. Of revenue the means
a letter are compared by the same test, with the variances of the samples (the paper's section on
general data, by the central limit theorem).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MIXING_VARIANCE = 0.0001
"""tau squared: differences of about one percentage point are what shops see (sd 0.01)."""
REVENUE_EFFECT = 0.05
"""The same for revenue, in standard deviations of what a letter brings."""
LEAST_SALES = 10
"""Of fewer letters that brought something the mean is no normal one yet: nothing is proven."""


@dataclass(frozen=True, slots=True)
class Score:
    """What one variant has come to: letters sent, and those that met the measure."""

    variant: str
    sent: int
    met: int

    @property
    def rate(self) -> float:
        """Share of letters that met the measure."""
        return self.met / self.sent if self.sent else 0.0

    def told(self) -> str:
        """The rate in words."""
        return f"{self.variant} {self.rate:.2%} of {self.sent}"


@dataclass(frozen=True, slots=True)
class Earned:
    """What one variant's letters have brought: how many brought something, the sum, and squares."""

    variant: str
    sent: int
    met: int
    total: float
    squares: float

    @property
    def rate(self) -> float:
        """The mean that a letter brought."""
        return self.total / self.sent if self.sent else 0.0

    @property
    def variance(self) -> float:
        """The sample's variance of what a letter brought."""
        if self.sent < 2:
            return 0.0
        return max(0.0, (self.squares - self.total**2 / self.sent) / (self.sent - 1))

    def told(self) -> str:
        """The mean in words."""
        return f"{self.variant} {self.rate:.2f} a letter of {self.sent}"


Measured = Score | Earned


@dataclass(frozen=True, slots=True)
class Leading:
    """The variant that leads, and whether that is proven."""

    variant: str
    proven: bool
    detail: str


def always_valid_p(one: Measured, other: Measured) -> float:
    """The always-valid p-value of "both rates, or means, are equal", between 0 and 1."""
    if not one.sent or not other.sent:
        return 1.0
    if isinstance(one, Earned) and isinstance(other, Earned):
        if min(one.met, other.met) < LEAST_SALES:
            return 1.0
        variance = one.variance / one.sent + other.variance / other.sent
        scatter = (one.variance * one.sent + other.variance * other.sent) / (one.sent + other.sent)
        return _mixture_p(one.rate - other.rate, variance, scatter * REVENUE_EFFECT**2)
    pooled = (one.met + other.met) / (one.sent + other.sent)
    variance = pooled * (1 - pooled) * (1 / one.sent + 1 / other.sent)
    return _mixture_p(one.rate - other.rate, variance, MIXING_VARIANCE)


def _mixture_p(difference: float, variance: float, mixing: float) -> float:
    if variance <= 0:
        return 1.0
    spread = variance + mixing
    exponent = mixing * difference**2 / (2 * variance * spread)
    log_ratio = 0.5 * math.log(variance / spread) + exponent
    return min(1.0, math.exp(-log_ratio)) if log_ratio > -700 else 1.0


def leading(variants: Sequence[Measured], confidence: float, at_least: int) -> Leading | None:
    """Who leads, and whether it is proven against every other variant; None while all are equal.

    `confidence` in percent; comparisons with several others are corrected after Bonferroni; below
    `at_least` letters a variant nothing is proven.
    """
    if len(variants) < 2:
        return None
    ranked = sorted(variants, key=lambda one: (-one.rate, one.variant))
    best, others = ranked[0], ranked[1:]
    if best.rate == others[0].rate:
        return None
    allowed = (1 - confidence / 100) / len(others)
    worst = max(always_valid_p(best, other) for other in others)
    enough = all(one.sent >= at_least for one in variants)
    told = f"{best.told()}, next {others[0].told()}, always-valid p {worst:.3f}"
    return Leading(best.variant, enough and worst <= allowed, told)
