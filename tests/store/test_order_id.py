"""The order that an event tells of, as each database reads it from the event's properties."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from lifecycle.store.database import Database
from lifecycle.store.dialect.order_id import OrderId
from lifecycle.store.tables import METADATA
from tests.databases import Prepare
from tests.store.prepared import with_tables

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
EVENT = METADATA.tables["event"]


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, durable=False)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"order_id": "A-1"}, "A-1"),
        ({"order_id": 'say "1"'}, 'say "1"'),
        ({"order_id": 1001}, "1001"),
        ({"order_id": "1001"}, "1001"),
        ({"order_id": 123456789012345678901}, "123456789012345678901"),
        ({"order_id": None}, None),
        ({"order_id": ""}, None),
        ({"total": 5}, None),
        ({"order_id": "A", "note": "\0"}, None),
    ],
)
def test_it_is_read_as_it_is_written(database: Database, properties: dict[str, Any], told: Any):
    known = {"customer_id": "c", "event_id": "e", "name": "n", "properties": properties}
    with database.write() as connection:
        row = {**known, "arrival": 1, "at": NOW, "received_at": NOW, "due_at": NOW}
        connection.execute(EVENT.insert(), [{**row, "pending": False, "enters": True}])
        assert connection.execute(select(OrderId(EVENT.c.properties))).scalar() == told
