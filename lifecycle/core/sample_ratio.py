"""Whether variants were given out as their shares say: a check that may be looked at at any time.

Each new reader falls on a variant by hash. If the counts do not fit the shares, something keeps
readers of one variant away, and no comparison means anything. The test is the sequential
multinomial one of Lindon and Malek, "Anytime-Valid Inference for Multinomial Count Data", NeurIPS
2022: the likelihood of a Dirichlet mixture around the shares, by the likelihood of the shares.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from lifecycle.core.sequential import LOG_MOST

CONCENTRATION = 100.0
"""The weight of the mixture around the shares: deviations of some points are looked for."""
ALARM = 0.001
"""At this p-value there is an alarm: of 1,000 sound tests one is wrongly accused, at any look."""


def ratio_p(counts: Sequence[tuple[Sequence[float], Sequence[int]]]) -> float:
    """The always-valid p-value of "variants were given out as said", between 0 and 1.

    Each of `counts` is the shares that were in force, of any sum, and how many new readers fell on
    each variant under them; the evidence of all is put together.
    """
    evidence = sum(_log_ratio(shares, found) for shares, found in counts)
    return min(1.0, math.exp(-max(-LOG_MOST, min(evidence, LOG_MOST))))


def _log_ratio(shares: Sequence[float], counts: Sequence[int]) -> float:
    whole, many = sum(shares), sum(counts)
    if not many or whole <= 0:
        return 0.0
    found = math.lgamma(CONCENTRATION) - math.lgamma(CONCENTRATION + many)
    for share, count in zip(shares, counts, strict=True):
        expected = share / whole
        weight = CONCENTRATION * expected
        if weight > 0:
            found += math.lgamma(weight + count) - math.lgamma(weight) - count * math.log(expected)
        elif count:
            return math.inf
    return found
