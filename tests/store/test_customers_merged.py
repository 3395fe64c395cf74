"""Two ids of one person become one customer, with everything known under either."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from lifecycle.core.event import Event
from lifecycle.errors import UsageError
from lifecycle.sources.customer_line import CustomerIn, read_customer
from lifecycle.store.customers import say
from lifecycle.store.database import Database
from lifecycle.store.events import NewEvent, append
from lifecycle.store.merge import MOVED, merge
from lifecycle.store.tables import METADATA
from tests.store.full_customer import fill
from tests.store.prepared import with_tables

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
KEY = b"k" * 32
TABLES = METADATA.tables


@pytest.fixture
def database_prepare() -> Any:
    return with_tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def said(customer_id: str, day: int, **told: Any) -> CustomerIn:
    return read_customer({"id": customer_id, **told}, at=NOW - timedelta(days=day))


def test_of_two_customers_whatever_was_said_later_counts(database: Database):
    with database.write() as connection:
        lines = [
            said("a", 3, attributes={"x": "old", "y": 1}, email="old@x.example", agreed_to=["t"]),
            said("b", 2, attributes={"x": "new", "z": 2}, email="new@x.example", agreed_to=["u"]),
            said("b", 1, agreed_to=["u"]),
        ]
        say(connection, lines, now=NOW, address_key=KEY)
        merge(connection, "a", "b", NOW)
        merge(connection, "a", "b", NOW)
        (row,) = connection.execute(select(TABLES["customer"])).all()
        agreed = connection.execute(select(TABLES["consent"])).all()
    assert row.customer_id == "a"
    assert row.attributes == {"x": "new", "y": 1, "z": 2}
    assert row.email == "new@x.example"
    assert row.known_since == NOW - timedelta(days=3)
    assert {(one.topic, one.customer_id) for one in agreed} == {("t", "a"), ("u", "a")}


def test_an_event_of_both_counts_once_and_later_ones_find_their_owner(database: Database):
    def event(customer_id: str, name: str) -> NewEvent:
        return NewEvent(customer_id, Event(NOW, name, "site_visited"), NOW)

    with database.write() as connection:
        append(connection, [event("a", "1"), event("visitor", "1"), event("visitor", "2")])
        merge(connection, "a", "visitor", NOW)
        append(connection, [event("visitor", "3")])
        found = connection.execute(select(TABLES["event"])).all()
    assert sorted((one.customer_id, one.event_id) for one in found) == [
        ("a", "1"),
        ("a", "2"),
        ("a", "3"),
    ]


def test_an_id_not_known_yet_belongs_to_the_customer_from_now_on(database: Database):
    with database.write() as connection:
        merge(connection, "a", "visitor", NOW)
        say(connection, [said("visitor", 0, attributes={"x": 1})], now=NOW, address_key=KEY)
        (row,) = connection.execute(select(TABLES["customer"])).all()
    assert row.customer_id == "a"


def test_ids_may_be_merged_in_a_row(database: Database):
    with database.write() as connection:
        say(connection, [said("a", 0), said("b", 0), said("c", 0)], now=NOW, address_key=KEY)
        merge(connection, "b", "c", NOW)
        merge(connection, "a", "b", NOW)
        merge(connection, "c", "a", NOW)
        aliases = connection.execute(select(TABLES["alias"])).all()
    assert {(one.alias_id, one.customer_id) for one in aliases} == {("b", "a"), ("c", "a")}


def test_the_id_of_a_third_is_not_taken_away(database: Database):
    with database.write() as connection:
        merge(connection, "a", "visitor", NOW)
        with pytest.raises(UsageError, match="another customer"):
            merge(connection, "b", "visitor", NOW)


def test_every_table_goes_over(database: Database):
    with database.write() as connection:
        fill(connection, "other")
        say(connection, [said("keep", 0)], now=NOW, address_key=KEY)
        merge(connection, "keep", "other", NOW)
        for name in (*MOVED, "consent"):
            (row,) = connection.execute(select(TABLES[name])).all()
            assert row.customer_id == "keep", name
        for name in ("customer", "membership"):
            found = connection.execute(select(TABLES[name].c.customer_id)).scalars()
            assert "other" not in found
