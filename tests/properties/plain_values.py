"""Values as the contract reads them: slow, obvious, sharing nothing with the product's reading."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

MICRO = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
DAY_OF_YEAR = re.compile(r"[0-9]{2}-[0-9]{2}")
MILLISECONDS_FROM = 10**11
OPS = frozenset(
    (
        *("is", "is_not", "is_one_of", "is_none_of", "contains", "starts_with", "ends_with"),
        *("at_least", "at_most", "more_than", "less_than", "is_set", "before", "after"),
        *("within_last", "within_next", "anniversary_within_next", "same_as"),
    )
)


def is_known(value: Any) -> bool:
    """Empty text counts as unknown."""
    return value is not None and value != ""


def number(value: Any) -> Fraction | None:
    """Numbers and numeric text are numbers; true and false are none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if isinstance(value, float):
        return Fraction(repr(value)) if value == value and abs(value) != float("inf") else None
    if isinstance(value, str) and NUMBER.fullmatch(value.strip()):
        return Fraction(value.strip())
    return None


def millionths(value: Any) -> int | None:
    """A number in exact millionths, half to even."""
    found = number(value)
    return None if found is None else round(found * 1_000_000)


def text(value: Any) -> str:
    """Text compares after NFC."""
    return unicodedata.normalize("NFC", str(value))


def same(one: Any, other: Any, zone: ZoneInfo) -> bool:
    """Whether two values are the same: as instants, as numbers, as text, as they are."""
    if isinstance(one, date) or isinstance(other, date):
        first, second = instant(one, zone), instant(other, zone)
        return first is not None and first == second
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if number(one) is not None or number(other) is not None:
        return number(one) == number(other)
    if isinstance(one, str) and isinstance(other, str):
        return text(one) == text(other)
    return type(one) is type(other) and bool(one == other)


def length(said: str) -> timedelta:
    """A length with a number and a unit; a day is 24 hours."""
    count, unit = said.split()
    return timedelta(seconds=int(count) * UNITS[unit.removesuffix("s")])


def local(clock: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the local clock shows a time: skipped = the next, twice = the first."""
    first = clock.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == clock:
        return first
    low, high = first - timedelta(hours=30), first + timedelta(hours=30)
    while high - low > MICRO:
        middle = low + (high - low) // 2
        if middle.astimezone(zone).replace(tzinfo=None) < clock:
            low = middle
        else:
            high = middle
    return high


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins."""
    return local(datetime.combine(day, time()), zone)


def instant(value: Any, zone: ZoneInfo) -> datetime | None:
    """An instant as written or sent; without an offset it is the customer's clock."""
    try:
        if isinstance(value, datetime):
            return value.astimezone(UTC) if value.tzinfo else local(value, zone)
        if isinstance(value, date):
            return midnight(value, zone)
        told = number(value)
        if told is not None:
            seconds = float(told)
            if abs(seconds) >= MILLISECONDS_FROM:
                seconds /= 1000
            return EPOCH + timedelta(microseconds=round(seconds * 1_000_000))
        if isinstance(value, str):
            return instant(datetime.fromisoformat(value.strip()), zone)
    except (ValueError, OverflowError):
        return None
    return None


def anniversary_in(value: Any, now: datetime, until: datetime, zone: ZoneInfo) -> bool:
    """Whether a day comes again, by the customer's calendar, at now or later and before until."""
    return any(now <= at < until for at in anniversaries(value, zone, now.year - 1, until.year + 1))


def anniversaries(value: Any, zone: ZoneInfo, first: int, last: int) -> list[datetime]:
    """The returns of a day in these years: after its first time, at its local time of day.

    A day without a year returns every year; the 29th of February on the 28th where there is none.
    """
    if isinstance(value, str) and DAY_OF_YEAR.fullmatch(value.strip()):
        try:
            born = datetime.fromisoformat(f"2000-{value.strip()}")
        except ValueError:
            return []
        return [_in_year(born, year, zone) for year in range(first, last + 1)]
    at = instant(value, zone)
    if at is None:
        return []
    born = at.astimezone(zone).replace(tzinfo=None)
    if (said := _written(value)) is not None:
        born = said
    return [_in_year(born, year, zone) for year in range(max(first, born.year + 1), last + 1)]


def _written(value: Any) -> datetime | None:
    """The day and time as written, where they are the customer's own clock."""
    if isinstance(value, str) and number(value) is None:
        found = datetime.fromisoformat(value.strip())
        return None if found.tzinfo else found
    return None


def _in_year(born: datetime, year: int, zone: ZoneInfo) -> datetime:
    try:
        return local(born.replace(year=year), zone)
    except ValueError:
        return local(born.replace(year=year, day=28), zone)


def found_at(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Each value at a path, through lists too."""
    if not path:
        yield value
    elif isinstance(value, list):
        for entry in value:
            yield from found_at(entry, path)
    elif isinstance(value, Mapping):
        yield from found_at(value.get(path[0]), path[1:])


def entries(value: Any) -> list[Any]:
    """The entries of a list, lists in it opened; what is no list is its own one entry."""
    if not isinstance(value, list):
        return [value]
    return [one for entry in value for one in entries(entry)] or [None]


def lengths_in(raw: Any) -> Iterator[str]:
    """Every length that a rule says, as text."""
    if isinstance(raw, Mapping):
        for one in raw.values():
            yield from lengths_in(one)
    elif isinstance(raw, list):
        for one in raw:
            yield from lengths_in(one)
    elif isinstance(raw, str):
        said = raw.removesuffix(" ago")
        words = said.split()
        plain = len(words) == 2 and words[0].isdigit() and words[1].removesuffix("s") in UNITS
        if plain or (len(words) == 3 and words[1] == "x"):
            yield said
