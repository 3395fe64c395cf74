"""Changes of many rows by their key, each to values of its own: each database's fastest way."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError

from lifecycle.store.remembered import remembered_of


class Change:
    """One change of a table: `sets` are given a value row by row, `keys` say which row it is.

    `always` is what each row is set to beside, `only_where` what a row must fulfil, both as SQL.
    """

    def __init__(
        self,
        table: Table,
        sets: tuple[str, ...],
        keys: tuple[str, ...],
        *,
        always: str = "",
        only_where: str = "",
        quiet: bool = False,
    ) -> None:
        """`quiet`: what it writes is given by no statement that says what it reads."""
        self._table = table
        self._quiet = quiet
        self._customer = len(sets) + keys.index("customer_id")
        more = [always] if always else []
        also = f" AND {only_where}" if only_where else ""
        changed = ", ".join([*(f"{name} = ?" for name in sets), *more])
        found = " AND ".join(f"{name} = ?" for name in keys)
        self._each = f"UPDATE {table.name} SET {changed} WHERE {found}{also}"
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        names = (*sets, *keys)
        arrays = ", ".join(f"%s::{table.c[name].type.compile(dialect)}[]" for name in names)
        said = ", ".join(f"of_{name}" for name in names)
        changed = ", ".join([*(f"{name} = said.of_{name}" for name in sets), *more])
        found = " AND ".join(f"{table.name}.{name} = said.of_{name}" for name in keys)
        self._at_once = (
            f"UPDATE {table.name} SET {changed} FROM unnest({arrays}) AS said({said}) "
            f"WHERE {found}{also}"
        )

    def write(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Change the rows: the values in the order of `sets`, then those of `keys`.

        Instants are microseconds and documents are text. No two rows have one key.
        """
        if not rows:
            return
        if connection.dialect.name != "sqlite":
            columns = tuple(map(list, zip(*rows, strict=True)))
            connection.exec_driver_sql(self._at_once, columns)
            return
        driver: Any = connection.connection.dbapi_connection
        remembered = remembered_of(driver)
        if remembered is not None:
            remembered.about_to_write()
        try:
            driver.executemany(self._each, rows)
        except sqlite3.Error as error:
            raise DBAPIError.instance(
                self._each, None, error, sqlite3.Error, dialect=connection.dialect
            ) from error
        if remembered is not None:
            customers = () if self._quiet else [row[self._customer] for row in rows]
            remembered.written(self._table.name, customers)
