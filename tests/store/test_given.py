"""To whom each variant was given, under which shares: what the check of the shares counts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from lifecycle.store import operations
from lifecycle.store.allocation import Period
from lifecycle.store.database import Database
from lifecycle.store.given import Given, given
from lifecycle.store.migrate import upgrade
from lifecycle.store.tables import METADATA
from tests.insight.told import after, letter

PLACE = ("f", "hi", "")
EVEN, SKEWED = (("a", 0.5), ("b", 0.5)), (("a", 0.1), ("b", 0.9))


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """A step whose file says one to three."""
    database = Database(database_url)
    upgrade(database)
    with database.write() as opened:
        row = {"campaign": "f", "step": "hi", "version": "1", "shares": {"a": 1, "b": 3}}
        opened.execute(METADATA.tables["shares_said"].insert(), [row])
        yield opened
    database.close()


def counted(connection: Connection, *periods: Period) -> Given:
    return given(connection, PLACE, ["a", "b"], periods)


def test_a_reader_counts_once_by_the_first_letter(connection: Connection) -> None:
    letter(connection, "x", "f/hi", "1 day")
    letter(connection, "x", "f/hi/a", "2 days", state="dropped")
    letter(connection, "x", "f/hi/b", "3 days")
    letter(connection, "y", "f/hi/b", "3 days")
    assert counted(connection) == [((1, 3), (1, 1))]


def test_whoever_came_since_the_verdict_was_given_no_variant(connection: Connection) -> None:
    for number in range(1, 6):
        letter(connection, f"c{number}", "f/hi/b", f"{number} days")
    at = after("4 days")
    operations.give_verdict(connection, PLACE, "b", proven=True, detail="", now=at)
    assert counted(connection) == [((1, 3), (0, 3))]


def test_a_bandits_shares_hold_from_their_quarter_of_an_hour_to_the_next_ones(
    connection: Connection,
) -> None:
    """Before the first of them, and after the last has ended, those of the file do."""
    for number, at in enumerate(("23 hours", "24 hours", "47 hours", "48 hours", "72 hours")):
        letter(connection, f"c{number}", "f/hi/a", at)
    periods = (
        Period(after("24 hours"), after("48 hours"), EVEN),
        Period(after("48 hours"), after("72 hours"), SKEWED),
    )
    assert counted(connection, *periods) == [
        ((0.1, 0.9), (1, 0)),
        ((0.5, 0.5), (2, 0)),
        ((1, 3), (2, 0)),
    ]


def test_readers_of_other_variants_and_of_unknown_versions_are_left_out(
    connection: Connection,
) -> None:
    rows = [("2", {"a": 1, "b": 1, "c": 1}), ("3", {"a": 1})]
    table = METADATA.tables["shares_said"]
    said = [{"campaign": "f", "step": "hi", "version": v, "shares": of} for v, of in rows]
    connection.execute(table.insert(), said)
    for version in ("1", "2", "3", "4"):
        letter(connection, version, "f/hi/a", "1 day", version=version)
    assert counted(connection) == [((1, 3), (1, 0))]
