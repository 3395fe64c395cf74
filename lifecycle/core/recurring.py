"""How often a broadcast comes back: by the day, by the week, by the month."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from lifecycle.core.words import WEEKDAYS, WordProblem, shown, time_of_day, weekday

_DAILY = re.compile(r"day\s+at\s+(\S+)")
_WEEKLY = re.compile(r"week\s+on\s+(\S+)\s+at\s+(\S+)")
_MONTHLY = re.compile(
    r"month\s+on\s+the\s+(?:(first|second|third|fourth|last)\s+(\S+)|(\d{1,2})(?:st|nd|rd|th)?)"
    r"\s+at\s+(\S+)"
)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
PLACEHOLDERS = {
    "yyyy-mm-dd": (r"\d{4}-\d{2}-\d{2}", "%Y-%m-%d"),
    "yyyy-mm": (r"\d{4}-\d{2}", "%Y-%m"),
    "yyyy": (r"\d{4}", "%Y"),
    "mm": (r"\d{2}", "%m"),
    "dd": (r"\d{2}", "%d"),
    "ww": (r"\d{2}", "%V"),
}
"""What a template's name may leave to the day: how it looks, and how it is written."""
_ORDINALS = ("first", "second", "third", "fourth")
_LONGEST = 62
"""Days from one occurrence to the next, at most."""
HINT = '"month on the first monday at 09:00", "week on tuesday at 10:00", "day at 08:00"'


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Days that come back, and the time of day, on each reader's own clock.

    `weekday` alone: every week; with `which` (0 for the first, -1 for the last): that one of the
    month; `day` of the month, or its last day where it has fewer.
    """

    at: time
    weekday: int | None = None
    which: int | None = None
    day: int | None = None

    def falls_on(self, on: date) -> bool:
        """Whether it comes on a day."""
        if self.day is not None:
            last = (on.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
            return on.day == min(self.day, last.day)
        if self.weekday is None:
            return True
        if on.weekday() != self.weekday:
            return False
        if self.which is None:
            return True
        if self.which == -1:
            return (on + timedelta(days=7)).month != on.month
        return (on.day - 1) // 7 == self.which

    def next_on(self, after: date) -> date:
        """The first day at or after `after` on which it comes."""
        for days in range(_LONGEST):
            if self.falls_on(day := after + timedelta(days=days)):
                return day
        raise AssertionError("every recurrence comes within two months")

    def local(self, on: date) -> datetime:
        """The local time of the occurrence on a day."""
        return datetime.combine(on, self.at)


def read_recurrence(raw: object) -> Recurrence:
    """Read "month on the first monday at 09:00". Raises WordProblem."""
    text = raw.strip().lower() if isinstance(raw, str) else ""
    if match := _DAILY.fullmatch(text):
        return Recurrence(time_of_day(match[1]))
    if match := _WEEKLY.fullmatch(text):
        return Recurrence(time_of_day(match[2]), WEEKDAYS.index(weekday(match[1])))
    if match := _MONTHLY.fullmatch(text):
        at = time_of_day(match[4])
        if match[3]:
            day = int(match[3])
            if not 1 <= day <= 31:
                raise WordProblem(f"{shown(raw)}: no month has a day {day}", HINT)
            return Recurrence(at, day=day)
        if match[1] == "last" and match[2] == "day":
            return Recurrence(at, day=31)
        which = -1 if match[1] == "last" else _ORDINALS.index(match[1])
        return Recurrence(at, WEEKDAYS.index(weekday(match[2])), which)
    raise WordProblem(f"{shown(raw)} says nothing that comes back", HINT)


def template_for(name: str, on: date) -> str:
    """The template of the occurrence on a day: `newsletter/{yyyy-mm}` is `newsletter/2027-05`.

    `{ww}` is the week of ISO 8601; beside it `{yyyy}` is the year that the week belongs to.
    """
    weekly = "{ww}" in name

    def written(found: re.Match[str]) -> str:
        known = PLACEHOLDERS.get(found[1])
        if known is None:
            return found[0]
        return on.strftime("%G" if weekly and found[1] == "yyyy" else known[1])

    return _PLACEHOLDER.sub(written, name)


def template_pattern(name: str) -> re.Pattern[str] | None:
    """What the names of a recurring template look like; None where the name leaves nothing open."""
    if not any(one in PLACEHOLDERS for one in _PLACEHOLDER.findall(name)):
        return None
    out, at = [], 0
    for found in _PLACEHOLDER.finditer(name):
        known = PLACEHOLDERS.get(found[1])
        out += [re.escape(name[at : found.start()]), known[0] if known else re.escape(found[0])]
        at = found.end()
    return re.compile("".join([*out, re.escape(name[at:])]))
