"""Whether as many customers are held out as the file says: the sample-ratio check.

A holdout whose share is off was not drawn by hash alone, and its figures are not to be trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lifecycle.core.sample_ratio import ALARM, ratio_p


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
    drawn = [one for one in periods if 0 < one[2] < 100]
    shares = [((100 - percent, percent), (let_in, out)) for let_in, out, percent in drawn]
    p = ratio_p(shares)
    expected = sum((let_in + out) * percent / 100 for let_in, out, percent in periods)
    let_in, out = sum(one for one, _, _ in periods), sum(one for _, one, _ in periods)
    return SampleRatio(let_in, out, expected, p, p < ALARM)
