"""The small words of the language: lengths, instants, times of day, spans, weekdays, paths."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_INSTANT = datetime(1, 1, 2, tzinfo=UTC)
LAST_INSTANT = datetime(9999, 12, 30, tzinfo=UTC)
"""Instants as written lie between these, so that a zone away from them is still an instant."""
ANY_ZONE = timedelta(hours=26)
"""No local clock is further than this from UTC, skipped days included."""
LONGEST_LENGTH_DAYS = 36_500
PATH_DEPTH = 16
SPANS_REMEMBERED = 1_000
DEPTH_HINT = "send what you ask for as a property of its own"
UNIX_MILLISECONDS_FROM = 100_000_000_000
"""A number at least this large is read as Unix milliseconds, a smaller one as seconds."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UTC = ZoneInfo("UTC")
_UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_LENGTH = re.compile(r"(\d{1,9})\s+([a-z]+)")
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)


class WordProblem(ValueError):
    """A word that says nothing we know: `problem` tells what, `hint` what to write."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


def shown(value: object) -> str:
    """A value of a file as people write it, for telling what is wrong with it."""
    if isinstance(value, str):
        return f"“{value}”"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list | tuple) else str(value)


def length(text: object, *, zero: bool = True) -> timedelta:
    """Read a length such as "2 days"; days are 24 hours. Raises WordProblem.

    >>> length("36 hours")
    datetime.timedelta(days=1, seconds=43200)
    """
    hint = 'write a whole number and a unit: "30 minutes", "2 days", "1 week"'
    if not isinstance(text, str):
        raise WordProblem(f"a length is text, not {shown(text)}", hint)
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        if " x " in text:
            raise WordProblem(
                "a length of the person (“… x orders.usual_gap”) stands in rules alone, not here",
                hint,
            )
        raise WordProblem(f"“{text}” is not a length", hint)
    unit = match[2].removesuffix("s")
    if unit in ("month", "year"):
        raise WordProblem(f"“{text}”: months and years differ in length", 'write days: "30 days"')
    if unit not in _UNITS:
        raise WordProblem(f"“{match[2]}” is not a unit of time", hint)
    count = int(match[1])
    if count * _UNITS[unit] / timedelta(days=1) > LONGEST_LENGTH_DAYS:
        raise WordProblem(f"“{text}” is longer than {LONGEST_LENGTH_DAYS} days", hint)
    if count == 0 and not zero:
        raise WordProblem("a window of no length holds nothing", hint)
    return count * _UNITS[unit]


def length_words(length: timedelta) -> str:
    """A length as one writes it, in the largest unit that divides it.

    >>> length_words(timedelta(hours=36))
    '36 hours'
    """
    for unit, one in reversed(_UNITS.items()):
        count, left = divmod(length, one)
        if not left and (count or unit == "second") and not (unit == "week" and count == 1):
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{length.total_seconds()} seconds"


def about(count: int) -> str:
    """A count to two digits, since it is a guess."""
    digits = len(str(count)) - 2
    return f"{round(count, -digits) if digits > 0 else count:,}"


def time_of_day(text: object) -> time:
    """Read a time of day such as "09:00". Raises WordProblem."""
    match = _TIME.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise WordProblem(f"{shown(text)} is not a time of day", 'write it in quotes: "09:00"')
    return time(int(match[1]), int(match[2]))


@dataclass(frozen=True, slots=True)
class Span:
    """A daily span of local time; its start is inside, its end outside; it may cross midnight."""

    start: time
    end: time

    def covering(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """The instant at which the span around `now` ends, or None when `now` is outside."""
        return _covering(self, now, zone)


@lru_cache(maxsize=SPANS_REMEMBERED)
def _covering(span: Span, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Asked of every letter, and the same for all readers in a zone at one instant."""
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        until = day if span.start < span.end else day + timedelta(days=1)
        begins = instant_of(day, span.start, zone)
        ends = instant_of(until, span.end, zone)
        if begins <= now < ends:
            return ends
    return None


def span(text: object) -> Span:
    """Read a span such as "21:00-08:00". Raises WordProblem."""
    hint = 'write "21:00-08:00"'
    parts = text.split("-") if isinstance(text, str) else []
    if len(parts) != 2:
        raise WordProblem(f"{shown(text)} is not a span of time", hint)
    start, end = time_of_day(parts[0]), time_of_day(parts[1])
    if start == end:
        raise WordProblem("a span that ends where it begins says nothing", hint)
    return Span(start, end)


def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC instant of a local time: a skipped one is the next there is, a double the first."""
    local = datetime.combine(day, at)
    early = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == local:
        return early
    low = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    high, before = early, low.astimezone(zone).utcoffset()
    while high - low > MICROSECOND:
        middle = low + (high - low) // 2
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def next_time(after: datetime, at: time, zone: ZoneInfo) -> datetime:
    """The first instant at or after `after` at which the local clock shows `at`.

    It begins with the day before: a time skipped around midnight comes in the day after its own.
    """
    day = max(after.astimezone(zone).date(), FIRST_INSTANT.date()) - timedelta(days=1)
    while (moment := instant_of(day, at, zone)) < after:
        day += timedelta(days=1)
    return moment


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as written: with an offset one instant, without one the customer's own clock."""

    value: datetime

    def at(self, zone: ZoneInfo) -> datetime:
        """The UTC instant of it for somebody in `zone`; at the ends of the calendar, its end."""
        try:
            if self.value.tzinfo is not None:
                at = self.value.astimezone(UTC)
            else:
                at = instant_of(self.value.date(), self.value.time(), zone)
        except OverflowError:
            return FIRST_INSTANT if self.value.year < EPOCH.year else LAST_INSTANT
        return min(max(at, FIRST_INSTANT), LAST_INSTANT)

    def earliest(self) -> datetime:
        """An instant that is not later than this moment is in any zone."""
        if self.value.tzinfo is not None:
            return self.at(_UTC)
        if self.value.year <= FIRST_INSTANT.year:
            return FIRST_INSTANT
        return max(self.value.replace(tzinfo=UTC) - ANY_ZONE, FIRST_INSTANT)


def moment(value: object) -> Moment:
    """Read an instant as written in a file: date-time, date, RFC 3339. Raises WordProblem."""
    found = moment_in_data(value) if not isinstance(value, int | float) else None
    if found is None:
        raise WordProblem(
            f"{shown(value)} is not an instant", "write 2026-05-04 or 2026-05-04T09:00:00"
        )
    return found


def moment_in_data(value: object) -> Moment | None:
    """Read an instant in data; Unix seconds and milliseconds too; None if it is none."""
    try:
        if isinstance(value, bool) or value is None:
            return None
        if isinstance(value, datetime):
            return Moment(value)
        if isinstance(value, date):
            return Moment(datetime.combine(value, time()))
        if isinstance(value, str):
            text = value.strip()
            if _NUMBER.fullmatch(text):
                return moment_in_data(float(text))
            return Moment(datetime.fromisoformat(text))
        if isinstance(value, int | float):
            seconds = value / 1000 if abs(value) >= UNIX_MILLISECONDS_FROM else value
            return Moment(EPOCH + timedelta(microseconds=round(seconds * 1_000_000)))
    except (ValueError, OverflowError):
        return None
    return None


def weekday(text: object) -> str:
    """Read a weekday, "mon" or "monday". Raises WordProblem."""
    day = text.strip().lower() if isinstance(text, str) else ""
    short = WEEKDAYS[WEEKDAY_NAMES.index(day)] if day in WEEKDAY_NAMES else day
    if short not in WEEKDAYS:
        raise WordProblem(f"{shown(text)} is not a weekday", f"write one of {', '.join(WEEKDAYS)}")
    return short


def path(text: object) -> tuple[str, ...]:
    """Split a path such as "shipping.country" into its parts. Raises WordProblem."""
    if not isinstance(text, str) or not text:
        hint = "name what is asked, as the shop sends it"
        raise WordProblem(f"a path is text such as “shipping.country”, not {shown(text)}", hint)
    parts = tuple(text.split("."))
    if "" in parts:
        raise WordProblem(f"“{text}” has an empty part", "write one dot between two names")
    if len(parts) > PATH_DEPTH:
        raise WordProblem(f"“{text}” is deeper than {PATH_DEPTH} parts", DEPTH_HINT)
    return parts


def number(value: object) -> Decimal | None:
    """The finite number that a value is or says; None when none (true and false are none)."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        try:
            return Decimal(value.strip())
        except InvalidOperation:
            return None
    return None


def micros(instant: datetime) -> int:
    """Microseconds since the epoch of an aware instant."""
    return (instant - EPOCH) // MICROSECOND


def from_micros(value: int) -> datetime:
    """The aware UTC instant of microseconds since the epoch."""
    return EPOCH + timedelta(0, 0, value)


def rfc3339(instant: datetime) -> str:
    """An instant in RFC 3339, UTC with Z; microseconds only where there are some."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def zone_of(*names: str | None) -> ZoneInfo:
    """The first of the named IANA zones that exists; UTC if none does."""
    for name in names:
        found = _zone(name) if name else None
        if found is not None:
            return found
    return ZoneInfo("UTC")


_ZONES: dict[str, ZoneInfo | None] = {}
_ZONES_KEPT = 2_000
"""More than there are zones: customers may say any text, and not all of it is kept for ever."""


def _zone(name: str) -> ZoneInfo | None:
    try:
        return _ZONES[name]
    except KeyError:
        pass
    try:
        found = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        found = None
    if len(_ZONES) >= _ZONES_KEPT:
        _ZONES.clear()
    _ZONES[name] = found
    return found
