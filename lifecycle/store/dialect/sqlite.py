"""SQLite: WAL, every writing transaction begins IMMEDIATE, one writer connection in one process."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.pool import QueuePool, StaticPool

BUSY_TIMEOUT_MS = 10_000
READERS = 5
WAL_RESET_FIXED = ((3, 44, 6), (3, 50, 7), (3, 51, 3))


def engines(url: str, *, durable: bool) -> tuple[Engine, Engine]:
    """The writer's and the readers' engine; in memory both are one connection.

    `durable` = synchronous FULL; without it commits are not waited for, which is for replays alone.
    """
    memory = url in ("sqlite://", "sqlite:///:memory:")
    arguments = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000}
    writer = create_engine(url, poolclass=StaticPool, connect_args=arguments)
    _prepare(writer, "BEGIN IMMEDIATE", durable=durable, memory=memory)
    if memory:
        return writer, writer
    reader = create_engine(url, poolclass=QueuePool, pool_size=READERS, connect_args=arguments)
    _prepare(reader, "BEGIN", durable=durable, memory=memory)
    return writer, reader


class HintingCompiler(SQLiteCompiler):
    """Writes hints such as INDEXED BY behind the table, which the stock compiler leaves out."""

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:
        """The hint as it is."""
        return text


def _prepare(engine: Engine, begin: str, *, durable: bool, memory: bool) -> None:
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
        settings += ["cache_size=-65536", "temp_store=MEMORY"]
        for setting in settings:
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def begun(connection: Any) -> None:
        connection.exec_driver_sql(begin)


def sort_in_files(connection: Connection, files: bool) -> None:
    """Have what does not fit the page cache sorted in files, or all in memory again.

    To be called between transactions.
    """
    driver: Any = connection.connection.dbapi_connection
    driver.execute(f"PRAGMA temp_store={'FILE' if files else 'MEMORY'}")


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
