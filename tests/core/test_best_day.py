"""The best day and hour of a customer within some days, and the best hour of a flow's step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.best_hour import Asked, hours_between, moments
from lifecycle.core.hours import NOBODY
from lifecycle.core.learned_hours import HOURS, Learned
from lifecycle.core.send_time import Allowed
from lifecycle.core.words import Span, span
from lifecycle.engine.live import Live
from lifecycle.hooks import Registry
from lifecycle.sources.customer_line import read_customer
from tests.known_hours import NO_CONTROL, evenings, in_force, learned
from tests.simulation.readers_of_hours import FIRST_DAY, Rate, Readers, daily
from tests.simulation.shop import event, flow, person, play, settings, shop, step

BERLIN = ZoneInfo("Europe/Berlin")
TUESDAY = "2026-05-05T11:30"
QUIET = span("21:00-08:00")
TEN = time(10)


def local(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def best(
    found: Learned | None,
    after: str,
    free: Allowed,
    days: int | None = None,
    between: Span | None = None,
    zone: ZoneInfo = BERLIN,
) -> str:
    """The moment that is chosen for somebody of whom nothing is known, without a control."""
    inside = None if days is None else timedelta(days=days)
    there = moments(hours_between(TEN, between), free, local(after, zone), zone, inside)
    timed = Asked(found, TEN, 0.0, "s").choose(NOBODY, tuple(there), ("f", "s", "c1", ""))
    assert timed.slot is not None
    return there[timed.slot].astimezone(zone).isoformat()[:16]


THURSDAYS = learned({3 * HOURS + 18: 0.5, 1 * HOURS + 18: 0.3, 4 * HOURS + 18: 0.3, 10: 0.1})
NIGHTS = learned({day * HOURS + 3: 0.5 for day in range(7)})
NEVER: Rate = lambda _customer, _hour: 0.0  # noqa: E731
FEW = replace(THURSDAYS, answered=9)
ENOUGH = replace(THURSDAYS, answered=10)


@pytest.mark.parametrize(
    ("found", "after", "days", "free", "expected"),
    [
        (None, TUESDAY, 3, Allowed(), "2026-05-06T10:00"),
        (FEW, TUESDAY, 3, Allowed(), "2026-05-06T10:00"),
        (ENOUGH, TUESDAY, 3, Allowed(), "2026-05-07T18:00"),
        (None, "2026-05-05T10:00", 3, Allowed(), "2026-05-05T10:00"),
        (THURSDAYS, TUESDAY, 3, Allowed(), "2026-05-07T18:00"),
        (THURSDAYS, TUESDAY, 2, Allowed(), "2026-05-05T18:00"),
        (THURSDAYS, "2026-05-05T18:00", 2, Allowed(), "2026-05-05T18:00"),
        (THURSDAYS, "2026-05-05T18:01", 2, Allowed(), "2026-05-07T18:00"),
        (THURSDAYS, "2026-05-05T17:59", 3, Allowed(), "2026-05-07T18:00"),
        (THURSDAYS, "2026-05-07T18:01", 7, Allowed(), "2026-05-14T18:00"),
        (THURSDAYS, "2026-05-07T18:01", 6, Allowed(), "2026-05-08T18:00"),
        (THURSDAYS, TUESDAY, 14, Allowed(), "2026-05-07T18:00"),
        (THURSDAYS, TUESDAY, 3, Allowed(not_on=(date(2026, 5, 7),)), "2026-05-05T18:00"),
        (THURSDAYS, TUESDAY, 3, Allowed(on=("wed",)), "2026-05-06T10:00"),
        (THURSDAYS, TUESDAY, 3, Allowed(on=("mon",)), "2026-05-11T10:00"),
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
def test_it_is_the_likeliest_hour_within(
    found: Learned | None, after: str, days: int, free: Allowed, expected: str
):
    assert best(found, after, free, days) == expected


@pytest.mark.parametrize(
    ("found", "after", "free", "between", "expected"),
    [
        (evenings(), TUESDAY, Allowed(), None, "2026-05-05T19:00"),
        (evenings(), "2026-05-05T19:01", Allowed(), None, "2026-05-06T19:00"),
        (evenings(), TUESDAY, Allowed(quiet=span("18:00-09:00")), None, "2026-05-06T10:00"),
        (evenings(), TUESDAY, Allowed(on=("fri",)), None, "2026-05-08T19:00"),
        (evenings(), "2026-05-08T19:30", Allowed(on=("fri",)), None, "2026-05-08T20:00"),
        (evenings(), TUESDAY, Allowed(), span("08:00-12:00"), "2026-05-06T10:00"),
        (evenings(), TUESDAY, Allowed(), span("20:15-20:45"), "2026-05-05T20:15"),
        (None, TUESDAY, Allowed(), span("18:00-20:00"), "2026-05-05T18:00"),
        (None, "2026-05-05T18:30", Allowed(), span("18:00-20:00"), "2026-05-05T19:00"),
    ],
)
def test_an_hour_is_one_of_the_next_day_on_which_the_step_may_act(
    found: Learned | None, after: str, free: Allowed, between: Span | None, expected: str
):
    """A letter never waits for another day only because its hour would be a better one."""
    assert best(found, after, free, None, between) == expected


def test_days_are_counted_over_a_change_of_the_clocks():
    """On Sunday 29 March 2026 Berlin has no 02:00, on 25 October two."""
    found = evenings(hour=2)
    for after, expected in (
        ("2026-03-28T12:00", "2026-03-29T10:00"),
        ("2026-03-29T12:00", "2026-03-30T02:00"),
        ("2026-10-24T12:00", "2026-10-25T02:00"),
    ):
        assert best(found, after, Allowed()) == expected
    two = moments(hours_between(TEN, None), Allowed(), local("2026-10-25T00:00"), BERLIN, None)
    assert list(two.values()) == sorted(set(two.values())) and len(two) == 24


@pytest.mark.parametrize(
    ("after", "between", "expected"),
    [
        ("2026-03-28T12:00", "01:00-03:00", "2026-03-29T01:00"),
        ("2026-03-29T01:30", "01:00-03:00", "2026-03-30T02:00"),
        ("2026-03-28T12:00", "02:00-02:30", "2026-03-30T02:00"),
        ("2026-03-28T12:00", "02:00-04:00", "2026-03-30T02:00"),
        ("2026-10-25T00:30", "01:00-03:00", "2026-10-25T02:00"),
    ],
)
def test_an_hour_that_the_clock_skips_is_none_of_a_span_that_ends_before_the_next(
    after: str, between: str, expected: str
):
    inside = span(between)
    found = best(evenings(hour=2), after, Allowed(between=inside), None, inside)
    assert found == expected


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
    reading = Live(catalog, Registry()).flow_reading
    assert {"site_visited", "order_placed"} <= reading.events
    assert reading.hours
    played = play(tmp_path, catalog, [event("2026-05-05T11:30", "go")])
    assert played.sent() == ["05-06 10:00 f/deep"]


def test_it_goes_with_quiet_hours_and_weekdays(tmp_path: Path):
    said = step(more='at = "best day and hour inside 1 week"\non = ["fri", "sat"]')
    catalog = shop({"f": flow('when = "go"', said)}, said=settings(quiet="18:00-09:00"))
    played = play(tmp_path, catalog, [event("2026-05-05T11:30", "go")])
    assert played.sent() == ["05-08 10:00 f/hello"]


def test_what_was_missed_of_a_span_waits_over_quiet_hours_for_the_next_one():
    readers = Readers(daily("best hour between 18:00 and 20:00", quiet="21:00-08:00"), NEVER)
    readers.tell(FIRST_DAY + timedelta(hours=6), "go", "c1", day="d")
    readers.until(FIRST_DAY + timedelta(hours=7))
    readers.world.engine.tick(FIRST_DAY + timedelta(hours=23))
    readers.until(FIRST_DAY + timedelta(days=3))
    assert [one.attempted_at for one in readers.letters()] == [
        FIRST_DAY + timedelta(days=1, hours=18)
    ]


def test_role_and_draw_of_a_letter_know_nothing_of_each_other_nor_of_its_readers_other_letters():
    asked = Asked(evenings(), TEN, 10.0, "s")
    every = [asked.drawn(("f", "s", f"c{number}", "")) for number in range(4_000)]
    for role in ("chosen", "shop", "list"):
        draws = [draw for found, draw in every if found == role]
        assert 0.45 < sum(draws) / len(draws) < 0.55
    for letters in (
        [("f", "s", "c1", str(number)) for number in range(400)],
        [("f", str(number), "c1", "") for number in range(400)],
        [(str(number), "s", "c1", "") for number in range(400)],
    ):
        told = [asked.drawn(letter) for letter in letters]
        assert {role for role, _ in told} == {"chosen", "shop", "list"}
        assert len({draw for _, draw in told}) == 400


def test_a_best_hour_that_is_still_possible_stays_though_the_data_and_what_is_known_move():
    said = step(more='until = { customer = "ends_at" }\nat = "best hour"')
    catalog = shop({"f": flow('when = "go"', said)}, said=settings(NO_CONTROL))
    readers = Readers(catalog, NEVER, about={"c1": {"ends_at": "2026-05-05T08:00:00Z"}})
    in_force(readers.world.database, evenings(hour=19), FIRST_DAY)
    readers.tell(FIRST_DAY + timedelta(hours=6), "go", "c1")
    readers.until(FIRST_DAY + timedelta(hours=7))
    in_force(readers.world.database, evenings(hour=12), FIRST_DAY)
    moved = person(attributes={"ends_at": "2026-05-05T08:30:00Z"})
    at = FIRST_DAY + timedelta(hours=8)
    readers.world.take([read_customer(moved, at=at)], [], at)
    readers.world.engine.tick(at)
    readers.until(FIRST_DAY + timedelta(days=3))
    assert [one.attempted_at for one in readers.letters()] == [
        FIRST_DAY + timedelta(days=1, hours=19)
    ]
