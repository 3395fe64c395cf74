"""A segment in numbers, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from lifecycle.insight.segment import segment_report
from lifecycle.store import builds, migrate
from lifecycle.store.database import Database
from lifecycle.store.tables import METADATA
from tests.catalog.shop import catalog_of
from tests.store.test_rule_sql import NOW, customer

DAY = timedelta(days=1)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, durable=False)
    migrate.create(opened)
    with opened.write() as connection:
        people = [customer(one) for one in "abcd"]
        connection.execute(METADATA.tables["customer"].insert(), people)
    yield opened
    opened.close()


def test_turns_are_counted_by_the_days_of_the_shop(database: Database) -> None:
    turns = [
        ("a", NOW - 40 * DAY, "joined"),
        ("a", NOW.replace(day=2, hour=21, minute=59), "joined"),
        ("b", NOW.replace(day=2, hour=22), "joined"),
        ("c", NOW.replace(day=3, hour=21, minute=59, second=59), "joined"),
        ("a", NOW.replace(day=3, hour=5), "left"),
    ]
    rows = [
        {"customer_id": who, "segment": "vip", "at": at, "what": what} for who, at, what in turns
    ]
    with database.write() as connection:
        connection.execute(METADATA.tables["membership_change"].insert(), rows)
        found = segment_report(connection, catalog_of({}), "vip", NOW, live=True)
    # the shop is in Berlin, two hours ahead of UTC in May
    assert [(one.day.day, one.joined, one.left) for one in found.days] == [(2, 1, 0), (3, 2, 1)]


def test_a_segment_that_is_being_built_says_how_far_it_is(database: Database) -> None:
    catalog = catalog_of({})
    with database.write() as connection:
        builds.begin(connection, builds.SEGMENT, ["vip"], "print", NOW)
        waiting = segment_report(connection, catalog, "vip", NOW, live=True).building
        assert waiting is not None
        assert (waiting.state, waiting.done, waiting.of) == ("waiting", 0, 4)
        taken = builds.take(connection, builds.under_way(connection)[0], NOW, alone=True)
        assert taken is not None
        builds.advance(connection, taken, "c", joined=2, gone=1)
        found = segment_report(connection, catalog, "vip", NOW, live=True).building
        assert found is not None
        assert (found.state, found.done, found.joined, found.left) == ("building", 3, 2, 1)
        assert segment_report(connection, catalog, "staff", NOW, live=True).building is None
