"""A claim reads no more than it takes, however much is due at one instant: on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from lifecycle.core.words import micros
from lifecycle.store import claims
from lifecycle.store.claims import Claim
from lifecycle.store.database import Database
from lifecycle.store.tables import METADATA
from tests.store.prepared import with_tables

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)
DUE, TAKEN = 3_000, 20
MOST_READ = 200
"""Rows on PostgreSQL: those it takes twice, and a few that are put in order together."""
MOST_STEPS = 15_000
"""Of SQLite's machine: five for each row due, where reading one takes more than ten."""
NUMBERS = {
    "sqlite": "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {}) ",
    "postgresql": "WITH g(n) AS (SELECT generate_series(1, {})) ",
}
GIVEN = {"due_at": micros(NOW), "fence": 0, "attempts": 0, "priority": 50, "arrivals": 0}


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, durable=False)
    yield made
    made.close()


def fill(connection: Connection, queue: str) -> None:
    """Rows of as many customers, all due at one instant."""
    values = {}
    for one in METADATA.tables[queue].columns:
        if one.name in GIVEN:
            values[one.name] = str(GIVEN[one.name])
        elif one.primary_key:
            values[one.name] = "'k' || n"
        elif not one.nullable:
            kind = one.type.compile(connection.dialect).lower()
            plain = {"text": "''", "boolean": "false"}
            values[one.name] = plain.get(kind, "0")
    numbers = NUMBERS[connection.dialect.name].format(DUE)
    insert = f"INSERT INTO {queue} ({', '.join(values)}) "
    select = f"SELECT {', '.join(values.values())} FROM g"
    sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql(numbers + insert + select if sqlite else insert + numbers + select)


def rows_read(connection: Connection, queue: str) -> int:
    """How many rows of a table this transaction has read so far, on PostgreSQL."""
    counts = "coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0)"
    query = f"SELECT {counts} FROM pg_stat_xact_user_tables WHERE relname = '{queue}'"
    return int(connection.exec_driver_sql(query).scalar_one())


def steps(connection: Connection, claiming: Callable[[], list[Claim]]) -> tuple[int, list[Claim]]:
    """How many steps of SQLite's machine a claim takes, to the nearest hundred; and the claim."""
    counted = 0

    def count() -> int:
        nonlocal counted
        counted += 100
        return 0

    driver: Any = connection.connection.dbapi_connection
    driver.set_progress_handler(count, 100)
    try:
        claimed = claiming()
    finally:
        driver.set_progress_handler(None, 0)
    return counted, claimed


@pytest.mark.parametrize("way", ["intake", "enrollment", "message", "errand", "in turn"])
def test_a_claim_reads_no_more_than_it_takes(database: Database, way: str) -> None:
    queue = "message" if way == "in turn" else way
    with database.write() as connection:
        fill(connection, queue)
        connection.exec_driver_sql("ANALYZE")

    def claiming() -> list[Claim]:
        if way == "in turn":
            return claims.claim_in_turn(connection, NOW, TAKEN)
        return claims.claim(connection, way, NOW, TAKEN)

    with database.write() as connection:
        if connection.dialect.name == "sqlite":
            read, claimed = steps(connection, claiming)
            most = MOST_STEPS
        else:
            before = rows_read(connection, queue)
            claimed = claiming()
            read, most = rows_read(connection, queue) - before, MOST_READ
    assert len(claimed) == TAKEN
    assert read <= most


def test_claims_one_after_another_take_each_row_once(database: Database) -> None:
    with database.write() as connection:
        fill(connection, "message")
    taken: list[str] = []
    while len(taken) < DUE:
        with database.write() as connection:
            claimed = claims.claim(connection, "message", NOW)
        assert claimed
        taken += [one.id for one in claimed]
    assert len(set(taken)) == DUE
