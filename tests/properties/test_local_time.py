"""Scheduling by local time keeps every condition at once, in every zone there is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.core.send_time import Allowed
from lifecycle.core.words import WEEKDAYS, Span, instant_of
from tests.properties.shops import EXAMPLES, MICRO

ZONES = sorted(available_timezones())
MINUTE = timedelta(minutes=1)
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 1)).map(
    lambda at: at.replace(tzinfo=UTC)
)
CLOCKS = st.times().map(lambda at: at.replace(second=0, microsecond=0))
SPANS = st.tuples(CLOCKS, CLOCKS).filter(lambda two: two[0] != two[1]).map(lambda two: Span(*two))


def inside(at: datetime, span: Span, zone: ZoneInfo) -> bool:
    """Whether the wall clock shows a time within a span; where it is unambiguous."""
    clock = at.astimezone(zone).time()
    if span.start < span.end:
        return span.start <= clock < span.end
    return clock >= span.start or clock < span.end


def steady(at: datetime, zone: ZoneInfo) -> bool:
    """Whether the zone's clock is not changed within a day and a half around an instant."""
    around = [at + timedelta(hours=hours) for hours in (-36, -18, 0, 18, 36)]
    return len({one.astimezone(zone).utcoffset() for one in around}) == 1


@settings(max_examples=EXAMPLES * 4)
@given(
    name=st.sampled_from(ZONES),
    after=INSTANTS,
    at=st.none() | CLOCKS,
    on=st.lists(st.sampled_from(WEEKDAYS), max_size=3, unique=True).map(tuple),
    not_on=st.integers(0, 3),
    quiet=st.none() | SPANS,
)
def test_the_first_allowed_instant_is_never_early_and_keeps_all_conditions(
    name: str,
    after: datetime,
    at: time | None,
    on: tuple[str, ...],
    not_on: int,
    quiet: Span | None,
) -> None:
    zone = ZoneInfo(name)
    today = after.astimezone(zone).date()
    left_out = tuple(today + timedelta(days=n) for n in range(not_on))
    allowed = Allowed(at, on, left_out, quiet)
    found = allowed.first(after, zone)
    if found is None:
        assert at is not None
        assert quiet is not None
        return
    assert found >= after
    local = found.astimezone(zone)
    assert not on or WEEKDAYS[local.weekday()] in on
    assert local.date() not in left_out
    assert quiet is None or quiet.covering(found, zone) is None
    if at is not None:
        day = local.date()
        assert found == instant_of(day, at, zone)
        if steady(found, zone):
            assert local.time() == at
    assert allowed.first(found, zone) == found


@settings(max_examples=EXAMPLES)
@given(
    name=st.sampled_from(ZONES),
    after=INSTANTS,
    on=st.lists(st.sampled_from(WEEKDAYS), max_size=2, unique=True).map(tuple),
    quiet=st.none() | SPANS,
)
def test_no_earlier_minute_would_have_been_allowed(
    name: str, after: datetime, on: tuple[str, ...], quiet: Span | None
) -> None:
    zone = ZoneInfo(name)
    after = after.replace(second=0, microsecond=0)
    found = Allowed(None, on, (), quiet).first(after, zone)
    assert found is not None
    one = after
    while one < found and one < after + timedelta(days=2):
        local = one.astimezone(zone)
        wrong_day = bool(on) and WEEKDAYS[local.weekday()] not in on
        quiet_now = quiet is not None and quiet.covering(one, zone) is not None
        assert wrong_day or quiet_now, one
        one += 7 * MINUTE


@settings(max_examples=EXAMPLES * 2)
@given(name=st.sampled_from(ZONES), now=INSTANTS, span=SPANS)
def test_quiet_hours_cover_what_the_wall_clock_shows(name: str, now: datetime, span: Span) -> None:
    zone = ZoneInfo(name)
    ends = span.covering(now, zone)
    if steady(now, zone):
        assert (ends is not None) is inside(now, span, zone)
    if ends is not None:
        assert ends > now
        assert span.covering(ends - MICRO, zone) == ends
        if steady(ends, zone):
            assert ends.astimezone(zone).time() == span.end
            assert span.covering(ends, zone) is None


def offset(at: datetime, zone: ZoneInfo) -> timedelta | None:
    """How far a zone's clock is from UTC at an instant."""
    return at.astimezone(zone).utcoffset()


def changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """The instants of a year at which a zone's clock is changed, to the minute."""
    found = []
    hour = datetime(year, 1, 1, tzinfo=UTC)
    while hour.year == year:
        if (
            hour.astimezone(zone).utcoffset()
            != (hour + timedelta(days=1)).astimezone(zone).utcoffset()
        ):
            low = hour
            while low.astimezone(zone).utcoffset() == (low + MINUTE).astimezone(zone).utcoffset():
                low += MINUTE
            found.append(low + MINUTE)
        hour += timedelta(days=1)
    return found


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago",
        "Africa/Casablanca", "Asia/Beirut", "America/Havana", "Pacific/Chatham", "Europe/Dublin",
    ],
)  # fmt: skip
def test_around_each_change_of_the_clock_every_local_time_comes_once(name: str) -> None:
    """A skipped time is the next moment there is; a double one the first, and only once."""
    zone = ZoneInfo(name)
    for change in changes(zone, 2026):
        day = change.astimezone(zone).date()
        for around in (day - timedelta(days=1), day):
            seen = []
            for minutes in range(0, 24 * 60, 5):
                at = time(minutes // 60, minutes % 60)
                found = instant_of(around, at, zone)
                seen.append(found)
                local = found.astimezone(zone).replace(tzinfo=None)
                wanted = datetime.combine(around, at)
                if local != wanted:
                    assert local > wanted
                    assert (found - MICRO).astimezone(zone).replace(tzinfo=None) < wanted
                else:
                    earlier = found - timedelta(minutes=1)
                    assert earlier.astimezone(zone).replace(tzinfo=None) != wanted
                    hour_before = (found - timedelta(hours=1)).astimezone(zone)
                    assert hour_before.replace(tzinfo=None) != wanted
            assert seen == sorted(seen)


def test_every_zone_has_every_day_but_those_that_were_skipped() -> None:
    for name in ZONES:
        zone = ZoneInfo(name)
        found = instant_of(date(2026, 5, 4), time(9), zone)
        assert found.astimezone(zone).replace(tzinfo=None) == datetime(2026, 5, 4, 9)
    apia = instant_of(date(2011, 12, 30), time(9), ZoneInfo("Pacific/Apia"))
    assert apia.astimezone(ZoneInfo("Pacific/Apia")).date() == date(2011, 12, 31)
