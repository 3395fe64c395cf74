"""Experiments: when one variant of a step has won, by an always-valid test.

The test is the mixture sequential probability ratio test for two proportions (Johari, Pekelis and
Walsh, "Always Valid Inference", 2015, equation for normal mixtures): it may be looked at after
every letter without raising the share of false winners above 1 - confidence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MIXING_VARIANCE = 0.0001
"""tau squared: differences of about one percentage point are what shops see (sd 0.01)."""


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


@dataclass(frozen=True, slots=True)
class Leading:
    """The variant that leads, and whether that is proven."""

    variant: str
    proven: bool
    detail: str


def always_valid_p(one: Score, other: Score) -> float:
    """The always-valid p-value of "both rates are equal", between 0 and 1."""
    if not one.sent or not other.sent:
        return 1.0
    pooled = (one.met + other.met) / (one.sent + other.sent)
    variance = pooled * (1 - pooled) * (1 / one.sent + 1 / other.sent)
    if variance <= 0:
        return 1.0
    difference = one.rate - other.rate
    spread = variance + MIXING_VARIANCE
    exponent = MIXING_VARIANCE * difference**2 / (2 * variance * spread)
    log_ratio = 0.5 * math.log(variance / spread) + exponent
    return min(1.0, math.exp(-log_ratio)) if log_ratio > -700 else 1.0


def leading(variants: Sequence[Score], confidence: float, at_least: int) -> Leading | None:
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
    told = f"{best.variant} {best.rate:.2%} of {best.sent}, next {others[0].variant} "
    told += f"{others[0].rate:.2%} of {others[0].sent}, always-valid p {worst:.3f}"
    return Leading(best.variant, enough and worst <= allowed, told)
