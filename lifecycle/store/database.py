"""The database: one place that opens it, begins transactions, and says what kind it is."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from lifecycle.errors import EnvironmentFailed
from lifecycle.store.dialect import postgresql, sqlite


class Database:
    """The facts, wherever they are kept. Writing transactions on SQLite go one at a time."""

    def __init__(self, url: str, *, durable: bool = True, alone: bool = False) -> None:
        """Open `url` ("sqlite:///shop.db", "sqlite://", "postgresql://…").

        `alone`: an SQLite database of which only this object knows and which is thrown away after
        a failure; nothing is rolled back in it. Raises EnvironmentFailed when nothing can be opened
        there.
        """
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        assert self.is_sqlite or not alone
        try:
            if self.is_sqlite:
                made = sqlite.engines(url, durable=durable, alone=alone)
            else:
                made = postgresql.engines(url, durable=durable)
            self._writer, self._reader = made
        except SQLAlchemyError as refused:
            raise EnvironmentFailed(
                "the database address cannot be used",
                cause=str(refused),
                remedy="see [database] url",
            ) from refused
        self._one_writer = threading.RLock() if self.is_sqlite else None
        self._whole: Connection | None = None
        self._commits = 0
        self._shared = self._writer is self._reader and self.is_sqlite

    @property
    def kind(self) -> str:
        """`sqlite` or `postgresql`."""
        return "sqlite" if self.is_sqlite else "postgresql"

    @contextmanager
    def write(self, *, aside: bool = False) -> Iterator[Connection]:
        """A writing transaction: committed at the end, rolled back when something is raised.

        `aside`: it writes nothing that decisions are made by, so that `written_since` need not
        tell of it; what came in and is only noted is such.
        """
        if self._whole is not None:
            yield self._whole
            return
        if self._one_writer is None:
            with self._writer.begin() as connection:
                yield connection
            return
        with self._one_writer:
            with self._writer.begin() as connection:
                yield connection
            self._commits += not aside

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A reading transaction on a consistent picture."""
        if self._whole is not None:
            yield self._whole
            return
        if self._shared and self._one_writer is not None:
            with self._one_writer, self._reader.begin() as connection:
                yield connection
            return
        with self._reader.connect() as connection, connection.begin():
            yield connection

    @property
    def reads_beside(self) -> bool:
        """Whether a reading transaction goes on while this same thread writes in another."""
        return self._whole is None and not self._shared

    @contextmanager
    def survey(self) -> Iterator[Connection]:
        """A reading transaction for a query over everybody: what it sorts goes into a file."""
        if not self.is_sqlite or not self.reads_beside:
            with self.read() as connection:
                yield connection
            return
        with self._reader.connect() as connection:
            sqlite.survey(connection, True)
            try:
                with connection.begin():
                    yield connection
            finally:
                sqlite.survey(connection, False)

    def pulse(self, writing: Connection) -> tuple[int, int] | None:
        """Two numbers by which `written_since` can tell; None where it cannot, as on PostgreSQL.

        To be asked inside a writing transaction: the first grows by one with each transaction of
        this process that is not aside, the second changes when another process has written.
        """
        if self._one_writer is None or self._whole is not None:
            return None
        others = writing.exec_driver_sql("PRAGMA data_version").scalar_one()
        return self._commits, int(others)

    def written_since(self, pulse: tuple[int, int] | None, writing: Connection) -> bool:
        """Whether anybody may have written after the transaction in which `pulse` was taken."""
        return pulse is None or self.pulse(writing) != (pulse[0] + 1, pulse[1])

    @contextmanager
    def whole(self) -> Iterator[None]:
        """Make one transaction of all that is read and written meanwhile, in this one thread.

        For replays, which alone know their database and fail as a whole.
        """
        assert self._whole is None
        with self.exclusive(), self._writer.begin() as self._whole:
            try:
                yield
            finally:
                self._whole = None

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other threads from writing to SQLite across several transactions of this one.

        On PostgreSQL, where other processes write too, it keeps nobody out.
        """
        if self._one_writer is None:
            yield
            return
        with self._one_writer:
            yield

    def copy_to(self, path: Path) -> None:
        """Write a copy of an SQLite database to a new file; what is there is replaced."""
        assert self.is_sqlite
        path.unlink(missing_ok=True)
        source = self._writer.raw_connection()
        target = sqlite3.connect(path)
        try:
            source.driver_connection.backup(target)  # type: ignore[union-attr]
        finally:
            target.close()
            source.close()

    def close(self) -> None:
        """Close every connection."""
        self._writer.dispose()
        self._reader.dispose()
