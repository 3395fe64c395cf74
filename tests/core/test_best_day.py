"""The best day and hour of a customer, within some days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.send_time import Allowed, best_moment
from lifecycle.core.words import span
from lifecycle.engine.live import Live
from lifecycle.hooks import Registry
from tests.simulation.shop import event, flow, play, settings, shop, step

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = "2026-05-05T11:30"
QUIET = span("21:00-08:00")


def local(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def weekly(first: str, weeks: int, zone: ZoneInfo = BERLIN) -> list[datetime]:
    """Traces at one local time, a week apart."""
    begins = datetime.fromisoformat(first)
    return [
        (begins + timedelta(weeks=number)).replace(tzinfo=zone).astimezone(UTC)
        for number in range(weeks)
    ]


THURSDAYS = weekly("2026-01-08T18:20", 9)
SUNDAYS = weekly("2026-01-11T18:20", 4)
NIGHTS = weekly("2026-01-07T03:00", 9)


@pytest.mark.parametrize(
    ("traces", "after", "days", "free", "expected"),
    [
        ([], TUESDAY, 3, Allowed(), "2026-05-06T10:00"),
        ([], "2026-05-05T10:00", 3, Allowed(), "2026-05-05T10:00"),
        (THURSDAYS, TUESDAY, 3, Allowed(), "2026-05-07T18:00"),
        (THURSDAYS, TUESDAY, 2, Allowed(), "2026-05-05T18:00"),
        (THURSDAYS, "2026-05-05T18:00", 2, Allowed(), "2026-05-05T18:00"),
        (THURSDAYS, "2026-05-05T18:01", 2, Allowed(), "2026-05-07T18:00"),
        (THURSDAYS, "2026-05-07T18:01", 7, Allowed(), "2026-05-14T18:00"),
        (THURSDAYS, "2026-05-07T18:01", 6, Allowed(), "2026-05-08T18:00"),
        (sorted(THURSDAYS + SUNDAYS), "2026-05-08T09:00", 3, Allowed(), "2026-05-10T18:00"),
        (THURSDAYS, TUESDAY, 3, Allowed(not_on=(date(2026, 5, 7),)), "2026-05-05T18:00"),
        (THURSDAYS, TUESDAY, 3, Allowed(on=("wed",)), "2026-05-06T18:00"),
        (THURSDAYS, TUESDAY, 3, Allowed(on=("mon",)), "2026-05-11T18:00"),
        (NIGHTS, TUESDAY, 3, Allowed(quiet=QUIET), "2026-05-06T10:00"),
        (NIGHTS, TUESDAY, 3, Allowed(), "2026-05-06T03:00"),
        (
            THURSDAYS,
            TUESDAY,
            3,
            Allowed(holiday=lambda day: day == date(2026, 5, 7)),
            "2026-05-05T18:00",
        ),
    ],
)
def test_it_is_the_hour_of_the_likeliest_day_within(
    traces: list[datetime], after: str, days: int, free: Allowed, expected: str
):
    found = best_moment(
        traces, BERLIN, time(10), local(after), timedelta(days=days), free
    ).astimezone(BERLIN)
    assert found.isoformat()[:16] == expected


def test_days_are_counted_over_a_change_of_the_clocks():
    """On Sunday 29 March 2026 Berlin has no 02:00."""
    traces = weekly("2026-01-04T02:00", 9)
    for after, expected in (
        ("2026-03-27T12:00", "2026-03-29T03:00"),
        ("2026-03-29T12:00", "2026-03-30T02:00"),
    ):
        found = best_moment(traces, BERLIN, time(10), local(after), timedelta(days=3), Allowed())
        assert found.astimezone(BERLIN).isoformat()[:16] == expected


NESTED = """\
[[step]]
name = "which"
[[step.branch]]
else = true
[[step.branch.step]]
name = "deep"
template = "hello"
subject = "Hello"
at = "best day and hour inside 3 days"
"""


def test_a_step_in_a_branch_has_what_tells_it_read(tmp_path: Path):
    catalog = shop({"f": flow('when = "go"', NESTED)})
    assert "site_visited" in Live(catalog, Registry()).flow_reading.events
    visits = [
        event(one.isoformat().replace("+00:00", "Z"), "site_visited")
        for one in weekly("2026-01-08T18:20", 9, ZoneInfo("UTC"))
    ]
    played = play(tmp_path, catalog, [*visits, event("2026-05-05T11:30", "go")])
    assert played.sent() == ["05-07 18:00 f/deep"]


def test_it_goes_with_quiet_hours_and_weekdays(tmp_path: Path):
    said = step(more='at = "best day and hour inside 1 week"\non = ["fri", "sat"]')
    catalog = shop({"f": flow('when = "go"', said)}, said=settings(quiet="18:00-09:00"))
    visits = [event(f"2026-04-{day:02}T18:20", "site_visited") for day in (4, 11, 18, 25)]
    played = play(tmp_path, catalog, [*visits, event("2026-05-05T11:30", "go")])
    assert played.sent() == ["05-09 10:00 f/hello"]
