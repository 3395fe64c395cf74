"""Insert statements that both databases know: ignore what is there, or bring it up to date."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

ROWS_AT_ONCE = 1_000

Row = dict[str, Any]


@lru_cache(maxsize=200)
def _ignore(kind: str, table: str) -> Statement:
    make = sqlite.insert if kind == "sqlite" else postgresql.insert
    return Statement(make(METADATA.tables[table]).on_conflict_do_nothing())


@lru_cache(maxsize=200)
def _upsert(kind: str, table: str, columns: tuple[str, ...], newest_by: str | None) -> Statement:
    make = sqlite.insert if kind == "sqlite" else postgresql.insert
    target = METADATA.tables[table]
    statement = make(target)
    keys = [column.name for column in target.primary_key]
    changes = {name: statement.excluded[name] for name in columns if name not in keys}
    where = None
    if newest_by is not None:
        where = statement.excluded[newest_by] >= target.c[newest_by]
    changed = statement.on_conflict_do_update(index_elements=keys, set_=changes, where=where)
    return Statement(changed)


def insert_new(connection: Connection, table: Table | str, rows: Sequence[Row]) -> None:
    """Insert rows; those whose key is there already are left as they are."""
    if rows:
        name = table if isinstance(table, str) else table.name
        parts = {row["name"] for row in rows} if name == "event" else ()
        _ignore(connection.dialect.name, name).each(connection, rows, parts)


def upsert(
    connection: Connection,
    table: Table | str,
    rows: Sequence[Row],
    *,
    newest_by: str | None = None,
) -> None:
    """Insert rows, or bring those that are there up to date; all rows have the same columns.

    With `newest_by` a row that is there stays where its column of that name is later.
    """
    if rows:
        name = table if isinstance(table, str) else table.name
        columns = tuple(rows[0])
        _upsert(connection.dialect.name, name, columns, newest_by).each(connection, rows)
