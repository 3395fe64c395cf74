"""The days of a picture from left to right: where an instant lies, and which days are named."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMED = 7
"""At most so many days are named."""
SHORT = 3
STEPS = (1, 2, 3, 7, 14, 28, 56, 91, 182, 364)
BELOW = 6
"""Points between the days and their names, so that the first one is clear of the 0 beside it."""
A_DAY = timedelta(days=1)
HARDLY = 0.01
"""Of a day: so short a piece of one is not named."""


@dataclass(frozen=True, slots=True)
class Days:
    """Days of a calendar: a day's figures stand at its end, so the first one's stand at 1."""

    first: date
    zone: ZoneInfo | None = None

    def of_instant(self, at: datetime) -> float:
        """Where an instant lies, by the clock of the zone."""
        local = at.astimezone(self.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        part = (local.replace(tzinfo=None) - midnight.replace(tzinfo=None)) / A_DAY
        return (local.date() - self.first).days + part

    def of_day(self, day: date) -> float:
        """Where the end of a day lies."""
        return float((day - self.first).days + 1)

    def name(self, axes: Axes, last: float, until: float | None = None) -> None:
        """Name some days below the axes, which reach to the last figure, or to `until` if later."""
        days = max(1, math.ceil(max(last, until or 0.0) - HARDLY))
        step = next((one for one in STEPS if days / one <= NAMED), STEPS[-1])
        places = list(range(1, days + 1, step))
        room = max(0.015 * days, 0.25 if days <= NAMED else 0.0)
        axes.set_xlim(0, days + room)
        # The name of one of few days stands below the day, not at the midnight that ends it.
        aside = 0.5 if days <= SHORT else 0.0
        axes.set_xticks([place - aside for place in places], labels=self._labels(places))
        axes.tick_params(axis="x", pad=BELOW)

    def _labels(self, places: Sequence[int]) -> list[str]:
        found: list[str] = []
        year = None
        for place in places:
            day = self.first + (place - 1) * A_DAY
            found.append(f"{day.day} {day:%b}\n" + (f"{day.year}" if day.year != year else " "))
            year = day.year
        return found
