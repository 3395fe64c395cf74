"""Local time read plainly: a clock on the wall, looked at minute by minute from its first tick on.

It shares no code with the engine's own arithmetic and knows three sentences of the contract: a time
that the clock skips means the next moment there is; one that comes twice means the first, once; a
span's start is inside, its end outside.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

ZONES = sorted(available_timezones())
FIRST_YEAR, LAST_YEAR = 2026, 2030
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)


def local(at: datetime, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows."""
    return at.astimezone(zone).replace(tzinfo=None)


@cache
def changes(name: str) -> tuple[datetime, ...]:
    """The instants from 2026 to 2030 from which on a zone's clock is another one."""
    zone, found = ZoneInfo(name), []
    at = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    while at.year <= LAST_YEAR:
        low, high = at, at + WEEK
        before = low.astimezone(zone).utcoffset()
        while high.astimezone(zone).utcoffset() != before and high - low > MINUTE:
            middle = low + (high - low) // MINUTE // 2 * MINUTE
            same = middle.astimezone(zone).utcoffset() == before
            low, high = (middle, high) if same else (low, middle)
        if high < at + WEEK:
            found.append(high)
        at += WEEK
    return tuple(found)


@dataclass(frozen=True)
class Wall:
    """A clock on the wall from a whole minute on, for so many minutes.

    `shown` is what it shows; `reached` is the furthest it has shown by then: a local time has come
    the moment it is reached, skipped or not, and comes no second time.
    """

    zone: ZoneInfo
    begins: datetime
    shown: list[datetime]
    reached: list[datetime]

    @classmethod
    def of(cls, zone: ZoneInfo, begins: datetime, minutes: int) -> Wall:
        """Look at the clock every minute."""
        assert begins.second == begins.microsecond == 0
        shown = [local(begins + n * MINUTE, zone) for n in range(minutes)]
        reached, furthest = [], shown[0]
        for one in shown:
            furthest = max(furthest, one)
            reached.append(furthest)
        return cls(zone, begins, shown, reached)

    def instant(self, number: int) -> datetime:
        """The instant of a minute by its number."""
        return self.begins + number * MINUTE

    def when(self, wanted: datetime) -> datetime:
        """The instant at which a local time comes."""
        assert self.reached[0] < wanted <= self.reached[-1]
        return self.instant(bisect_left(self.reached, wanted))

    def comes(self, at: time, number: int) -> bool:
        """Whether a time of day comes at a minute."""
        return bool(self._passed(at, number))

    def _passed(self, at: time, number: int) -> list[datetime]:
        """The local moments of that time of day that a minute brings: one, if any."""
        if number == 0:
            return []
        before, now = self.reached[number - 1], self.reached[number]
        if before == now:
            return []
        days = {before.date(), now.date()}
        found = (datetime.combine(day, at) for day in days)
        return [one for one in found if before < one <= now]

    def quiet(self, start: time, end: time) -> list[bool]:
        """Whether a daily span is on, minute by minute, its start turning it on, its end off."""
        on = _shows(self.shown[0].time(), start, end)
        found = [on]
        for number in range(1, len(self.shown)):
            turns = [(one, True) for one in self._passed(start, number)]
            turns += [(one, False) for one in self._passed(end, number)]
            on = max(turns)[1] if turns else on
            found.append(on)
        return found

    def first(
        self,
        after: datetime,
        holds: Callable[[int], bool],
        at: time | None,
    ) -> datetime | None:
        """The first instant from `after` on at which `holds` is true and a time of day comes.

        None where there is none while the clock was looked at.
        """
        for number in self._minutes(after):
            instant = self.instant(number)
            if at is not None and (instant < after or not self.comes(at, number)):
                continue
            if holds(number):
                return max(instant, after)
        return None

    def _minutes(self, after: datetime) -> Iterator[int]:
        begins = (after - self.begins) // MINUTE
        assert begins > 0
        return iter(range(begins, len(self.shown)))

    def weekday(self, number: int) -> str:
        """The day of the week that the clock shows."""
        return ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[self.day(number).weekday()]

    def day(self, number: int) -> date:
        """The day that the clock shows."""
        return self.shown[number].date()


def _shows(clock: time, start: time, end: time) -> bool:
    if start < end:
        return start <= clock < end
    return clock >= start or clock < end
