"""Whether as many customers are held out as the file says: the sample-ratio check.

A holdout whose share is off was not drawn by hash alone, and its figures are not to be trusted.
The test may be looked at at any time: Lindon and Malek, Anytime-Valid Inference for Multinomial
Count Data (2022), for two kinds of outcomes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

ALARM_BELOW = 0.01
"""A false alarm comes up in one of a hundred campaigns, however often one looks."""
CERTAINTY = 100.0
"""So many customers' worth of certainty lie in the file's share where it would be another one."""
MOST = 700.0


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Whether as many are held out as the file says.

    `expected` are held out of all by the shares in force as each entered. `p` is how likely a ratio
    so far off is, at this or any look; `alarm`: hardly.
    """

    let_in: int
    held_out: int
    expected: float
    p: float
    alarm: bool


def sample_ratio(periods: Sequence[tuple[int, int, float]]) -> SampleRatio:
    """The check over periods: those let in, those held out, and the share held out in percent.

    Where nobody or everybody is held out by the file there is nothing to draw, nor to check.
    """
    log_odds = expected = 0.0
    for let_in, held_out, percent in periods:
        share = percent / 100
        expected += (let_in + held_out) * share
        if 0 < share < 1:
            log_odds += _log_mixed(let_in, held_out, share)
    p = min(1.0, math.exp(-min(log_odds, MOST))) if log_odds > 0 else 1.0
    all_in = sum(one for one, _, _ in periods)
    return SampleRatio(all_in, sum(one for _, one, _ in periods), expected, p, p < ALARM_BELOW)


def _log_mixed(let_in: int, held_out: int, share: float) -> float:
    """By how much another share speaks for the counts, over all others, than the file's does."""
    out, into = CERTAINTY * share, CERTAINTY * (1 - share)
    mixed = _log_beta(out + held_out, into + let_in) - _log_beta(out, into)
    return mixed - held_out * math.log(share) - let_in * math.log1p(-share)


def _log_beta(one: float, other: float) -> float:
    return math.lgamma(one) + math.lgamma(other) - math.lgamma(one + other)
