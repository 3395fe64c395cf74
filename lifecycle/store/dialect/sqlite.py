"""SQLite: WAL, every writing transaction begins IMMEDIATE, one writer connection in one process."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.pool import QueuePool, StaticPool

from lifecycle.store.remembered import AloneConnection, Remembered

BUSY_TIMEOUT_MS = 10_000
READERS = 5
WRITER_CACHE_KIB = 32 * 1024
"""Ticks read by the writer's connection: theirs are the pages that come again and again."""
READER_CACHE_KIB = 8 * 1024
ALONE_CACHE_KIB = 256 * 1024
"""Of a large replay: its customers come in no order, and no other connection needs memory."""
CHECKPOINT_PAGES = 8_000
"""So many pages of the log, 32 MB, are written back at once: what is written often, only once."""
SURVEY_CACHE_KIB = 32 * 1024
"""While a reader asks everybody of a rule; it gives the memory back afterwards."""
WAL_RESET_FIXED = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


def engines(url: str, *, durable: bool, alone: bool = False) -> tuple[Engine, Engine]:
    """The writer's and the readers' engine; in memory both are one connection.

    `durable` = synchronous FULL; without it commits are not waited for, which is for replays alone.
    `alone`: one connection and no journal, since after a failure the database is thrown away.
    """
    memory = url in ("sqlite://", "sqlite:///:memory:")
    arguments: dict[str, Any] = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}
    if alone:
        arguments["factory"] = AloneConnection
    writer = create_engine(url, poolclass=StaticPool, connect_args=arguments)
    if alone:
        _prepare_alone(writer)
        return writer, writer
    _prepare(writer, "BEGIN IMMEDIATE", WRITER_CACHE_KIB, durable=durable, memory=memory)
    if memory:
        return writer, writer
    reader = create_engine(url, poolclass=QueuePool, pool_size=READERS, connect_args=arguments)
    _prepare(reader, "BEGIN", READER_CACHE_KIB, durable=durable, memory=memory)
    return writer, reader


class HintingCompiler(SQLiteCompiler):
    """Writes hints such as INDEXED BY behind the table, which the stock compiler leaves out."""

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:
        """The hint as it is."""
        return text


def _prepare(engine: Engine, begin: str, cache_kib: int, *, durable: bool, memory: bool) -> None:
    engine.dialect.statement_compiler = HintingCompiler

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        settings = [
            "foreign_keys=ON",
            "secure_delete=ON",
            f"synchronous={'FULL' if durable else 'OFF'}",
        ]
        if not memory:
            settings += ["journal_mode=WAL", f"busy_timeout={BUSY_TIMEOUT_MS}"]
            settings += [f"wal_autocheckpoint={CHECKPOINT_PAGES}"]
        settings += [f"cache_size=-{cache_kib}", "temp_store=MEMORY"]
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def begun(connection: Any) -> None:
        connection.exec_driver_sql(begin)


def _prepare_alone(engine: Engine) -> None:
    engine.dialect.statement_compiler = HintingCompiler

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        settings = ["foreign_keys=ON", "synchronous=OFF", "journal_mode=OFF", "temp_store=FILE"]
        for setting in (*settings, "locking_mode=EXCLUSIVE", f"cache_size=-{ALONE_CACHE_KIB}"):
            connection.execute(f"PRAGMA {setting}")
        connection.remembered = Remembered(connection)

    @event.listens_for(engine, "begin")
    def begun(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def survey(connection: Connection, begins: bool) -> None:
    """Make a reader ready for a query over everybody, or make it as it was.

    Meanwhile it has more pages in memory, and what does not fit there is sorted in files. To be
    called between transactions.
    """
    driver: Any = connection.connection.dbapi_connection
    cache = SURVEY_CACHE_KIB if begins else READER_CACHE_KIB
    driver.execute(f"PRAGMA temp_store={'FILE' if begins else 'MEMORY'}")
    driver.execute(f"PRAGMA cache_size=-{cache}")
    if not begins:
        driver.execute("PRAGMA shrink_memory")


def version_warning() -> str | None:
    """A warning when this SQLite may lose a WAL reset race; None when it is a fixed one."""
    version = sqlite3.sqlite_version_info
    fixed = version >= WAL_RESET_FIXED[-1] or any(
        version[:2] == one[:2] and version >= one for one in WAL_RESET_FIXED
    )
    if fixed:
        return None
    return (
        f"SQLite {sqlite3.sqlite_version} may corrupt a WAL database that several connections "
        "write at once (fixed in 3.51.3, 3.50.7, 3.44.6); lifecycle keeps one writer, "
        "do not write to the file with other programs"
    )
