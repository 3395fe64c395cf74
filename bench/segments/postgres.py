"""The same ticks and builds on PostgreSQL: a server of our own, filled from the SQLite file."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import Boolean, text

from bench.segments.data import NOW, Shop
from bench.segments.engine_room import Room, opened, project, write_segment
from bench.segments.memory import EDITED_DAYS, with_windows
from bench.segments.rules import Measured
from bench.segments.ticks import CHANGED, Ticked, changed
from bench.shop import catalog_of
from lifecycle.engine.apply import apply
from lifecycle.hooks import Registry
from lifecycle.store.database import Database
from lifecycle.store.migrate import upgrade
from lifecycle.store.tables import METADATA
from tests.databases import PostgresServer, server_binaries

OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "timezone": "UTC",
}
"""Durable as it comes; a gigabyte of memory, as who keeps so many events would give it."""
TABLES = ("customer", "intake", "event")
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Served:
    """A tick, and the seconds of processor that the server took for it beside our own."""

    tick: Ticked
    server: float


@dataclass(frozen=True)
class Built:
    """One segment built anew: seconds, those of our processor and the server's, rows standing."""

    name: str
    wall: float
    processor: float
    server: float
    rows: int


@dataclass(frozen=True)
class OnPostgres:
    """Filling the tables, building all segments at first, ticks, and one rule of each kind anew.

    `size` is the database's in bytes, its events that many.
    """

    events: int
    size: int
    filled: float
    first: Built
    ticks: tuple[Served, ...]
    builds: tuple[Built, ...]


@contextmanager
def server() -> Iterator[PostgresServer]:
    """A server for as long as this is held; nobody else can reach it."""
    with tempfile.TemporaryDirectory(prefix="lifecycle-bench-") as made:
        found = PostgresServer(Path(made) / "cluster", server_binaries(), OPTIONS)
        found.start()
        try:
            yield found
        finally:
            found.stop()


def measure(
    folder: Path,
    file: Path,
    shop: Shop,
    rules: Sequence[Measured],
    rounds: int,
    *,
    edited: Sequence[int] = (0, 1, 2),
    at_once: int = CHANGED,
) -> OnPostgres:
    """Fill a database from the SQLite file of a shop, and tick it. One tick goes before."""
    project(folder, rules)
    with server() as running:
        url = running.url(running.create())
        begun = time.perf_counter()
        fill(url, file)
        filled = time.perf_counter() - begun
        with opened(url, folder, built=False) as room:
            first = _built(room, folder, running.pid, "all")
            with room.database.read() as connection:
                size = connection.execute(text("SELECT pg_database_size(current_database())"))
                bytes_kept = int(size.scalar_one())
        with opened(url, folder) as room:
            ticks = [
                _tick(room, shop, number, at_once, running.pid) for number in range(rounds + 1)
            ]
            builds = []
            for number in edited:
                one = rules[number]
                write_segment(folder, one.name, with_windows(one.rule, f"{EDITED_DAYS} days"))
                builds.append(_built(room, folder, running.pid, one.name))
    return OnPostgres(shop.events, bytes_kept, filled, first, tuple(ticks[1:]), tuple(builds))


def fill(url: str, file: Path) -> None:
    """Copy the shop's rows: by COPY, the indexes made afterwards, and the planner told."""
    database = Database(url)
    upgrade(database)
    database.close()
    with psycopg.connect(_plain(url), autocommit=True) as target:
        listed = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s)"
        keys = "AND indexname NOT LIKE '%%\\_pkey'"
        indexes = target.execute(f"{listed} {keys}", (list(TABLES),)).fetchall()
        for name, _ in indexes:
            target.execute(f'DROP INDEX "{name}"'.encode())
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as source:
            for name in TABLES:
                _copy(source, target, name)
        for _, sql in indexes:
            target.execute(sql.encode())
        target.execute("VACUUM ANALYZE")


def _copy(source: sqlite3.Connection, target: psycopg.Connection, name: str) -> None:
    columns = list(METADATA.tables[name].columns)
    truths = [place for place, one in enumerate(columns) if isinstance(one.type, Boolean)]
    named = ", ".join(column.name for column in columns)
    rows = source.execute(f"SELECT {named} FROM {name}")
    with target.cursor().copy(f"COPY {name} ({named}) FROM STDIN".encode()) as copy:
        for row in rows:
            values = list(row)
            for place in truths:
                values[place] = bool(values[place])
            copy.write_row(values)


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def _tick(room: Room, shop: Shop, number: int, at_once: int, pid: int) -> Served:
    room.hear(changed(shop, number, at_once))
    before = _processor(pid)
    wall, processor, customers = room.tick()
    return Served(Ticked(wall, processor, customers), _processor(pid) - before)


def _built(room: Room, folder: Path, pid: int, name: str) -> Built:
    """Put the folder's definitions live, which builds what they changed."""
    catalog = catalog_of(folder)
    server_before, wall, processor = _processor(pid), time.perf_counter(), time.process_time()
    apply(room.database, catalog, Registry(), "bench", max(room.now, NOW))
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    query = "SELECT count(*) FROM membership" + ("" if name == "all" else " WHERE segment = :name")
    with room.database.read() as connection:
        bound = {} if name == "all" else {"name": name}
        rows = int(connection.execute(text(query), bound).scalar_one())
    return Built(name, wall, processor, _processor(pid) - server_before, rows)


def _processor(pid: int) -> float:
    """Seconds of processor of a server's processes, those that ended included. Linux; else 0."""
    total = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if path.parent.name == str(pid):
            total += sum(map(int, fields[11:15]))
        elif fields[1] == str(pid):
            total += int(fields[11]) + int(fields[12])
    return total / CLOCK_TICKS
