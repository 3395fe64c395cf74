"""What is remembered of a customer holds until something is written to it, told of or not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, text

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.rule.tree import Reach
from lifecycle.store import events, history, migrate
from lifecycle.store.database import Database
from lifecycle.store.events import NewEvent
from lifecycle.store.facts import Reading, load
from lifecycle.store.remembered import Remembered, remembered_of
from lifecycle.store.write import upsert

NOW = datetime(2026, 6, 30, tzinfo=UTC)
BOUGHT = frozenset({("bought", Reach(last=5))})


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    """A writing transaction on a database beside which there is no other connection."""
    database = Database(f"sqlite:///{tmp_path / 'alone.db'}", durable=False, alone=True)
    migrate.create(database)
    with database.write() as opened:
        arrive(opened, "c1", "c2")
        yield opened
    database.close()


def arrive(connection: Connection, *customers: str) -> None:
    happened = Event(NOW, f"e{len(customers)}", "seen", {}, NOW)
    events.append(connection, [NewEvent(one, happened, NOW) for one in customers])


def memory(connection: Connection) -> Remembered:
    found = remembered_of(connection.connection.dbapi_connection)
    assert found is not None
    return found


def agree(connection: Connection, customer: str, agreed: bool) -> None:
    row = {"customer_id": customer, "topic": "offers", "agreed": agreed, "at": NOW}
    upsert(connection, "consent", [row])


def agreed(connection: Connection, *customers: str) -> list[bool | None]:
    """What each has said, read one customer at a time as a replay does."""
    found = []
    for one in customers:
        facts = load(connection, [one], NOW, Reading(), shop_zone="UTC")
        found.append(facts[one].consents.get("offers"))
    return found


def remembers(connection: Connection, customer: str) -> bool:
    known = memory(connection)._of.get(customer, {})
    return ("consent",) in known


def bought(connection: Connection, customer: str) -> list[str]:
    facts = {customer: Facts(customer, NOW, ZoneInfo("UTC"))}
    history.read(connection, facts, BOUGHT, NOW, None)
    return [one.id for one in facts[customer].events.get("bought", ())]


def test_a_write_forgets_the_customer_it_is_about_and_nobody_else(connection: Connection) -> None:
    agree(connection, "c1", True)
    assert agreed(connection, "c1", "c2") == [True, None]
    agree(connection, "c1", False)
    assert (remembers(connection, "c1"), remembers(connection, "c2")) == (False, True)
    assert agreed(connection, "c1", "c2") == [False, None]


def test_a_write_that_nobody_told_of_forgets_everybody(connection: Connection) -> None:
    agree(connection, "c1", True)
    agree(connection, "c2", True)
    assert agreed(connection, "c1", "c2") == [True, True]
    connection.execute(text("UPDATE consent SET agreed = 0"))
    assert agreed(connection, "c1", "c2") == [False, False]


def test_a_write_that_nobody_told_of_is_noticed_behind_one_that_is_told_of(
    connection: Connection,
) -> None:
    agree(connection, "c1", True)
    assert agreed(connection, "c1") == [True]
    connection.execute(text("UPDATE consent SET agreed = 0"))
    agree(connection, "c2", True)
    assert agreed(connection, "c1", "c2") == [False, True]


def test_an_event_counts_from_when_it_is_taken_in(connection: Connection) -> None:
    assert bought(connection, "c1") == []
    events.append(connection, [NewEvent("c1", Event(NOW, "b1", "bought", {}, NOW), NOW)])
    assert bought(connection, "c1") == []
    events.TAKEN_UP_TO.each(connection, [{"ids": ["c1"], "now": NOW}], {"bought"})
    assert bought(connection, "c1") == ["b1"]


def test_events_of_other_names_leave_a_history_as_it_is(connection: Connection) -> None:
    assert bought(connection, "c1") == []
    events.TAKEN_UP_TO.each(connection, [{"ids": ["c1"], "now": NOW}], {"seen"})
    assert ("event", "event/bought") in memory(connection)._of["c1"]


def test_attributes_that_a_flow_changes_in_hand_are_not_those_remembered(
    connection: Connection,
) -> None:
    first = load(connection, ["c1"], NOW, Reading(), shop_zone="UTC")["c1"]
    first.attributes["vip"] = True
    later = NOW + timedelta(hours=1)
    again = load(connection, ["c1"], later, Reading(), shop_zone="UTC")["c1"]
    assert (dict(again.attributes), again.now) == ({}, later)


def test_a_database_that_others_may_write_to_remembers_nothing(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    try:
        with database.read() as connection:
            assert remembered_of(connection.connection.dbapi_connection) is None
    finally:
        database.close()
