"""What came in over HTTP: durable before it is entered, and entered before anybody decides."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from lifecycle.core.words import micros
from lifecycle.store import arrived, claims, dues
from lifecycle.store.arrived import Arriving
from lifecycle.store.database import Database
from lifecycle.store.erase import erase
from lifecycle.store.merge import merge
from lifecycle.store.tables import METADATA
from tests.store.prepared import with_tables

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
TABLES = METADATA.tables


@pytest.fixture
def database_prepare() -> Any:
    return with_tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def arriving(*ids: str, of: str = "c1", at: datetime = NOW, first: int = 1) -> Arriving:
    lines = [[one, "order_placed", of, micros(at), {"total": 1.5}] for one in ids]
    return Arriving(NOW, first, len(ids), json.dumps(lines, separators=(",", ":")).encode())


def note(database: Database, *requests: Arriving) -> None:
    with database.write() as connection:
        arrived.note(connection, requests)


def rows(database: Database, table: str) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(select(TABLES[table])).all())


def test_what_came_is_entered_once_whole_and_in_order(database: Database):
    late = NOW + timedelta(hours=1)
    note(database, arriving("e2", "e1", "e2"), arriving("e3", at=late, first=4), arriving())
    arrived.enter_all(database)
    arrived.enter_all(database)
    found = sorted(rows(database, "event"), key=lambda row: row.arrival)
    assert [(row.event_id, row.arrival) for row in found] == [("e2", 1), ("e1", 2), ("e3", 4)]
    assert [row.due_at for row in found] == [NOW, NOW, late]
    assert all(row.pending and row.enters and row.properties == {"total": 1.5} for row in found)
    (customer,), (intake,) = rows(database, "customer"), rows(database, "intake")
    assert (customer.customer_id, customer.known_since) == ("c1", NOW)
    assert (intake.customer_id, intake.due_at) == ("c1", NOW)
    assert rows(database, "arrived") == []


def test_it_is_due_for_the_engine_from_its_arrival(database: Database):
    note(database, arriving("e1"))
    with database.read() as connection:
        assert dues.look(connection).intake == micros(NOW)


@pytest.mark.parametrize("queue", ["intake", "enrollment", "message"])
def test_whoever_claims_work_has_it_entered_first(database: Database, queue: str):
    note(database, arriving("e1"))
    with database.write() as connection:
        claims.claim(connection, queue, NOW)
    assert len(rows(database, "event")) == 1
    assert len(rows(database, "intake")) == 1


@pytest.mark.parametrize(("limit", "most"), [("EVENTS_AT_ONCE", 3), ("BYTES_AT_ONCE", 150)])
def test_much_is_entered_part_by_part(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, limit: str, most: int
):
    with_tables(sqlite_url)
    database = Database(sqlite_url)
    monkeypatch.setattr(arrived, "EVENTS_AT_ONCE", 3)
    monkeypatch.setattr(arrived, limit, most)
    note(database, *(arriving(f"a{n}", f"b{n}", first=n * 2) for n in range(4)))
    with database.write() as connection:
        claims.claim(connection, "intake", NOW)
    assert len(rows(database, "event")) == 4
    with database.write() as connection:
        claims.claim(connection, "message", NOW)
    assert len(rows(database, "event")) == 8
    database.close()


def test_an_erasure_finds_it(database: Database):
    note(database, arriving("order-of-anna", of="anna"))
    with database.write() as connection:
        assert erase(connection, "anna", NOW, b"k" * 32) is not None
    arrived.enter_all(database)
    assert rows(database, "arrived") == []
    (event,) = rows(database, "event")
    assert event.customer_id.startswith("erased-")
    assert event.properties == {}
    assert [row.customer_id for row in rows(database, "customer")] == [event.customer_id]


def test_what_came_under_an_alias_is_its_owners(database: Database):
    note(database, arriving("e1", of="visitor"))
    with database.write() as connection:
        merge(connection, "c1", "visitor", NOW)
    arrived.enter_all(database)
    assert [row.customer_id for row in rows(database, "event")] == ["c1"]
    assert [row.customer_id for row in rows(database, "customer")] == ["c1"]
