"""What a test had come to by each day: as it was known then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import Connection

from lifecycle.core.experiment import Earned
from lifecycle.store.database import Database
from lifecycle.store.migrate import upgrade
from lifecycle.store.score_series import series
from lifecycle.store.scores import Counted, scores
from tests.insight.told import after, event, letter, order
from tests.store.test_scores import HELLO, ONE, STEP, WITHIN


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database = Database(database_url)
    upgrade(database)
    with database.write() as opened:
        yield opened
    database.close()


def told(
    connection: Connection, until: datetime | None, *days: str
) -> list[tuple[int, int, float, float]]:
    """Of the first variant by the end of each day: letters, those that brought something, sums."""
    ends = [after(day) for day in days]
    counted = Counted("revenue", WITHIN, until)
    latest = scores(connection, HELLO, STEP, counted, ends[-1])
    found = []
    for day in series(connection, HELLO, STEP, counted, latest, ends):
        one = day[0]
        assert isinstance(one, Earned)
        found.append((one.sent, one.met, one.total, one.squares))
    return found


def test_an_order_counts_when_its_letters_time_is_over_and_less_from_its_refunds_on(
    connection: Connection,
) -> None:
    letter(connection, "x", ONE, "1 day")
    order(connection, "x", "2 days", 50, order_id=1)
    event(connection, "x", "order_refunded", "10 days", order_id=1, total=20)
    event(connection, "x", "order_cancelled", "20 days", order_id=1)
    days = ("72 hours - 1 second", "73 hours", "10 days - 1 second", "10 days", "20 days")
    assert told(connection, after("18 days"), *days) == [
        (0, 0, 0, 0),
        (1, 1, 50, 2500),
        (1, 1, 50, 2500),
        (1, 1, 30, 900),
        (1, 0, 0, 0),
    ]


def test_young_letters_count_on_the_last_day_where_all_do(connection: Connection) -> None:
    letter(connection, "x", ONE, "1 day")
    letter(connection, "y", ONE, "5 days")
    order(connection, "y", "121 hours", 50)
    assert told(connection, None, "4 days", "5 days", "122 hours") == [
        (1, 0, 0, 0),
        (1, 0, 0, 0),
        (2, 1, 50, 2500),
    ]
