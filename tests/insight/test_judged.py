"""Two sides judged by what each customer did: caps, scale, and what was known from when on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from sqlalchemy import Connection

from lifecycle.core.words import micros
from lifecycle.insight import sides
from lifecycle.insight.judged import Judged, Outcomes, judge
from lifecycle.insight.sides import NEVER, Bought, Customers
from lifecycle.store.database import Database
from lifecycle.store.migrate import upgrade
from tests.insight.told import after, enrollments, event, order

UTC = ZoneInfo("UTC")
PEOPLE = 600


def judged(
    spent: Mapping[int, float],
    before: Mapping[int, float],
    goals: Mapping[int, str] | None = None,
    at: str = "12 days",
) -> Judged:
    """Six hundred customers, every other one held out, who all count from the sixth day on."""
    entered = np.full(PEOPLE, micros(after("1 day")))
    side = np.arange(PEOPLE) % 2
    goal = np.full(PEOPLE, NEVER)
    for one, known in (goals or {}).items():
        goal[one] = micros(after(known))
    known_before = np.zeros(PEOPLE)
    for one, amount in before.items():
        known_before[one] = amount
    steps = {one: ((after("2 days"), Decimal(str(amount))),) for one, amount in spent.items()}
    bought = Bought(steps, known_before, np.zeros(PEOPLE))
    of = Customers({f"c{one}": one for one in range(PEOPLE)}, entered, entered, side)
    counts = np.full(PEOPLE, micros(after("6 days")))
    outcomes = Outcomes(of, counts, np.zeros(PEOPLE, np.int64), 1, goal, bought)
    return judge(outcomes, UTC, after(at))


SPENT = {one: 10.0 + one % 7 for one in range(250)}
BEFORE = {one: 5.0 + one % 7 for one in range(250)}


def test_one_huge_order_counts_as_the_largest_usual_one_and_is_in_the_sum() -> None:
    usual, huge = judged({**SPENT, 6: 16}, BEFORE), judged({**SPENT, 6: 90_000}, BEFORE)
    assert usual.capped_at == huge.capped_at == Decimal(16)
    assert huge.revenue == usual.revenue
    assert huge.brought[0] - usual.brought[0] == 90_000 - 16
    assert huge.series[-1].revenue == usual.series[-1].revenue


def test_what_was_bought_before_counts_up_to_the_same_amount() -> None:
    known = judged(SPENT, {**BEFORE, 6: 16})
    assert known.revenue is not None and known.revenue.narrower is not None
    assert judged(SPENT, {**BEFORE, 6: 90_000}).revenue == known.revenue


def test_in_cents_all_is_a_hundred_times_what_it_is_in_euros() -> None:
    euros = judged(dict(list(SPENT.items())[:60]), {}).revenue
    cents = judged({one: 100 * SPENT[one] for one in range(60)}, {}).revenue
    assert euros is not None and cents is not None
    for one, other in ((euros.low, cents.low), (euros.high, cents.high)):
        assert other == pytest.approx(100 * one)


def test_a_goal_that_was_known_late_is_told_from_then_on() -> None:
    """It was met in time, and the shop said so three days after the customers' time was over."""
    found = judged({}, {}, {0: "9 days", 2: "9 days", 4: "3 days"})
    told = {
        one.day.day: one.goal and round(one.goal.difference * PEOPLE / 2) for one in found.series
    }
    assert told == {7: 1, 8: 1, 9: 1, 10: 3, 11: 3, 12: 3, 13: 3}
    assert found.met == (3, 0)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database = Database(database_url)
    upgrade(database)
    with database.write() as opened:
        yield opened
    database.close()


def test_what_was_bought_before_is_what_was_known_of_ninety_days_then(
    connection: Connection,
) -> None:
    enrollments(connection, *((one, "100 days", "finished") for one in "abcde"))
    order(connection, "a", "9 days", 70)
    order(connection, "a", "11 days", 50)
    order(connection, "b", "50 days", 40, order_id=1)
    event(connection, "b", "order_refunded", "60 days", order_id=1, total=15)
    event(connection, "b", "order_refunded", "101 days", order_id=1, total=25)
    order(connection, "c", "99 days", 30, known="101 days")
    order(connection, "d", "50 days", 30, currency="USD")
    customers = sides.first_enterings(connection, "hello", None)
    of, now = sides.of_campaign("hello"), after("150 days")
    found = sides.bought(connection, customers, of, timedelta(days=5), "EUR", now)
    told = {
        who: (found.before[place], found.orders_before[place])
        for who, place in customers.place.items()
    }
    assert told == {"a": (50, 1), "b": (25, 1), "c": (0, 0), "d": (0, 0), "e": (0, 0)}
    assert found.steps == {}
