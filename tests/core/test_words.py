"""The small words: lengths, instants, times of day, spans, weekdays, paths, numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core import words
from lifecycle.core.words import Moment, Span, WordProblem

BERLIN = ZoneInfo("Europe/Berlin")
INSTANTS = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)).map(
    lambda one: one.replace(tzinfo=UTC)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 second", timedelta(seconds=1)),
        ("30 minutes", timedelta(minutes=30)),
        ("47 hours", timedelta(hours=47)),
        ("2 days", timedelta(days=2)),
        ("1 weeks", timedelta(weeks=1)),
        ("2 day", timedelta(days=2)),
        ("0 days", timedelta()),
        (" 3  days ", timedelta(days=3)),
    ],
)
def test_a_length_is_a_whole_number_and_a_unit(text: str, expected: timedelta):
    assert words.length(text) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 month", "months and years differ"),
        ("2 years", "months and years differ"),
        ("1.5 days", "is not a length"),
        ("-1 days", "is not a length"),
        ("1 fortnight", "is not a unit of time"),
        ("days", "is not a length"),
        ("", "is not a length"),
        ("9999999 weeks", "is longer than"),
        ("1.5 x orders.usual_gap", "stands in rules alone"),
        (3, "a length is text"),
        (None, "a length is text"),
    ],
)
def test_what_is_no_length_is_told_apart(text: object, told: str):
    with pytest.raises(WordProblem, match=told):
        words.length(text)


def test_a_window_of_no_length_is_refused():
    with pytest.raises(WordProblem, match="holds nothing"):
        words.length("0 days", zero=False)


@pytest.mark.parametrize("text", ["24:00", "9", "09:60", "9:5", "noon", "", None, 9, time(9)])
def test_what_is_no_time_of_day_is_refused(text: object):
    with pytest.raises(WordProblem):
        words.time_of_day(text)


def test_a_time_of_day_may_have_one_digit():
    assert words.time_of_day("9:05") == words.time_of_day("09:05") == time(9, 5)


def test_a_skipped_time_is_the_next_there_is():
    assert words.instant_of(date(2026, 3, 29), time(2, 30), BERLIN) == datetime(
        2026, 3, 29, 1, 0, tzinfo=UTC
    )


def test_a_time_that_comes_twice_is_the_first():
    assert words.instant_of(date(2026, 10, 25), time(2, 30), BERLIN) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


@given(now=INSTANTS, hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_the_next_time_of_day_is_never_past_and_at_most_a_day_and_an_hour_away(
    now: datetime, hour: int, minute: int
):
    found = words.next_time(now, time(hour, minute), BERLIN)
    assert timedelta() <= found - now <= timedelta(hours=25)


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-06-01T18:59", None),
        ("2026-06-01T19:00", "2026-06-02T06:00"),
        ("2026-06-02T05:59", "2026-06-02T06:00"),
        ("2026-06-02T06:00", None),
        ("2026-03-29T00:30", "2026-03-29T06:00"),
    ],
)
def test_a_span_over_midnight_includes_its_start_and_excludes_its_end(now: str, ends: str | None):
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    expected = datetime.fromisoformat(ends).replace(tzinfo=UTC) if ends else None
    assert words.span("21:00-08:00").covering(at, BERLIN) == expected


def test_a_span_inside_one_day_ends_that_day():
    noon = Span(time(12), time(14))
    at = datetime(2026, 6, 1, 11, tzinfo=UTC)
    assert noon.covering(at, BERLIN) == datetime(2026, 6, 1, 12, tzinfo=UTC)
    assert noon.covering(at + timedelta(hours=1), BERLIN) is None


@pytest.mark.parametrize("text", ["21:00", "21:00-", "21:00-21:00", "21-8", "a-b", "", None, 5])
def test_what_is_no_span_is_refused(text: object):
    with pytest.raises(WordProblem):
        words.span(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_700_000_000, "2023-11-14T22:13:20+00:00"),
        (1_700_000_000_000, "2023-11-14T22:13:20+00:00"),
        ("1700000000", "2023-11-14T22:13:20+00:00"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05+00:00"),
        ("2026-01-02", "2026-01-01T23:00:00+00:00"),
        (date(2026, 1, 2), "2026-01-01T23:00:00+00:00"),
        (datetime(2026, 1, 2, 9), "2026-01-02T08:00:00+00:00"),
    ],
)
def test_an_instant_in_data_is_read_on_the_customers_clock_unless_it_says_more(
    value: object, expected: str
):
    found = words.moment_in_data(value)
    assert found is not None
    assert found.at(BERLIN).isoformat() == expected


@pytest.mark.parametrize("value", [None, True, "soon", "", "2026-13-01", 1e300, "1e99", [], {}])
def test_what_is_no_instant_is_none(value: object):
    assert words.moment_in_data(value) is None


@pytest.mark.parametrize("value", [5, 1.5, True, "soon", None])
def test_a_number_in_a_file_is_no_instant(value: object):
    with pytest.raises(WordProblem):
        words.moment(value)


def test_a_moment_without_offset_is_each_customers_own():
    at = Moment(datetime(2027, 4, 14, 9))
    assert at.at(BERLIN) - at.at(ZoneInfo("America/New_York")) == timedelta(hours=-6)


@pytest.mark.parametrize(
    ("text", "day"), [("mon", "mon"), ("Monday", "mon"), ("SUN", "sun"), ("sunday ", "sun")]
)
def test_a_weekday_is_short_or_whole(text: str, day: str):
    assert words.weekday(text) == day


@pytest.mark.parametrize("text", ["mo", "mond", "montag", "", None, 1])
def test_what_is_no_weekday_is_refused(text: object):
    with pytest.raises(WordProblem):
        words.weekday(text)


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", None, 5, ".".join("a" * 17)])
def test_what_is_no_path_is_refused(text: object):
    with pytest.raises(WordProblem):
        words.path(text)


def test_a_path_is_split_at_its_dots():
    assert words.path("shipping.country") == ("shipping", "country")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, "1"),
        (0.1, "0.1"),
        ("1.50", "1.50"),
        (" 2 ", "2"),
        ("-3e2", "-3E+2"),
        (True, None),
        (None, None),
        ("", None),
        ("1,5", None),
        ("1e999", None),
        (float("nan"), None),
        (float("inf"), None),
        ("nan", None),
        ("0x10", None),
        ([], None),
    ],
)
def test_a_number_is_what_says_a_finite_number(value: object, expected: str | None):
    assert words.number(value) == (None if expected is None else Decimal(expected))


@given(INSTANTS)
def test_microseconds_and_instants_are_the_same(instant: datetime):
    assert words.from_micros(words.micros(instant)) == instant
    assert datetime.fromisoformat(words.rfc3339(instant)) == instant


def test_the_first_zone_that_exists_counts():
    assert words.zone_of(None, "Nowhere/City", "Europe/Berlin").key == "Europe/Berlin"
    assert words.zone_of(None, "", "../etc", "\0").key == "UTC"
