"""Changes of many rows by key, on both databases; and what writing aside tells of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from lifecycle.core.words import micros
from lifecycle.engine.seen import shortened, whole
from lifecycle.store.database import Database
from lifecycle.store.dialect.change import Change
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new
from tests.store.prepared import with_tables

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
ATTEMPT, ENROLLMENT = METADATA.tables["attempt"], METADATA.tables["enrollment"]
SETTLED = Change(
    ATTEMPT,
    ("outcome", "settled_at"),
    ("customer_id", "attempt_id"),
    always="detail = 'told'",
    only_where="outcome IS NULL",
)


@pytest.fixture
def database_prepare() -> Any:
    return with_tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def attempt(number: int, **more: Any) -> dict[str, Any]:
    ids = {"customer_id": f"c{number}", "attempt_id": f"a{number}", "message_id": f"m{number}"}
    return {**ids, "number": 1, "begun_at": NOW, "outcome": None, "detail": "", "path": "", **more}


def test_each_row_is_changed_to_its_own_values_and_no_other_is(database: Database) -> None:
    with database.write() as connection:
        insert_new(connection, ATTEMPT, [attempt(1), attempt(2), attempt(4)])
        insert_new(connection, ATTEMPT, [attempt(3, outcome="accepted")])
        SETTLED.write(connection, [])
        at = micros(NOW)
        said = [("accepted", at), ("refused", None), ("refused", at)]
        keys = [("c1", "a1"), ("c2", "a2"), ("c3", "a3")]
        SETTLED.write(connection, [(*one, *key) for one, key in zip(said, keys, strict=True)])
        found = connection.execute(select(ATTEMPT).order_by(ATTEMPT.c.attempt_id)).all()
    assert [(row.outcome, row.settled_at, row.detail) for row in found] == [
        ("accepted", NOW, "told"),
        ("refused", None, "told"),
        ("accepted", None, ""),
        (None, None, ""),
    ]


def test_what_is_written_aside_has_nobody_asked_again(tmp_path: Any) -> None:
    database = Database(f"sqlite:///{tmp_path / 'shop.db'}")
    with database.write() as connection:
        pulse = database.pulse(connection)
    with database.write(aside=True):
        pass
    with database.write() as connection:
        assert not database.written_since(pulse, connection)
        pulse = database.pulse(connection)
    with database.write():
        pass
    with database.write() as connection:
        assert database.written_since(pulse, connection)
    database.close()


PROPERTIES = {"items": [{"name": "Lamp"}, {"name": "Bulb"}], "total": 5}


@pytest.mark.parametrize(
    ("properties", "seen", "kept"),
    [
        (PROPERTIES, {"items": PROPERTIES["items"], "item": {"name": "Lamp"}}, {"_subject"}),
        (PROPERTIES, {"items": [], "item": None}, {"_subject", "items", "item"}),
        ({"total": 5}, {"items": [], "item": None}, {"_subject"}),
    ],
)
def test_what_a_letter_was_made_from_is_whole_again(
    database: Database, properties: dict[str, Any], seen: dict[str, Any], kept: set[str]
) -> None:
    context = {"_subject": "Hello", "event": dict(properties), **seen}
    short = shortened(context, properties)
    assert set(short) - {"_of_entry"} == kept
    row = {"customer_id": "c1", "enrollment_id": "n1", "bucket": 1, "campaign": "f"}
    row |= {"version": "1", "entry": "", "key": {}, "visit": 1, "entered_at": NOW}
    row |= {"event_id": "e", "event_name": "a", "event_at": NOW, "properties": properties}
    row |= {"state": "active", "open_messages": [], "decided_steps": []}

    class Message:
        customer_id, enrollment_id, context = "c1", "n1", short

    with database.write() as connection:
        assert whole(connection, Message) is None
        insert_new(connection, ENROLLMENT, [row])
        assert whole(connection, Message) == context
