"""Everybody let in against everybody held out, by customer, from their first entering."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Connection

from lifecycle.catalog.catalog import Catalog
from lifecycle.insight.holdout import Measured, measured
from lifecycle.store import catalog_versions
from lifecycle.store.database import Database
from lifecycle.store.merge import merge
from lifecycle.store.migrate import upgrade
from tests.insight.told import (
    after,
    catalog,
    customers,
    drawn,
    enrollments,
    event,
    order,
)

TEN = "\n[holdout]\npercent = 10\n"
END = after("30 days")


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database = Database(database_url)
    upgrade(database)
    with database.write() as opened:
        yield opened
    database.close()


def told(connection: Connection, of: Catalog | None = None, at: str = "30 days") -> Measured:
    catalog_ = of or catalog(TEN)
    flow, settings = catalog_.campaigns["hello"], catalog_.settings
    found = measured(connection, flow, settings, after(at))
    assert found is not None
    return found


def counted(found: Measured) -> tuple[int, int, int, int]:
    return found.entered.met, found.entered.of, found.held_out.met, found.held_out.of


def test_goals_count_within_their_time_after_entering_and_not_at_it(connection: Connection) -> None:
    enrollments(connection, *((who, "1 day", "finished") for who in "abcde"))
    enrollments(connection, *((who, "1 day", "held_out") for who in "xyz"))
    order(connection, "a", "1 day", 5)
    order(connection, "b", "6 days", 5)
    order(connection, "c", "6 days - 1 second", 5)
    order(connection, "d", "2 days", 5)
    order(connection, "d", "3 days", 5, order_id=2)
    order(connection, "x", "5 days", 5)
    order(connection, "y", "0 days", 5)
    found = told(connection)
    assert counted(found) == (2, 5, 1, 3)
    assert (found.revenue_entered, found.revenue_held_out) == (Decimal("15.00"), Decimal("5.00"))
    assert found.lift is not None and found.revenue is not None
    assert found.lift.difference == pytest.approx(2 / 5 - 1 / 3)
    assert found.revenue.difference == pytest.approx(15 / 5 - 5 / 3)
    assert not found.lift.proven and found.lift.low < found.lift.difference < found.lift.high
    assert found.within == "5 days"


def test_who_enters_thrice_is_one_and_counts_from_the_first_time(connection: Connection) -> None:
    for at in ("1 day", "8 days", "9 days"):
        enrollments(connection, ("a", at, "finished"), ("x", at, "held_out"))
    order(connection, "a", "10 days", 5)
    order(connection, "x", "10 days", 5)
    assert counted(told(connection)) == (0, 1, 0, 1)


def test_the_side_of_the_first_entering_stays_whatever_came_later(connection: Connection) -> None:
    enrollments(connection, ("a", "1 day", "left"), ("a", "2 days", "held_out"))
    enrollments(connection, ("x", "1 day", "held_out"), ("x", "2 days", "finished"))
    enrollments(connection, ("w", "1 day", "queued"), ("b", "1 day", "superseded"))
    order(connection, "a", "3 days", 5)
    found = told(connection)
    assert counted(found) == (1, 2, 0, 1)
    assert found.crossed == 2


def test_two_merged_into_one_are_one_customer(connection: Connection) -> None:
    customers(connection, "a", "x", "y")
    enrollments(connection, ("a", "2 days", "finished"), ("x", "1 day", "held_out"))
    enrollments(connection, ("y", "1 day", "held_out"))
    order(connection, "a", "3 days", 5)
    merge(connection, "x", "a", END)
    found = told(connection)
    assert counted(found) == (0, 0, 1, 2)
    assert found.crossed == 1
    assert found.lift is None


def test_who_is_too_young_is_told_and_not_taken_for_a_no(connection: Connection) -> None:
    enrollments(connection, ("a", "1 day", "finished"), ("b", "27 days", "active"))
    enrollments(connection, ("x", "1 day", "held_out"), ("y", "26 days", "held_out"))
    order(connection, "b", "28 days", 5)
    found = told(connection)
    assert counted(found) == (0, 1, 0, 1)
    assert (found.too_young_entered, found.too_young_held_out) == (1, 1)
    later = told(connection, at="32 days")
    assert counted(later) == (1, 2, 0, 2)


def test_the_time_is_long_enough_for_the_last_letter(connection: Connection) -> None:
    later = '\n[[step]]\nname = "more"\nafter = "3 days"\ntemplate = "hello"\nsubject = "More"\n'
    enrollments(connection, ("a", "1 day", "finished"), ("x", "1 day", "held_out"))
    order(connection, "a", "8 days", 5)
    found = told(connection, catalog(later + TEN))
    assert (found.within, counted(found)) == ("8 days", (1, 1, 0, 1))


def test_refunds_are_subtracted_and_other_currencies_are_no_revenue(
    connection: Connection,
) -> None:
    enrollments(connection, ("a", "1 day", "finished"), ("b", "1 day", "finished"))
    enrollments(connection, ("x", "1 day", "held_out"))
    order(connection, "a", "2 days", 50, order_id=1)
    order(connection, "a", "2 days", 50, order_id="1")
    event(connection, "a", "order_refunded", "29 days", order_id=1, total=20)
    order(connection, "b", "2 days", 80, currency="USD", order_id=2)
    order(connection, "x", "2 days", 10, order_id=3)
    event(connection, "x", "order_cancelled", "29 days", order_id=3)
    found = told(connection)
    assert (found.revenue_entered, found.revenue_held_out) == (Decimal("30.00"), Decimal("0.00"))
    assert counted(found) == (2, 2, 1, 1)


def test_the_series_tells_what_was_known_at_each_days_end(connection: Connection) -> None:
    enrollments(connection, ("a", "1 day", "finished"), ("x", "2 days", "held_out"))
    order(connection, "a", "2 days", 50, order_id=1, known="9 days")
    event(connection, "a", "order_refunded", "10 days", order_id=1, total=20)
    points = {one.day: one for one in told(connection, at="12 days").series}
    assert min(points) == date(2026, 5, 7) and max(points) == date(2026, 5, 13)
    seen = {
        day.day: (one.let_in, one.held_out, one.revenue and one.revenue.difference)
        for day, one in points.items()
    }
    assert seen == {
        7: (1, 0, None),
        8: (1, 1, None),
        9: (1, 1, None),
        10: (1, 1, 50),
        11: (1, 1, 30),
        12: (1, 1, 30),
        13: (1, 1, 30),
    }


def test_without_a_holdout_nothing_can_be_told(connection: Connection) -> None:
    enrollments(connection, ("a", "1 day", "finished"))
    flow = catalog(TEN)
    assert measured(connection, flow.campaigns["hello"], flow.settings, END) is None


def test_who_misses_all_marketing_is_on_neither_side(connection: Connection) -> None:
    out = drawn(2, "global_holdout", below=20)
    stay = drawn(4, "global_holdout", above=20)
    enrollments(connection, *((who, "1 day", "held_out") for who in (*out, *stay[:1])))
    enrollments(connection, *((who, "1 day", "finished") for who in stay[1:]))
    everywhere = catalog(TEN, sending="global_holdout_percent = 20")
    assert counted(told(connection, everywhere))[1::2] == (3, 1)


def test_a_share_that_was_changed_does_not_lend_one_side_the_better_months(
    connection: Connection,
) -> None:
    """In each month both sides did the same: all of them by the share of the month differ."""
    flows = {percent: catalog(f"\n[holdout]\npercent = {percent}\n") for percent in (50, 10)}
    for at, percent in (("0 days", 50), ("10 days", 10)):
        live = flows[percent]
        catalog_versions.put(connection, live.fingerprint, live.files, "test", after(at))
    for at, percent in (("1 day", 50), ("11 days", 10)):
        states = ["held_out"] * percent + ["finished"] * (100 - percent)
        names = [f"{at} {number}" for number in range(100)]
        enrollments(connection, *((n, at, s) for n, s in zip(names, states, strict=True)))
        for name in names:
            if at == "1 day":
                order(connection, name, "2 days", 5)
    found = told(connection, flows[10])
    assert counted(found) == (50, 140, 50, 60)
    assert found.lift is not None
    assert found.lift.difference == pytest.approx(0)
    assert found.ratio.expected == 60 and not found.ratio.alarm


def test_a_ratio_that_is_off_sounds_the_alarm(connection: Connection) -> None:
    enrollments(connection, *((f"a{n}", "1 day", "finished") for n in range(200)))
    enrollments(connection, *((f"x{n}", "1 day", "held_out") for n in range(60)))
    found = told(connection)
    assert found.ratio.alarm and found.ratio.expected == 26
    assert any("cannot be compared" in one for one in found.told)


def test_the_sentences_say_it_as_people_do(connection: Connection) -> None:
    enrollments(connection, *((f"a{n}", "1 day", "finished") for n in range(900)))
    enrollments(connection, *((f"x{n}", "1 day", "held_out") for n in range(100)))
    for number in range(450):
        order(connection, f"a{number}", "2 days", 20)
    for number in range(10):
        order(connection, f"x{number}", "2 days", 20)
    found = told(connection)
    assert found.lift is not None and found.lift.proven
    low, high = (f"{100 * one:.1f}" for one in (found.lift.low, found.lift.high))
    assert found.told[:3] == (
        "Of 100 customers let in 50.0 ordered within 5 days of entering; of those held out 10.0.",
        f"The campaign brings 40.0 more ({low} to {high}).",
        "A customer let in brought 10.00 EUR, one held out 2.00.",
    )
    assert found.lift.needed is None
