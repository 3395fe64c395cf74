"""Sums of both sides of a comparison as they were known at the end of each day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lifecycle.insight.lift import Stratum
from lifecycle.models.cuped import Cell

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_SUMS = 7


class ByDay:
    """Takes in changes of sums, each at its instant, and gives the cells of any day.

    `ends` are the instants, in microseconds and in order, at which the days end: a change counts
    from the first of them that is not before it; after the last one it does not count.
    """

    def __init__(self, ends: Ints, strata: int) -> None:
        self._ends = ends
        self._sums = np.zeros((len(ends) + 1, strata, 2, _SUMS))
        self._running: Floats | None = None

    def add(self, at: Ints, stratum: Ints, side: Ints, change: Sequence[Floats]) -> None:
        """Add changes of customers, some, y, yy, x, xx and xy; side 1 is held out."""
        place = np.searchsorted(self._ends, at, "left")
        np.add.at(self._sums, (place, stratum, side), np.stack(change, axis=-1))
        self._running = None

    def strata(self, day: int) -> list[Stratum]:
        """The cells as known at the end of a day, by its number; -1 is the last one."""
        if self._running is None:
            self._running = np.cumsum(self._sums[:-1], axis=0)
        found = self._running[day]
        return [(Cell(*map(float, one[0])), Cell(*map(float, one[1]))) for one in found]
