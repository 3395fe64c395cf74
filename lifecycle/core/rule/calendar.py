"""Stretches of the customer's calendar: `during = "this week"` and its like."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from lifecycle.core.words import FIRST_INSTANT, LAST_INSTANT, WordProblem, instant_of, shown

DURING: dict[str, tuple[str, int]] = {
    "today": ("day", 0),
    "yesterday": ("day", 1),
    "this week": ("week", 0),
    "last week": ("week", 1),
    "this month": ("month", 0),
    "last month": ("month", 1),
    "this year": ("year", 0),
    "last year": ("year", 1),
    "this month last year": ("month", 12),
}
"""Each word with its unit, and how many of those units ago the stretch lies."""
_LONGEST = {"day": 1, "week": 7, "month": 31, "year": 366}
_DAY = timedelta(days=1)
_ANY_ZONE = timedelta(days=2)
"""More than a change of clocks, or of the side of the date line, adds to a stretch."""


@dataclass(frozen=True, slots=True)
class During:
    """A stretch of the calendar, one day to one year long; weeks begin on Monday.

    It turns at local midnight: where the clock skips that, at the next moment there is; where it
    comes twice, at the first.
    """

    word: str

    def bounds(self, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The instants at which the stretch begins (inside) and ends (outside)."""
        unit, back = DURING[self.word]
        number = _number(unit, now, zone) - back
        return _begins(unit, number, zone), _begins(unit, number + 1, zone)

    def enters(self, at: datetime, zone: ZoneInfo) -> datetime:
        """From when on the stretch holds what happened at `at`."""
        unit, back = DURING[self.word]
        return _begins(unit, _number(unit, at, zone) + back, zone)

    def leaves(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The instant at which it no longer holds what happened at `at`."""
        unit, back = DURING[self.word]
        return _begins(unit, _number(unit, at, zone) + back + 1, zone)

    @property
    def lies_back(self) -> bool:
        """Whether what happens now comes to lie in it only later."""
        return DURING[self.word][1] > 0

    @property
    def reach(self) -> timedelta:
        """A length that no stretch of this word reaches further back than."""
        unit, back = DURING[self.word]
        return (back + 1) * _LONGEST[unit] * _DAY + _ANY_ZONE


def during(raw: object) -> During:
    """Read the word of a stretch. Raises WordProblem."""
    if isinstance(raw, str) and raw in DURING:
        return During(raw)
    near = get_close_matches(raw, DURING, 1) if isinstance(raw, str) else []
    hint = f"did you mean “{near[0]}”?" if near else f"one of: {', '.join(DURING)}"
    raise WordProblem(f"{shown(raw)} is no stretch of the calendar", hint)


def _number(unit: str, at: datetime, zone: ZoneInfo) -> int:
    """The running number of the day, week, month or year in which `at` lies."""
    day = _day_of(at, zone)
    if unit == "day":
        return day.toordinal()
    if unit == "week":
        return (day.toordinal() - 1) // 7
    return day.year * 12 + day.month - 1 if unit == "month" else day.year


def _day_of(at: datetime, zone: ZoneInfo) -> date:
    """The local day; once it has begun, a clock put back over midnight does not undo it."""
    day = at.astimezone(zone).date()
    return day + _DAY if at >= instant_of(day + _DAY, time(), zone) else day


def _begins(unit: str, number: int, zone: ZoneInfo) -> datetime:
    try:
        if unit == "day":
            first = date.fromordinal(number)
        elif unit == "week":
            first = date.fromordinal(number * 7 + 1)
        else:
            year, month = divmod(number, 12) if unit == "month" else (number, 0)
            first = date(year, month + 1, 1)
        return min(max(instant_of(first, time(), zone), FIRST_INSTANT), LAST_INSTANT)
    except (ValueError, OverflowError):
        return FIRST_INSTANT if number < 1 else LAST_INSTANT
