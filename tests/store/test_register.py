"""Which past tests teach the next one, and up to which amount an order counts in a test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection

from lifecycle.store import register
from lifecycle.store.database import Database
from lifecycle.store.earned import learned_cap
from lifecycle.store.migrate import upgrade
from lifecycle.store.register import PastVariant
from tests.insight.told import after, order
from tests.store.test_scores import HELLO

NOW = after("2000 days")
YEARS = timedelta(days=3 * 365)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database = Database(database_url)
    upgrade(database)
    with database.write() as opened:
        yield opened
    database.close()


def past(campaign: str, decided: datetime, *, steered: bool = False) -> list[PastVariant]:
    test = (campaign, "letter", "", "click_rate")
    return [
        PastVariant(
            *test,
            variant=name,
            place=place,
            decisive=True,
            letters=500,
            met=10,
            total=10.0,
            squares=10.0,
            decided_at=decided,
            measured_at=decided,
            kind="broadcast",
            steered=steered,
        )
        for place, name in enumerate("ab")
    ]


def test_tests_of_three_years_teach_and_neither_bandits_nor_what_is_to_come(
    connection: Connection,
) -> None:
    moment = timedelta(microseconds=1)
    register.write(connection, past("old", NOW - YEARS))
    register.write(connection, past("young enough", NOW - YEARS + moment))
    register.write(connection, past("steered", NOW - timedelta(days=1), steered=True))
    register.write(connection, past("now", NOW))
    register.write(connection, past("to come", NOW + moment))
    found = register.tests_by(connection, "click_rate", NOW)
    assert [(test[0].campaign, len(test)) for test in found] == [("now", 2), ("young enough", 2)]
    assert register.tests_by(connection, "open_rate", NOW) == []


def test_with_too_few_orders_before_a_test_the_first_of_the_shop_say_which_are_large(
    connection: Connection,
) -> None:
    """One before 200 there is no saying; those that come after them move nothing."""
    for number in range(199):
        order(connection, f"c{number}", "1 day" if number < 150 else "6 days", number + 1)
    assert learned_cap(connection, HELLO, after("5 days"), after("7 days")) is None
    order(connection, "last", "8 days", 1)
    for number in range(60):
        order(connection, f"c{number}", "9 days", 90_000)
    assert learned_cap(connection, HELLO, after("5 days"), after("7 days")) is None
    assert learned_cap(connection, HELLO, after("5 days"), after("10 days")) == Decimal(198)
    assert learned_cap(connection, HELLO, after("9 days"), after("10 days")) == Decimal(90_000)
