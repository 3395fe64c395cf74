"""RFM: how recently, how often and for how much a customer has bought, beside all other buyers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifecycle.models.histories import Histories

Scores = NDArray[np.int64]

BEST = 5
GROUPS: tuple[tuple[str, str, str, str, str], ...] = (
    ("lost", "lost", "at_risk", "at_risk", "at_risk"),
    ("hibernating", "hibernating", "at_risk", "at_risk", "at_risk"),
    ("needs_attention", "needs_attention", "loyal", "loyal", "loyal"),
    ("new", "promising", "loyal", "champions", "champions"),
    ("new", "promising", "loyal", "champions", "champions"),
)
"""The group by recency (a line each, 1 first) and frequency (1 to 5 in the line)."""


@dataclass(frozen=True, slots=True)
class Rfm:
    """Scores from 1 to 5, 5 best, a row for each buyer."""

    recency: Scores
    frequency: Scores
    monetary: Scores

    def group(self, row: int) -> str:
        """The name of a buyer's group."""
        return GROUPS[int(self.recency[row]) - 1][int(self.frequency[row]) - 1]


def rfm(buyers: Histories) -> Rfm:
    """Score all buyers by their last order, their number of orders and their total.

    A fifth of the buyers gets each score. With ties: frequency and monetary are 1 and, for each
    fifth of the other buyers that has less, 1 more; recency is 5 and, for each fifth of them that
    has bought later, 1 less. So equal figures get equal scores, and one order alone never scores
    above 1 while nobody has fewer.
    """
    return Rfm(
        recency=BEST - _fifths(-buyers.last_at),
        frequency=1 + _fifths(buyers.orders),
        monetary=1 + _fifths(buyers.total),
    )


def _fifths(values: NDArray[np.int64] | NDArray[np.float64]) -> Scores:
    """How many whole fifths of the other buyers have less than each; 4 at most."""
    below = np.searchsorted(np.sort(values), values, side="left")
    fifths: Scores = np.minimum(BEST * below // max(len(values) - 1, 1), BEST - 1)
    return fifths
