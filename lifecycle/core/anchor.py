"""Times around an anchor day, as series and date flows say them: "T-7 days 10:00"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from lifecycle.core.words import (
    LAST_INSTANT,
    Moment,
    WordProblem,
    instant_of,
    length,
    shown,
    time_of_day,
)

_ANCHORED = re.compile(
    r"T(?:\s*([+-])\s*(\d+\s+(?:second|minute|hour|day|week)s?))?(?:\s+(\d{1,2}:\d{2}))?"
)
_DAY = timedelta(days=1)
HINT = 'write "T-7 days 10:00", "T 09:00" or "T-2 hours"'


@dataclass(frozen=True, slots=True)
class AnchorTime:
    """So long before or after the anchor, and at a time of day if one is said."""

    offset: timedelta
    clock: time | None = None

    def at(self, anchor: Moment, zone: ZoneInfo) -> datetime:
        """The instant of it for somebody in `zone`.

        Days and weeks are days of the local calendar, so that the time of day stays what it is
        over a change of the clock; hours and less are exact. An anchor with an offset is one
        instant, and its day is the local one.
        """
        whole = not self.offset % _DAY
        try:
            if anchor.value.tzinfo is None:
                local = anchor.value
            else:
                local = anchor.at(zone).astimezone(zone).replace(tzinfo=None)
            if self.clock is None and not whole:
                return anchor.at(zone) + self.offset
            day = (local + self.offset).date()
            return instant_of(day, local.time() if self.clock is None else self.clock, zone)
        except OverflowError:
            return LAST_INSTANT

    def moment(self, anchor: Moment) -> Moment:
        """The moment of it around an anchor that is a local day or time: local as well."""
        value = anchor.value + self.offset
        if self.clock is not None:
            value = datetime.combine(value.date(), self.clock, tzinfo=value.tzinfo)
        return Moment(value)

    def words(self) -> str:
        """The time as it is written."""
        sign = "-" if self.offset < timedelta() else "+"
        size = abs(self.offset)
        shift = f"{sign}{size // _DAY} days" if not size % _DAY else f"{sign}{size}"
        text = "T" if not self.offset else f"T{shift}"
        return text if self.clock is None else f"{text} {self.clock:%H:%M}"


def is_anchored(raw: object) -> bool:
    """Whether a text speaks of an anchor: it begins with a T that no word follows."""
    return isinstance(raw, str) and re.match(r"T(\s|[+-]|\d|$)", raw.strip()) is not None


def read_anchored(raw: object) -> AnchorTime:
    """Read "T-7 days 10:00". Raises WordProblem."""
    match = _ANCHORED.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if match is None:
        raise WordProblem(f"{shown(raw)} is no time around T", HINT)
    offset = length(match[2]) if match[2] else timedelta()
    clock = time_of_day(match[3]) if match[3] else None
    if clock is not None and offset % _DAY:
        raise WordProblem(f"“{raw}” says hours and a time of day too", HINT)
    return AnchorTime(-offset if match[1] == "-" else offset, clock)
