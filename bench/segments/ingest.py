"""Durable ingest over HTTP against the bare database, in alternating rounds of one run.

The server has one core to itself; the load, and the bare inserts, have another. Both keep what
they take with `synchronous=FULL`. What the server took is entered into the tables of events
afterwards, which whoever decides by events does first: that is measured as well.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.segments import load
from bench.segments.child import Child, cores, staying_on
from bench.segments.data import NAMES, properties
from bench.segments.dice import dice
from lifecycle.clock import SystemClock
from lifecycle.core.words import micros

OWN = "message_"
"""Names that begin so are the engine's own: nobody may send them."""
BARE_TABLE = (
    "CREATE TABLE event (id INTEGER PRIMARY KEY, uid BLOB NOT NULL UNIQUE, "
    "customer INT NOT NULL, name INT NOT NULL, at INT NOT NULL, properties TEXT)"
)
BARE_INDEX = "CREATE INDEX event_of_customer ON event (customer, name, at)"
BARE_INSERT = (
    "INSERT INTO event (uid, customer, name, at, properties) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (uid) DO NOTHING"
)
BARE_SETTINGS = ("journal_mode=WAL", "synchronous=FULL", "cache_size=-200000")
WARMING = 20
"""Requests that go before, unmeasured."""


@dataclass(frozen=True)
class Sizes:
    """How much is sent, and how."""

    customers: int = 100_000
    batch: int = 100
    batched: int = 100_000
    """Events in batches, of both ways."""
    bare_batch: int = 1_000
    connections: int = 16
    singles: int = 20_000
    bare_singles: int = 5_000
    single_connections: int = 64


@dataclass(frozen=True)
class Rate:
    """So many events in so many seconds, and seconds of the one processor that took them in."""

    events: int
    wall: float
    processor: float

    @property
    def each_second(self) -> float:
        """Events a second."""
        return self.events / self.wall


@dataclass(frozen=True)
class Round:
    """The bare way, the served way, and what it took to enter what the served way had noted."""

    bare: Rate
    served: Rate
    entered: Rate
    bare_bytes: float
    """On disk for each event."""
    bytes: float
    """Likewise, once entered."""

    @property
    def ratio(self) -> float:
        """How many times faster the served way is than the bare one."""
        return self.served.each_second / self.bare.each_second

    @property
    def ratio_entered(self) -> float:
        """The same, the entering afterwards counted in."""
        whole = self.served.wall + self.entered.wall
        return self.served.events / whole / self.bare.each_second


@dataclass(frozen=True)
class Ingested:
    """All rounds: many events a request, and one event a request."""

    batched: tuple[Round, ...]
    singles: tuple[Round, ...]


def measure(folder: Path, rounds: int, sizes: Sizes | None = None) -> Ingested:
    """Measure both in alternating rounds; `folder` lies on the disk that is to be measured."""
    sizes = sizes or Sizes()
    folder.mkdir(parents=True, exist_ok=True)
    batched, singles = [], []
    _, ours = cores()
    with staying_on(ours):
        for number in range(rounds):
            chance = dice(number)
            bare = _bare(folder, sizes.batched, sizes.bare_batch, sizes.customers, chance)
            served = _served(
                folder, sizes.batched, sizes.batch, sizes.connections, sizes.customers, chance
            )
            batched.append(_round(bare, served))
            bare = _bare(folder, sizes.bare_singles, 1, sizes.customers, chance)
            served = _served(
                folder, sizes.singles, 1, sizes.single_connections, sizes.customers, chance
            )
            singles.append(_round(bare, served))
    return Ingested(tuple(batched), tuple(singles))


def _round(bare: tuple[Rate, float], served: tuple[Rate, Rate, float]) -> Round:
    return Round(bare[0], served[0], served[1], bare[1], served[2])


def _drawn(chance: Any, count: int, customers: int) -> tuple[list[int], list[int]]:
    """Who does what: everybody as likely, so that no page of an index is more in use."""
    sendable = [place for place, name in enumerate(NAMES) if not name.startswith(OWN)]
    who: list[int] = chance.integers(0, customers, count).tolist()
    what: list[int] = chance.choice(sendable, count).tolist()
    return who, what


def _bare(
    folder: Path, count: int, at_once: int, customers: int, chance: Any
) -> tuple[Rate, float]:
    """Insert into a new file by sqlite3 and nothing else; and how many bytes an event takes."""
    path = _new(folder / "bare.db")
    who, what = _drawn(chance, count, customers)
    begun_at = micros(SystemClock().now())
    rows = [
        (chance.bytes(16), one, name, begun_at + number, properties(name, number, 4950))
        for number, (one, name) in enumerate(zip(who, what, strict=True))
    ]
    file = sqlite3.connect(path, isolation_level=None)
    for statement in (*(f"PRAGMA {one}" for one in BARE_SETTINGS), BARE_TABLE, BARE_INDEX):
        file.execute(statement)
    empty = _in_use(file)
    wall, processor = time.perf_counter(), time.process_time()
    for start in range(0, count, at_once):
        file.execute("BEGIN IMMEDIATE")
        file.executemany(BARE_INSERT, rows[start : start + at_once])
        file.execute("COMMIT")
    taken = Rate(count, time.perf_counter() - wall, time.process_time() - processor)
    size = (_in_use(file) - empty) / count
    file.close()
    return taken, size


def _served(
    folder: Path, count: int, at_once: int, connections: int, customers: int, chance: Any
) -> tuple[Rate, Rate, float]:
    """Send over HTTP to a server on a new file, then have it enter what it noted."""
    path = _new(folder / "served.db")
    who, what = _drawn(chance, count, customers)
    begun_at = SystemClock().now() - timedelta(days=1)
    said = chance.bytes(8).hex()
    events = [
        load.event(number, said, one, name, NAMES[name], begun_at + timedelta(milliseconds=number))
        for number, (one, name) in enumerate(zip(who, what, strict=True))
    ]
    warming = [load.event(number, "warm", 0, 0, NAMES[0]) for number in range(WARMING)]
    core, _ = cores()
    arguments = [f"sqlite:///{path}", "-" if core is None else str(core)]
    with Child("bench.segments.server", arguments) as server:
        way_in = server.ask("way in")
        port, key = way_in["port"], way_in["key"]
        load.drive(port, load.requests(key, warming, 1), connections)
        server.ask("enter")
        empty = _measured(path)[1]
        made = load.requests(key, events, at_once)
        before = server.ask("processor")
        wall = load.drive(port, made, connections)
        served = Rate(count, wall, server.ask("processor") - before)
        told = server.ask("enter")
    entered = Rate(count, told["wall"], told["processor"])
    found, full = _measured(path)
    assert found == count + WARMING, f"{found} events of {count + WARMING}"
    return served, entered, (full - empty) / count


def _measured(path: Path) -> tuple[int, int]:
    """How many events are entered, and how many bytes are in use."""
    with closing(sqlite3.connect(path)) as file:
        (found,) = file.execute("SELECT count(*) FROM event").fetchone()
        return int(found), _in_use(file)


def _in_use(file: sqlite3.Connection) -> int:
    """Bytes of pages that hold something."""
    told = ("page_count", "freelist_count", "page_size")
    pages, free, size = (int(file.execute(f"PRAGMA {one}").fetchone()[0]) for one in told)
    return (pages - free) * size


def _new(path: Path) -> Path:
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    return path
