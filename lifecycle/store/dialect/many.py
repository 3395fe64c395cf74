"""Inserts many rows of the database's own plain values at once, in each database's fastest way."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from lifecycle.store.remembered import remembered_of

ROWS_AT_ONCE = 100
"""So many rows of few columns are bound in one statement."""


def insert_plain(
    connection: Connection,
    table: Table,
    rows: Sequence[tuple[Any, ...]],
    *,
    quiet: bool = False,
    parts: Iterable[str] = (),
) -> None:
    """Insert rows that have a value for each column, in the table's order.

    Instants are microseconds and documents are text. Rows whose key is there already are left out.
    `quiet`: they are such as no statement gives that says what it reads. `parts`: the parts of the
    table that they are of, where it is read in parts.
    """
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(_by_columns(table), tuple(map(list, zip(*rows, strict=True))))
        return
    driver: Any = connection.connection.dbapi_connection
    remembered = remembered_of(driver)
    if remembered is not None:
        remembered.about_to_write()
    sql = ""
    try:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = rows[start : start + ROWS_AT_ONCE]
            sql = _by_rows(table, len(part))
            driver.execute(sql, tuple(chain.from_iterable(part)))
    except sqlite3.Error as error:
        raise DBAPIError.instance(
            sql, None, error, sqlite3.Error, dialect=connection.dialect
        ) from error
    if remembered is not None:
        owned = table.columns[0].name == "customer_id"
        customers = () if quiet else {row[0] for row in rows}
        remembered.written(table.name, customers if owned else None, parts)


@lru_cache(maxsize=500)
def _by_rows(table: Table, count: int) -> str:
    """Many rows in one statement: the driver lets other threads in between statements."""
    row = f"({', '.join('?' for _ in table.columns)})"
    rows = ", ".join(row for _ in range(count))
    return f"INSERT INTO {_columns(table)} VALUES {rows} ON CONFLICT DO NOTHING"


@lru_cache(maxsize=50)
def _by_columns(table: Table) -> str:
    """One array for each column: one statement, however many rows."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    arrays = ", ".join(f"%s::{column.type.compile(dialect)}[]" for column in table.columns)
    return f"INSERT INTO {_columns(table)} SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"


def _columns(table: Table) -> str:
    return f"{table.name} ({', '.join(column.name for column in table.columns)})"
