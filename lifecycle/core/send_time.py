"""When a step's moment has come: after its wait, its clock time, its weekdays, and quiet hours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lifecycle.core.words import WEEKDAYS, Span, WordProblem, instant_of, next_time, span
from lifecycle.core.words import time_of_day as read_time

SEARCH_DAYS = 370
PRIOR_WEIGHT = 6.0
"""How many traces the shop's own hour weighs against a person's clicks and orders."""
NEIGHBOUR_WEIGHT = 0.5
LATEST_TRACES = 100
_BEST = re.compile(r"best hour(?: between (\S+) and (\S+))?")


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, or the customer's best hour, inside a span if one is said."""

    fixed: time | None = None
    between: Span | None = None

    @property
    def best(self) -> bool:
        """Whether the hour is chosen for the customer."""
        return self.fixed is None


def read_clock(raw: object) -> Clock:
    """Read `at`: "10:00", "best hour", "best hour between 08:00 and 20:00". Raises WordProblem."""
    text = raw.strip() if isinstance(raw, str) else ""
    if text.startswith("best day"):
        raise WordProblem("“best day and hour” is not carried out yet", 'write at = "best hour"')
    if text.startswith("T"):
        raise WordProblem("times around an anchor day (“T-7 days”) are not carried out yet")
    match = _BEST.fullmatch(text)
    if match is None:
        return Clock(read_time(raw))
    return Clock(None, span(f"{match[1]}-{match[2]}") if match[1] else None)


@dataclass(frozen=True, slots=True)
class Allowed:
    """When a letter may go, on the customer's clock: time, weekdays, days left out, quiet hours."""

    at: time | None = None
    on: tuple[str, ...] = ()
    not_on: tuple[date, ...] = ()
    quiet: Span | None = None

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
        day = now.astimezone(zone).date()
        if (self.on and WEEKDAYS[day.weekday()] not in self.on) or day in self.not_on:
            return instant_of(day + timedelta(days=1), time(), zone)
        ends = self.quiet.covering(now, zone) if self.quiet else None
        return ends or now


def best_hour(
    traces: Sequence[datetime],
    zone: ZoneInfo,
    default: time,
    between: Span | None,
    quiet: Span | None,
) -> time:
    """The hour at which a customer tends to click and buy, shrunk towards the shop's own hour.

    Each trace votes for its local hour, by half for the hours beside it; the shop's hour has
    PRIOR_WEIGHT votes, so that little is never taken for much. Ties go to the shop's hour, then
    to the earlier one. Hours outside `between` or in the `quiet` hours are never chosen.
    """
    votes = [0.0] * 24
    for trace in traces[-LATEST_TRACES:]:
        hour = trace.astimezone(zone).hour
        votes[hour] += 1.0
        votes[(hour - 1) % 24] += NEIGHBOUR_WEIGHT
        votes[(hour + 1) % 24] += NEIGHBOUR_WEIGHT
    votes[default.hour] += PRIOR_WEIGHT
    hours = [
        hour
        for hour in range(24)
        if (between is None or _inside(time(hour), between))
        and (quiet is None or not _inside(time(hour), quiet))
    ]
    if not hours:
        return between.start if between else default
    best = max(hours, key=lambda hour: (votes[hour], hour == default.hour, -hour))
    return default if best == default.hour and best in hours else time(best)


def _inside(at: time, inside: Span) -> bool:
    if inside.start < inside.end:
        return inside.start <= at < inside.end
    return at >= inside.start or at < inside.end
