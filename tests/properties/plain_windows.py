"""Calendar windows as the contract names them, in the customer's zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.properties.plain_values import midnight

DAY = timedelta(days=1)


def calendar_window(said: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Where "today", "last week" and the like begin and end; a week begins on Monday."""
    today = now.astimezone(zone).date()
    if now >= midnight(today + DAY, zone):  # a clock put back over midnight
        today += DAY
    begins, ends = _days(said, today)
    return midnight(begins, zone), midnight(ends, zone)


def _days(said: str, today: date) -> tuple[date, date]:
    monday = today - today.weekday() * DAY
    first = today.replace(day=1)
    january = today.replace(month=1, day=1)
    year_ago = first.replace(year=first.year - 1)
    return {
        "today": (today, today + DAY),
        "yesterday": (today - DAY, today),
        "this week": (monday, monday + 7 * DAY),
        "last week": (monday - 7 * DAY, monday),
        "this month": (first, _after(first)),
        "last month": ((first - DAY).replace(day=1), first),
        "this year": (january, january.replace(year=january.year + 1)),
        "last year": (january.replace(year=january.year - 1), january),
        "this month last year": (year_ago, _after(year_ago)),
    }[said]


def _after(first: date) -> date:
    """The first day of the next month."""
    return (first + 31 * DAY).replace(day=1)
