"""What came in so far, on both databases."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Connection

from lifecycle.store import migrate, seen
from lifecycle.store.database import Database
from lifecycle.store.tables import METADATA
from tests.store.test_rule_sql import NOW, customer, database, event, fill

__all__ = ["database"]


def look(database: Database, *names: str, topics: tuple[str, ...] = ()) -> seen.Seen:
    with database.read() as connection:
        return seen.seen(connection, names, topics)


def test_an_empty_shop_has_seen_nothing(database: Database) -> None:
    found = look(database, "order_placed", topics=("news",))
    assert (found.names, found.history, found.events) == (frozenset(), 0, {})
    assert (found.customers.count, found.topics, found.consents) == (0, frozenset(), 0)


def test_names_properties_and_attributes_are_told(database: Database) -> None:
    people = [customer("a", age=30, tags=["x", 5]), customer("b", age="7.5", name="")]
    events = [
        event("a", 1, total=5, items=[{"sku": "s1"}, {"sku": "s2"}], to={"country": "DE"}),
        event("a", 2, total="12.5", coupon=None),
        event("b", 3) | {"name": "x"},
    ]
    fill(database, people, events)
    found = look(database, "order_placed", "never")
    assert (found.names, found.history) == (frozenset({"order_placed", "x"}), 3)
    orders = found.events["order_placed"]
    assert (orders.count, orders.whole, list(found.events)) == (2, True, ["order_placed"])
    total = orders.values["total",]
    assert (total.numbers, total.least, total.most) == (2, Decimal(5), Decimal("12.5"))
    assert orders.values["items", "sku"].texts == {"s1", "s2"}
    assert orders.values["to", "country"].count == 1
    assert orders.values["coupon",].count == 0
    assert found.customers.values["age",].most == 30
    assert found.customers.values["tags",].most == 5
    assert found.customers.values["name",].count == 0


def test_of_many_the_newest_are_looked_at(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen, "NEWEST", 3)
    monkeypatch.setattr(seen, "MOST_CUSTOMERS", 4)
    monkeypatch.setattr(seen, "MOST_COUNTED", 5)
    people = [customer(f"c{number}", place=number) for number in range(9)]
    events = [event("c1", n, NOW - timedelta(days=n), total=n) for n in range(9)]
    fill(database, people, events)
    found = look(database, "order_placed")
    orders = found.events["order_placed"]
    assert (orders.count, orders.whole) == (3, False)
    assert orders.values["total",].most == Decimal(2)
    assert (found.customers.count, found.customers.whole, found.history) == (4, False, 5)
    places = found.customers.values["place",]
    assert (places.least, places.most) == (Decimal(0), Decimal(8))


def test_topics_count_once_somebody_agreed(database: Database) -> None:
    fill(database, [customer("a"), customer("b")])
    rows = [
        {"customer_id": "a", "topic": "news", "agreed": True, "at": NOW},
        {"customer_id": "b", "topic": "offers", "agreed": False, "at": NOW},
    ]
    with database.write() as connection:
        connection.execute(METADATA.tables["consent"].insert(), rows)
    found = look(database, topics=("news", "offers", "other"))
    assert (found.topics, found.consents) == (frozenset({"news"}), 2)


def test_ids_that_nobody_has_are_told_with_whom_they_became(database: Database) -> None:
    fill(database, [customer("a"), customer("b")])
    with database.write() as connection:
        row = {"alias_id": "old", "customer_id": "b", "at": NOW}
        connection.execute(METADATA.tables["alias"].insert(), [row])
    with database.read() as connection:
        assert seen.unknown(connection, ["a", "old", "z"]) == {"old": "b", "z": None}


def names(connection: Connection) -> frozenset[str]:
    return seen.event_names(connection)


def test_a_file_is_read_at_once_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "a shop#1.db"
    assert seen.at_once(file, names) is None
    file.write_text("no database")
    assert seen.at_once(file, names) is None
    file.unlink()
    made = Database(f"sqlite:///{file}")
    migrate.create(made)
    with made.write() as connection:
        connection.execute(METADATA.tables["event"].insert(), [event("a", 1)])
        assert seen.at_once(file, names) == frozenset()
    assert seen.at_once(file, names) == frozenset({"order_placed"})
    made.close()
    locked = sqlite3.connect(file)
    locked.execute("PRAGMA locking_mode=EXCLUSIVE")
    locked.execute("BEGIN EXCLUSIVE")
    locked.execute("CREATE TABLE more (x)")
    assert seen.at_once(file, names) is None
    locked.close()
