"""A database that is locked, full or out of reach is told apart from a statement at fault."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError

from lifecycle.store.away import is_away
from lifecycle.store.database import Database


def raised(deed: Callable[[], object]) -> BaseException:
    with pytest.raises(DBAPIError) as found:
        deed()
    return found.value


def asked(database: Database, statement: str) -> Callable[[], object]:
    def deed() -> None:
        with database.write() as connection:
            connection.execute(text(statement))

    return deed


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


@pytest.mark.parametrize("statement", ["SELECT * FROM no_such", "no SQL"])
def test_a_statement_at_fault_is_no_database_away(database: Database, statement: str) -> None:
    assert not is_away(raised(asked(database, statement)))


def test_what_is_too_large_for_an_index_is_no_database_away(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE large (a text PRIMARY KEY)"))
    long = "SELECT string_agg(md5(n::text), '') FROM generate_series(1, 1000) AS n"
    assert not is_away(raised(asked(database, f"INSERT INTO large {long}")))
    database.close()


def test_a_locked_file_is_away(tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("CREATE TABLE t (a)")
    holder.execute("BEGIN EXCLUSIVE")
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": 0.01})
    with engine.connect() as other:
        assert is_away(raised(lambda: other.execute(text("INSERT INTO t VALUES (1)"))))
    holder.close()
    engine.dispose()


def test_a_full_file_is_away(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    with engine.connect() as connection:
        connection.execute(text("PRAGMA max_page_count = 2"))
        connection.execute(text("CREATE TABLE t (a)"))
        large = text("INSERT INTO t VALUES (zeroblob(100000))")
        assert is_away(raised(lambda: connection.execute(large)))
    engine.dispose()


def test_a_server_that_is_not_there_is_away() -> None:
    engine = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")

    def reach() -> Connection:
        return engine.connect()

    assert is_away(raised(reach))


def test_what_is_no_error_of_a_database_is_not_away() -> None:
    assert not is_away(ValueError("a database is away"))
