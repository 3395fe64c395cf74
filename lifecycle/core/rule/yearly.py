"""Days that come back every year by the customer's own clock: birthdays and other anniversaries."""

from __future__ import annotations

import re
from calendar import isleap
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from lifecycle.core.words import instant_of, moment_in_data

LAST_YEAR = 9998
"""No return is looked for beyond it: the calendar ends soon after."""
_MONTH_AND_DAY = re.compile(r"\s*(?:--)?(\d\d)-(\d\d)\s*", re.ASCII)
_ANY_LEAP_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Yearly:
    """A day of the year and a time of day; `year` is the first one's own, None where unsaid."""

    month: int
    day: int
    at: time
    year: int | None = None

    def next_return(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """The first return at or after `now`; None where the calendar ends before.

        The first moment itself is no return: that comes a year later. A 29 February comes back on
        the 28th where the year has none, so that it stays in its month and never comes late.
        """
        year = now.astimezone(zone).year - 1
        if self.year is not None:
            year = max(year, self.year + 1)
        while year <= LAST_YEAR:
            returns = instant_of(self._in(year), self.at, zone)
            if returns >= now:
                return returns
            year += 1
        return None

    def in_year(self, year: int) -> datetime:
        """The local time of it in a year."""
        return datetime.combine(self._in(year), self.at)

    def _in(self, year: int) -> date:
        skipped = (self.month, self.day) == (2, 29) and not isleap(year)
        return date(year, self.month, 28 if skipped else self.day)


def yearly_in_data(value: object, zone: ZoneInfo) -> Yearly | None:
    """Read a day that comes back: an instant, a date, or "05-14" without a year; else None.

    An instant with an offset comes back at its local time of day in `zone`.
    """
    match = _MONTH_AND_DAY.fullmatch(value) if isinstance(value, str) else None
    try:
        if match is not None:
            named = date(_ANY_LEAP_YEAR, int(match[1]), int(match[2]))
            return Yearly(named.month, named.day, time())
        read = moment_in_data(value)
        if read is None:
            return None
        local = read.value if read.value.tzinfo is None else read.value.astimezone(zone)
    except (ValueError, OverflowError):
        return None
    return Yearly(local.month, local.day, local.time(), local.year)
