"""Statements compiled once; on SQLite they go to the driver with nothing of SQLAlchemy around them.

SQLAlchemy spends up to ten times what SQLite itself needs for a small statement. On PostgreSQL,
where the network costs more than that, the same statements go the usual way.
"""

from __future__ import annotations

import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any, NoReturn

from sqlalchemy import Connection
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from lifecycle.store.remembered import Remembered, Tables, remembered_of
from lifecycle.store.rows_kept import RowsKept

SQLITE = "sqlite"
_WRITES = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")
OF_CUSTOMERS = ("customer_id", "of")
"""So statements that write to a customer's rows call the customer; many at once are `ids`."""
Process = Callable[[Any], Any]
Row = Any


@dataclass(frozen=True, slots=True)
class _Ready:
    """A statement as SQLite's driver takes it."""

    sql: str
    writes: str | None
    """The table it writes to, empty where that is unknown; None where it only reads."""
    made: Callable[[tuple[Any, ...]], Row]
    bound: Callable[[Mapping[str, Any]], Sequence[Any]]


class Statement:
    """A Core statement that is executed often; the names in it are bound at each execution.

    It holds no list but those of `among`, since each length of another is a statement of its own.
    """

    def __init__(
        self,
        statement: Any,
        *,
        into: Callable[[Row], Any] | None = None,
        remembers: int = 0,
        reads: Tables = (),
        quiet: bool = False,
    ) -> None:
        """`into` makes of a row what `rows` gives in its place: a value that nobody changes.

        `remembers` such values are kept at most, for rows that are read again unchanged.
        `reads`: what it gives of one customer holds until one of these tables is written to, and
        nobody changes it. `quiet`: what it writes is given by no statement that says `reads`.
        """
        self.statement = statement
        self._reads = reads
        self._quiet = quiet
        self._into = into
        self._remembers = remembers
        self._ready: dict[tuple[str, ...], _Ready] = {}

    def rows(self, connection: Connection, given: Mapping[str, Any]) -> Sequence[Row]:
        """Execute it and give all rows, their values by the names of the columns."""
        if connection.dialect.name != SQLITE:
            every = connection.execute(self.statement, dict(given)).all()
            return every if self._into is None else [self._into(row) for row in every]
        driver = _driver(connection)
        remembered = remembered_of(driver)
        if remembered is not None and self._reads and len(given) == 1 and len(given["ids"]) == 1:
            (customer_id,) = given["ids"]
            kept = remembered.find(self._reads, customer_id, self)
            if kept is None:
                kept = self._read(connection, driver, given, None)
                remembered.keep(self._reads, customer_id, self, kept)
            return kept  # type: ignore[no-any-return]
        return self._read(connection, driver, given, remembered)

    def _read(
        self,
        connection: Connection,
        driver: sqlite3.Connection,
        given: Mapping[str, Any],
        remembered: Remembered | None,
    ) -> list[Row]:
        ready = self._made_ready(connection, ())
        told = remembered if ready.writes is not None else None
        if told is not None:
            told.about_to_write()
        try:
            found = driver.execute(ready.sql, ready.bound(given)).fetchall()
        except sqlite3.Error as error:
            _told(connection, ready.sql, error)
        if told is not None:
            told.written(ready.writes or "", () if self._quiet else None)
        return [ready.made(row) for row in found]

    def driven(self, connection: Connection, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """On SQLite: execute it and give the rows as the driver does, nothing read into them."""
        ready = self._made_ready(connection, ())
        try:
            return _driver(connection).execute(ready.sql, ready.bound(given)).fetchall()
        except sqlite3.Error as error:
            _told(connection, ready.sql, error)

    def each(
        self,
        connection: Connection,
        rows: Sequence[Mapping[str, Any]],
        parts: Iterable[str] = (),
    ) -> None:
        """Execute it once for each of `rows`, which all say the same names.

        `parts`: the parts of the table that it writes to, where it is read in parts.
        """
        if not rows:
            return
        if connection.dialect.name != SQLITE:
            connection.execute(self.statement, rows)
            return
        ready = self._made_ready(connection, tuple(rows[0]))
        driver = _driver(connection)
        remembered = remembered_of(driver)
        if remembered is not None:
            remembered.about_to_write()
        try:
            driver.executemany(ready.sql, [ready.bound(row) for row in rows])
        except sqlite3.Error as error:
            _told(connection, ready.sql, error)
        if remembered is not None:
            customers = () if self._quiet else _customers(rows)
            remembered.written(ready.writes or "", customers, parts)

    def _made_ready(self, connection: Connection, names: tuple[str, ...]) -> _Ready:
        ready = self._ready.get(names)
        if ready is None:
            ready = self._ready[names] = _compiled(
                self.statement, connection.dialect, names, self._into, self._remembers
            )
        return ready


def _compiled(
    statement: Any,
    dialect: Dialect,
    names: tuple[str, ...],
    into: Callable[[Row], Any] | None,
    remembers: int,
) -> _Ready:
    columns = list(names) if statement.is_insert else None
    compiled = statement.compile(dialect=dialect, column_keys=columns)
    sql = str(compiled)
    assert "POSTCOMPILE" not in sql, "a list is bound by `among`"
    fixed = dict(compiled.construct_params(_check=False))
    defaults = {one.key: one.default for one in compiled.insert_prefetch if statement.is_insert}
    for key, default in defaults.items():
        assert default.is_scalar
        fixed[key] = default.arg
    places: list[tuple[str | None, Any, Process | None]] = []
    for name in compiled.positiontup or ():
        way = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
        if name not in defaults and (compiled.binds[name].required or name in names):
            places.append((name, None, way))
        else:
            places.append((None, way(fixed[name]) if way else fixed[name], None))
    returned = list(statement.selected_columns) if statement.is_select else []
    names_out = [str(column.key) for column in returned]
    row: Any = namedtuple("Row", names_out, rename=True)  # type: ignore[misc]
    ways = [one.type.dialect_impl(dialect).result_processor(dialect, None) for one in returned]
    ways_out = tuple((place, way) for place, way in enumerate(ways) if way is not None)
    made = _maker(partial(tuple.__new__, row), len(names_out), ways_out, into)
    made = RowsKept(made, remembers) if remembers else made
    return _Ready(sql, _written(sql), made, _binder(places))


def _written(sql: str) -> str | None:
    """The table that a statement writes to: empty where that is unknown, None for a query."""
    if sql.lstrip()[:6].upper() == "SELECT":
        return None
    found = _WRITES.match(sql)
    return "" if found is None else found[1]


def _customers(rows: Sequence[Mapping[str, Any]]) -> list[str] | None:
    """Whose rows are written, by the names that statements give customers; None if unknown."""
    first = rows[0]
    for name in OF_CUSTOMERS:
        if name in first:
            return [row[name] for row in rows]
    if "ids" in first:
        return [one for row in rows for one in row["ids"]]
    return None


def _binder(
    places: Sequence[tuple[str | None, Any, Process | None]],
) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    """What makes of named values those that are bound, by place.

    A place has the name that is bound there, or what always stands there, and the way in.
    """
    if len(places) > 1 and all(name is not None and way is None for name, _, way in places):
        return itemgetter(*(name for name, _, _ in places))

    def bound(given: Mapping[str, Any]) -> Sequence[Any]:
        return [
            fixed if name is None else way(given[name]) if way else given[name]
            for name, fixed, way in places
        ]

    return bound


def _maker(
    named: Callable[[Iterable[Any]], Row],
    columns: int,
    ways_out: tuple[tuple[int, Process], ...],
    into: Callable[[Row], Any] | None,
) -> Callable[[tuple[Any, ...]], Row]:
    """What makes of the driver's row ours: written out once, so that each row is one expression."""
    if not ways_out and into is None:
        return named
    ways = {f"way_{place}": way for place, way in ways_out}
    values = (
        f"None if row[{place}] is None else way_{place}(row[{place}])"
        if f"way_{place}" in ways
        else f"row[{place}]"
        for place in range(columns)
    )
    made = f"named(({''.join(f'{value},' for value in values)}))"
    if into is not None:
        made = f"into({made})"
    written: Callable[[tuple[Any, ...]], Row]
    written = eval(f"lambda row: {made}", {**ways, "named": named, "into": into})
    return written


def _driver(connection: Connection) -> sqlite3.Connection:
    driver: Any = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _told(connection: Connection, sql: str, error: sqlite3.Error) -> NoReturn:
    """Raise the driver's error as SQLAlchemy would have."""
    raise DBAPIError.instance(
        sql, None, error, sqlite3.Error, dialect=connection.dialect
    ) from error
