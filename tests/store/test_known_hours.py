"""What was known of people's hours at an instant that is past: by when it came to be known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from lifecycle.core.hours import Own
from lifecycle.core.words import zone_of
from lifecycle.store.database import Database
from lifecycle.store.known_hours import known_by
from tests.databases import Prepare
from tests.insight import told
from tests.insight.told import AT
from tests.store.prepared import with_tables

BY = AT + timedelta(days=5)
LETTER = "f/a c1 10 hours"


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database = Database(database_url)
    with database.write() as found:
        told.customers(found, "c1")
        told.letter(found, "c1", "f/a", "10 hours", timing="chosen", slot=0, lean=1_000_000)
        yield found
    database.close()


def known(connection: Connection) -> Own:
    found = known_by(connection, {"c1": None}, {"c1": zone_of("UTC")}, {"c1": BY}, (), False)
    return found["c1"]


def clicked(connection: Connection, at: str, known_at: str = "", *, machine: bool = False) -> None:
    more = {"machine": True} if machine else {}
    told.event(connection, "c1", "message_clicked", at, known_at, message_id=LETTER, **more)


def answered(connection: Connection) -> list[bool]:
    return [one.answered for one in known(connection).exposures]


@pytest.mark.parametrize(
    ("at", "known_at", "machine", "met"),
    [
        ("11 hours", "", False, True),
        ("11 hours", "", True, False),
        ("11 hours", "5 days - 1 second", False, True),
        ("11 hours", "5 days", False, False),
        ("59 hours", "", False, False),
    ],
)
def test_a_click_counts_that_a_person_made_in_time_and_that_was_known_before(
    connection: Connection, at: str, known_at: str, machine: bool, met: bool
) -> None:
    clicked(connection, at, known_at, machine=machine)
    assert answered(connection) == [met]


def test_the_first_of_two_clicks_is_what_answers(connection: Connection) -> None:
    clicked(connection, "11 hours")
    clicked(connection, "90 hours")
    assert answered(connection) == [True]


def test_a_visit_counts_that_was_known_before(connection: Connection) -> None:
    told.event(connection, "c1", "site_visited", "3 hours", "5 days - 1 second")
    told.event(connection, "c1", "site_visited", "4 hours", "5 days")
    told.event(connection, "c1", "site_visited", "5 hours", "6 days")
    assert list(known(connection).visits) == [4 * 24 + 3]
