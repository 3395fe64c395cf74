"""When a step's moment has come: after its wait, its clock time, its weekdays, and quiet hours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lifecycle.core.anchor import AnchorTime, is_anchored, read_anchored
from lifecycle.core.words import WEEKDAYS, Span, WordProblem, instant_of, length, next_time, span
from lifecycle.core.words import time_of_day as read_time

SEARCH_DAYS = 370
PRIOR_WEIGHT = 6.0
"""How many traces the shop's own hour weighs against a person's clicks and orders."""
NEIGHBOUR_WEIGHT = 0.5
LATEST_TRACES = 100
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
    """When a letter may go, on the customer's clock: time, weekdays, days left out, quiet hours."""

    at: time | None = None
    on: tuple[str, ...] = ()
    not_on: tuple[date, ...] = ()
    quiet: Span | None = None
    holiday: Callable[[date], bool] | None = None

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
        left_out = day in self.not_on or (self.holiday is not None and self.holiday(day))
        if left_out or (self.on and WEEKDAYS[day.weekday()] not in self.on):
            return instant_of(day + timedelta(days=1), time(), zone)
        ends = self.quiet.covering(now, zone) if self.quiet else None
        return ends or now


def best_moment(
    traces: Sequence[datetime],
    zone: ZoneInfo,
    default: time,
    after: datetime,
    inside: timedelta,
    free: Allowed,
) -> datetime:
    """The best hour of the best day within `inside` from `after`, where all of `free` holds.

    The hour is the customer's best hour; each trace votes for its weekday, and of equal days the
    earliest is taken. Where none of the days within is allowed, the hour of the first day after.
    """
    hour = best_hour(traces, zone, default, None, free.quiet)
    at_hour = replace(free, at=hour)
    votes = Counter(trace.astimezone(zone).weekday() for trace in traces[-LATEST_TRACES:])
    found: list[tuple[int, datetime]] = []
    at = after
    while (moment := at_hour.first(at, zone)) is not None and moment < after + inside:
        local = moment.astimezone(zone).date()
        found.append((-votes[local.weekday()], moment))
        at = instant_of(local + timedelta(days=1), time(), zone)
    if found:
        return min(found)[1]
    return at_hour.first(after, zone) or free.first(after, zone) or after


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
