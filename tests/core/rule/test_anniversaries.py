"""Days that come back every year, in the customer's own clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import View
from lifecycle.core.rule.yearly import yearly_in_data
from tests.core.rule.asking import MICRO, happened, holds, view

RULE = {"customer": "born", "anniversary_within_next": "7 days"}
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def returns(value: Any, now: datetime, zone: str = "UTC") -> datetime | None:
    yearly = yearly_in_data(value, ZoneInfo(zone))
    return None if yearly is None else yearly.next_return(now, ZoneInfo(zone))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("value", "now", "zone", "wanted"),
    [
        ("1990-05-10", "2026-05-04T12:00Z", "UTC", "2026-05-10T00:00Z"),
        (date(1990, 5, 10), "2026-05-04T12:00Z", "UTC", "2026-05-10T00:00Z"),
        ("1990-05-03", "2026-05-04T12:00Z", "UTC", "2027-05-03T00:00Z"),
        ("1990-05-10", "2026-05-04T12:00Z", "America/New_York", "2026-05-10T04:00Z"),
        ("1990-05-10T09:30:00", "2026-05-04T12:00Z", "Europe/Berlin", "2026-05-10T07:30Z"),
        # said with an offset: the local day and hour of that instant come back
        ("1990-05-10T23:00:00Z", "2026-05-04T12:00Z", "Europe/Berlin", "2026-05-10T23:00Z"),
        ("1990-01-10T23:00:00Z", "2026-01-04T12:00Z", "Europe/Berlin", "2026-01-10T23:00Z"),
        ("05-14", "2026-05-04T12:00Z", "UTC", "2026-05-14T00:00Z"),
        ("--05-14", "2026-05-14T00:00Z", "UTC", "2026-05-14T00:00Z"),
        ("05-14", "2026-05-14T00:00:00.000001Z", "UTC", "2027-05-14T00:00Z"),
        (642384000, "2026-05-04T12:00Z", "UTC", "2026-05-11T00:00Z"),
        ("2000-02-29", "2026-02-01T00:00Z", "UTC", "2026-02-28T00:00Z"),
        ("2000-02-29", "2028-02-01T00:00Z", "UTC", "2028-02-29T00:00Z"),
        ("02-29", "2027-02-28T00:00:01Z", "UTC", "2028-02-29T00:00Z"),
        ("2000-12-31", "2026-12-31T22:59Z", "Europe/Berlin", "2027-12-30T23:00Z"),
        ("2000-01-01", "2026-12-31T22:59Z", "Europe/Berlin", "2026-12-31T23:00Z"),
        ("2026-05-04", "2026-05-04T00:00Z", "UTC", "2027-05-04T00:00Z"),
        ("2030-05-10", "2026-05-04T12:00Z", "UTC", "2031-05-10T00:00Z"),
        # a time of day that the clock skips that night
        ("2000-03-29T02:30:00", "2026-03-01T00:00Z", "Europe/Berlin", "2026-03-29T01:00Z"),
    ],
)
def test_a_day_comes_back_at(value: Any, now: str, zone: str, wanted: str) -> None:
    assert returns(value, at(now), zone) == at(wanted)


@pytest.mark.parametrize("value", ["", "13-01", "02-30", "5-14", "May", True, None, ["05-14"], {}])
def test_what_is_no_day_never_comes_back(value: Any) -> None:
    assert returns(value, NOON) is None
    assert not holds(RULE, attributes={"born": value})


def test_no_day_comes_back_after_the_calendar_ends() -> None:
    assert returns("05-14", datetime(9998, 12, 30, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("now", "wanted"),
    [
        ("2026-05-03T00:00:00Z", False),
        ("2026-05-03T00:00:00.000001Z", True),
        ("2026-05-10T00:00:00Z", True),
        ("2026-05-10T00:00:00.000001Z", False),
    ],
)
def test_it_holds_from_just_after_so_long_before_to_the_moment_itself(
    now: str, wanted: bool
) -> None:
    assert holds(RULE, attributes={"born": "1990-05-10"}, now=at(now)) is wanted


def test_it_turns_twice_a_year_at_the_exact_instants() -> None:
    rule, seen = read_rule(RULE), view(attributes={"born": "2000-02-29"}, now=at("2026-01-01T00Z"))
    now, turns, held = seen.now, list[tuple[datetime, bool]](), False
    while now.year < 2029 and (wake := rule.may_turn_at(View(seen.facts, now))) is not None:
        assert wake > now
        now = wake
        if rule.matches(View(seen.facts, now)) is not held:
            held = not held
            turns.append((now, held))
    week = timedelta(days=7)
    days = [datetime(year, 2, 28, tzinfo=UTC) for year in (2026, 2027)]
    days.append(datetime(2028, 2, 29, tzinfo=UTC))
    wanted = [turn for day in days for turn in ((day - week + MICRO, True), (day + MICRO, False))]
    assert [turn for turn in turns if turn[0].year < 2029] == wanted


@given(
    day=st.dates(date(1900, 1, 1), date(2030, 12, 31)),
    hour=st.none() | st.times(),
    zone=st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia")),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2031, 1, 1)),
    length=st.integers(1, 400),
)
def test_wake_ups_find_every_turn_within_two_years(
    day: date, hour: Any, zone: str, now: datetime, length: int
) -> None:
    born = day.isoformat() if hour is None else datetime.combine(day, hour).isoformat()
    begins = now.replace(tzinfo=UTC)
    seen = view(attributes={"born": born}, zone=zone, now=begins)
    rule = read_rule({"customer": "born", "anniversary_within_next": f"{length} days"})

    def asked(instant: datetime) -> bool:
        return rule.matches(View(seen.facts, instant))

    place, until = begins, begins + timedelta(days=800)
    while place < until:
        wake = rule.may_turn_at(View(seen.facts, place))
        end = until if wake is None else min(wake, until)
        between = [place + (end - place) * part / 7 for part in range(7)] + [end - MICRO]
        assert {asked(instant) for instant in between if instant < end} == {asked(place)}
        place = end


def test_more_than_a_year_always_holds_once_the_day_is_known() -> None:
    rule = {"customer": "born", "anniversary_within_next": "400 days"}
    for day in range(0, 800, 9):
        now = NOON + timedelta(days=day)
        assert holds(rule, attributes={"born": "02-29"}, now=now)
    assert not holds(rule)


def test_it_stands_wherever_comparisons_stand() -> None:
    soon = {"anniversary_within_next": "7 days"}
    order = happened("order_placed", NOON - timedelta(days=362), day="2025-05-08")
    assert holds({"did": "order_placed", "where": {"day": soon}}, [order], now=NOON)
    assert holds({"event": "day", **soon}, entry=order, now=NOON)
    assert holds({"not": {"event": "day", **soon}}, entry=None, now=NOON)


def test_its_length_may_be_the_persons_own() -> None:
    rule = {"customer": "born", "anniversary_within_next": "0.5 x gap"}
    born = {"born": "1990-05-10"}
    assert holds(rule, attributes={**born, "gap": 12}, now=NOON)
    assert not holds(rule, attributes={**born, "gap": 8}, now=NOON)
    assert not holds(rule, attributes=born, now=NOON)
    assert read_rule(rule).needs().attributes == {("born",), ("gap",)}


def test_why_says_the_length_and_the_day() -> None:
    told = read_rule(RULE).why(view(attributes={"born": "1990-05-10"}, now=NOON))
    assert told.asks == "customer born anniversary_within_next 7 days"
    assert (told.saw, told.holds) == ("1990-05-10", True)
