"""How much of a history is read: as far back as rules reach, newest part first, without a gap."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.facts import Facts
from lifecycle.core.rule.tree import WHOLE, Reach
from lifecycle.store import history, migrate
from lifecycle.store.database import Database
from lifecycle.store.tables import METADATA

NOW = datetime(2026, 6, 30, tzinfo=UTC)
EVENT = METADATA.tables["event"]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, durable=False)
    migrate.create(opened)
    yield opened
    opened.close()


def happened(
    customer: str, event_id: str, days_ago: float, name: str = "a", **said: Any
) -> dict[str, Any]:
    at = NOW - timedelta(days=days_ago)
    return {
        "customer_id": customer,
        "event_id": event_id,
        "name": name,
        "at": at,
        "received_at": said.pop("received_at", at),
        "due_at": said.pop("due_at", at),
        "arrival": 0,
        "pending": said.pop("pending", False),
        "enters": True,
        "properties": said,
    }


def put(database: Database, *rows: dict[str, Any]) -> None:
    with database.write() as connection:
        connection.execute(EVENT.insert(), list(rows))


def read(
    database: Database,
    *reaches: tuple[str, Reach],
    seen: datetime | None = None,
    anchor: datetime = NOW,
) -> dict[str, list[str]]:
    """By customer and name, the ids that are read, as one text a list."""
    facts = {one: Facts(one, NOW, ZoneInfo("UTC")) for one in ("c1", "c2")}
    with database.read() as connection:
        history.read(connection, facts, frozenset(reaches), anchor, seen)
    return {
        f"{who} {name}": [event.id for event in events]
        for who, known in facts.items()
        for name, events in known.events.items()
        if events
    }


@pytest.fixture
def three(database: Database) -> Database:
    """Three events of one customer and one of another."""
    put(
        database,
        *(happened("c1", f"e{days}", days) for days in (1, 5, 9)),
        happened("c2", "f3", 3),
    )
    return database


@pytest.mark.parametrize(
    ("reach", "found"),
    [
        (WHOLE, ["e9", "e5", "e1"]),
        (Reach(last=1), ["e1"]),
        (Reach(last=2), ["e5", "e1"]),
        (Reach(last=7), ["e9", "e5", "e1"]),
        (Reach(back=timedelta(days=6)), ["e5", "e1"]),
        (Reach(back=timedelta(days=5)), ["e1"]),
        (Reach(back=timedelta(days=5, microseconds=1)), ["e5", "e1"]),
        (Reach(since=NOW - timedelta(days=5)), ["e5", "e1"]),
        (Reach(since=NOW - timedelta(days=5) + timedelta(microseconds=1)), ["e1"]),
        (Reach(back=timedelta(days=40_000)), ["e9", "e5", "e1"]),
    ],
)
def test_a_reach_reads_the_newest_part(three: Database, reach: Reach, found: list[str]) -> None:
    assert read(three, ("a", reach))["c1 a"] == found


def test_of_several_reaches_the_furthest_counts(three: Database) -> None:
    two = ("a", Reach(last=2)), ("a", Reach(back=timedelta(days=2)))
    assert read(three, *two) == {"c1 a": ["e5", "e1"], "c2 a": ["f3"]}
    long = ("a", Reach(last=1)), ("a", Reach(back=timedelta(days=6)))
    assert read(three, *long)["c1 a"] == ["e5", "e1"]
    prefix = ("a", Reach(last=1)), ("a*", Reach(last=1))
    assert read(three, *prefix)["c1 a"] == ["e9", "e5", "e1"], "a prefix is read as a whole"


def test_a_reach_counts_back_from_the_earliest_instant_asked_about(three: Database) -> None:
    back = ("a", Reach(back=timedelta(days=2)))
    assert read(three, back)["c1 a"] == ["e1"]
    assert read(three, back, anchor=NOW - timedelta(days=4))["c1 a"] == ["e5", "e1"]


def test_at_one_instant_the_id_decides_which_is_newest(database: Database) -> None:
    put(database, *(happened("c1", one, 1) for one in ("b", "B", "a", "é", "~")))
    assert read(database, ("a", Reach(last=2)))["c1 a"] == ["~", "é"]
    assert read(database, ("a", Reach(back=timedelta(days=2))))["c1 a"] == ["B", "a", "b", "~", "é"]
    assert read(database, ("a", WHOLE))["c1 a"] == ["B", "a", "b", "~", "é"]


def test_machines_do_not_hide_the_human_behind_them(database: Database) -> None:
    opened = "message_opened"
    put(database, happened("c1", "human", 90, opened), happened("c2", "robot", 1, opened))
    put(
        database,
        *(happened("c1", f"m{days}", days, opened, machine=True) for days in range(1, 30)),
    )
    with database.write() as connection:
        machine = EVENT.update().where(EVENT.c.event_id == "robot")
        connection.execute(machine.values(properties={"machine": True}))
    assert read(database, (opened, Reach(last=1))) == {f"c1 {opened}": ["human"]}
    assert read(database, (opened, Reach(back=timedelta(days=50)))) == {}


def test_events_not_taken_in_count_only_where_all_that_is_known_is_asked_for(
    database: Database,
) -> None:
    late = NOW + timedelta(days=1)
    put(
        database,
        happened("c1", "taken", 2),
        happened("c1", "waiting", 1, pending=True),
        happened("c1", "unknown", 1, pending=True, received_at=late, due_at=late),
    )
    for reach in (WHOLE, Reach(last=3), Reach(back=timedelta(days=9))):
        assert read(database, ("a", reach)) == {"c1 a": ["taken"]}
        assert read(database, ("a", reach), seen=NOW) == {"c1 a": ["taken", "waiting"]}
