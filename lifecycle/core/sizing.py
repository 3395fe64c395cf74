"""How large the test of a broadcast is made where that is left to us: Test & Roll.

Feit and Berman, "Test & Roll: Profit-Maximizing A/B Tests", Marketing Science 38(6), 2019: readers
of the test who get the worse variant are a loss, and so is choosing wrongly for all the others.
With symmetric normal priors, N(mean, spread^2) for the true rate of each of K variants, and answers
of variance s^2, the expected profit of n letters a variant is, but for constants,
(N - K n) / sqrt(spread^2 + s^2 / n); its derivative is zero at

    n = sqrt(N / (2 K) * q + (3/4 * q)^2) - 3/4 * q,   q = s^2 / spread^2,

which for K = 2 is equation 10 of the paper.
"""

from __future__ import annotations

import math

CLICK_MEAN, CLICK_SPREAD = 0.03, 0.007
"""Of marketing letters about 3 in 100 are clicked; variants of one differ by about one point."""
OPEN_MEAN, OPEN_SPREAD = 0.30, 0.03
GOAL_MEAN, GOAL_SPREAD = 0.01, 0.0025
REVENUE_NOISE = 70.0
"""Standard deviation of what a letter brings, in standard deviations of the variants' true means:
a sale in 100 letters, amounts that scatter by their mean, variants that differ by a fifth."""
_NOISE = {
    "click_rate": math.sqrt(CLICK_MEAN * (1 - CLICK_MEAN)) / CLICK_SPREAD,
    "open_rate": math.sqrt(OPEN_MEAN * (1 - OPEN_MEAN)) / OPEN_SPREAD,
    "goal_rate": math.sqrt(GOAL_MEAN * (1 - GOAL_MEAN)) / GOAL_SPREAD,
    "revenue": REVENUE_NOISE,
}


def letters_a_variant(audience: int, variants: int, by: str) -> float:
    """How many letters of each variant maximize the expected gain over an audience."""
    noise = _NOISE[by] ** 2
    return math.sqrt(audience / (2 * variants) * noise + (0.75 * noise) ** 2) - 0.75 * noise


def share_to_test(audience: int, variants: int, by: str) -> float:
    """The share of an audience that takes part in the test, in percent; all of a tiny one."""
    if audience <= variants:
        return 100.0
    return min(100.0, 100 * variants * letters_a_variant(audience, variants, by) / audience)
