"""When a step's moment has come: after its wait, its clock time, its weekdays, and quiet hours."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lifecycle.core.anchor import AnchorTime, is_anchored, read_anchored
from lifecycle.core.words import WEEKDAYS, Span, WordProblem, instant_of, length, next_time, span
from lifecycle.core.words import time_of_day as read_time

SEARCH_DAYS = 370
MOST_DAYS_INSIDE = timedelta(days=14)
_BEST_DAY = re.compile(r"best day and hour inside (\d+ (?:day|week)s?)")
_BEST = re.compile(r"best hour(?: between (\S+) and (\S+))?")


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, or the customer's best hour, inside a span if one is said."""

    fixed: time | None = None
    between: Span | None = None
    inside: timedelta | None = None
    """Where the day is chosen too: within so long from when the moment might come."""

    @property
    def best(self) -> bool:
        """Whether the hour is chosen for the customer."""
        return self.fixed is None


def read_clock(raw: object) -> Clock | AnchorTime:
    """Read `at`: "10:00", "best hour", "best hour between 08:00 and 20:00", "T-7 days 10:00".

    Raises WordProblem.
    """
    text = raw.strip() if isinstance(raw, str) else ""
    if is_anchored(text):
        return read_anchored(text)
    days = _BEST_DAY.fullmatch(text)
    if days is not None:
        inside = length(days[1], zero=False)
        if not timedelta(days=1) <= inside <= MOST_DAYS_INSIDE:
            hint = 'write at = "best day and hour inside 3 days"'
            raise WordProblem(f"“{text}”: from 1 to {MOST_DAYS_INSIDE.days} days", hint)
        return Clock(inside=inside)
    match = _BEST.fullmatch(text)
    if match is None:
        return Clock(read_time(raw))
    return Clock(None, span(f"{match[1]}-{match[2]}") if match[1] else None)


@dataclass(frozen=True, slots=True)
class Allowed:
    """When a letter may go, on the customer's clock: time or span, weekdays, days, quiet hours."""

    at: time | None = None
    on: tuple[str, ...] = ()
    not_on: tuple[date, ...] = ()
    quiet: Span | None = None
    holiday: Callable[[date], bool] | None = None
    between: Span | None = None

    def first(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """The first instant at or after `after` at which all hold at once; None within a year."""
        now = after
        limit = after + timedelta(days=SEARCH_DAYS)
        while now <= limit:
            later = self._pushed(now, zone)
            if later == now:
                return now
            now = later
        return None

    def _pushed(self, now: datetime, zone: ZoneInfo) -> datetime:
        if self.at is not None:
            at = next_time(now, self.at, zone)
            if at != now:
                return at
        if self.between is not None and self.between.covering(now, zone) is None:
            begins = next_time(now, self.between.start, zone)
            if begins != now:
                return begins
        day = now.astimezone(zone).date()
        if not self.on_day(day):
            return instant_of(day + timedelta(days=1), time(), zone)
        ends = self.quiet.covering(now, zone) if self.quiet else None
        return ends or now

    def on_day(self, day: date) -> bool:
        """Whether a local day is allowed."""
        if day in self.not_on or (self.holiday is not None and self.holiday(day)):
            return False
        return not self.on or WEEKDAYS[day.weekday()] in self.on
