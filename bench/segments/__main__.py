"""`make bench-segments`: measures segments on a large shop; writes bench/results.json.

1 when a goal is missed. The shop is made once and kept in .bench/, which takes some 7 GB.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from bench.results import record
from bench.segments import builds, data, duck, ingest, keeping_up, memory, postgres, ticks
from bench.segments.engine_room import opened, project
from bench.segments.rules import fifty
from lifecycle.clock import SystemClock
from lifecycle.store.tables import METADATA

PARTS = ("ticks", "builds", "ingest", "keeping_up", "memory", "postgres")
ROUNDS = 5
SMALLER = 10
"""The small shop has so many times fewer customers and events."""
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Goal:
    """A figure, and what it should be; no goal where it is only told."""

    name: str
    figure: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool:
        """Whether it is reached; what is only told always is."""
        enough = self.at_least is None or self.figure >= self.at_least
        return enough and (self.at_most is None or self.figure <= self.at_most)

    def wanted(self) -> str:
        """The goal as text."""
        if self.at_least is not None:
            return f"at least {self.at_least}"
        return "" if self.at_most is None else f"at most {self.at_most}"


Found = tuple[list[Goal], dict[str, Any]]


class Benchmark:
    """One run: a folder to work in, a large shop and a small one."""

    def __init__(self, folder: Path, customers: int, events: int, rounds: int) -> None:
        self.folder, self.rounds = folder, rounds
        self.rules = fifty()
        self.large = data.make(customers, events)
        self.small = data.make(customers // SMALLER, events // SMALLER)
        folder.mkdir(parents=True, exist_ok=True)

    def file(self, shop: data.Shop) -> Path:
        """The shop's database as it was made; made now, if it is not there."""
        tables = blake2b(digest_size=4)
        for table in METADATA.sorted_tables:
            made: list[Any] = [CreateTable(table)]
            made += [
                CreateIndex(one) for one in sorted(table.indexes, key=lambda one: str(one.name))
            ]
            for one in made:
                tables.update(str(one.compile(dialect=sqlite.dialect())).encode())
        path = self.folder / f"shop-{shop.customers}-{shop.events}-{tables.hexdigest()}.db"
        if not path.exists():
            making = path.with_suffix(".making")
            data.write(shop, making)
            making.rename(path)
        return path

    def copy(self, shop: data.Shop, name: str) -> Path:
        """A copy of the shop's database, to be changed."""
        target = self.folder / f"{name}.db"
        for ending in ("", "-wal", "-shm"):
            Path(f"{target}{ending}").unlink(missing_ok=True)
        shutil.copyfile(self.file(shop), target)
        return target

    def ticks(self) -> Found:
        """A thousand changed customers in both shops, DuckDB, and time alone."""
        folder = project(self.folder / "ticks", self.rules)
        large, small = (
            f"sqlite:///{self.copy(shop, name)}"
            for shop, name in ((self.large, "large"), (self.small, "small"))
        )
        same, narrow = duck.same(self.large), duck.narrow(self.large)
        with opened(large, folder) as many, opened(small, folder) as few:
            assert ticks.sizes(many) == same.sizes(self.rules), "DuckDB holds others for members"
            rooms = [(many, self.large), (few, self.small)]
            ticked, asked = ticks.compare(rooms, [same, narrow], self.rules, self.rounds)
            idle = [ticks.idle(room) for room, _ in rooms]
            quiet = [ticks.quiet(room) for room, _ in rooms]
            wakes = ticks.wakes(many)
        warm = [[one.wall for one in each[1:]] for each in ticked]
        with_same = [duck / tick for duck, tick in zip(asked[0][1:], warm[0], strict=True)]
        with_narrow = [duck / tick for duck, tick in zip(asked[1][1:], warm[0], strict=True)]
        sizes = [large / small for large, small in zip(*warm, strict=True)]
        each = [one.micros_each for one in quiet]
        goals = [
            Goal("DuckDB asking all ÷ a tick, same data", median(with_same), at_least=10),
            Goal("DuckDB asking all ÷ a tick, narrow numbers", median(with_narrow)),
            Goal("a tick: 10 times the customers ÷ the small shop", median(sizes), at_most=4),
            Goal("time alone, for each due: large ÷ small", each[0] / each[1], at_most=1.2),
            Goal("a tick with nobody due: large ÷ small", idle[0] / idle[1]),
        ]
        return goals, {
            "ticks": [[asdict(one) for one in each] for each in ticked],
            "duckdb_seconds": {"same": asked[0], "narrow": asked[1]},
            "quiet": [asdict(one) for one in quiet],
            "idle_micros": idle,
            "wake_ups": wakes[0],
        }

    def builds(self) -> Found:
        """First builds of one segment of each kind, beside SQL by hand."""
        folder = project(self.folder / "builds", self.rules)
        url = f"sqlite:///{self.copy(self.large, 'large')}"
        found = builds.measure(url, folder, self.rules, self.rounds)
        figures = {kind: builds.medians(rounds) for kind, rounds in found.items()}
        goals = []
        for kind, told in figures.items():
            goals.append(Goal(f"{kind}: query ÷ by hand", told["query_ratio"], at_most=1.2))
            goals.append(Goal(f"{kind}: µs a row beyond", told["micros_a_row"], at_most=10))
        rounds = {kind: [asdict(one) for one in every] for kind, every in found.items()}
        return goals, {"medians": figures, "rounds": rounds}

    def ingest(self) -> Found:
        """Durable ingest over HTTP beside bare sqlite3."""
        found = ingest.measure(self.folder / "ingest", self.rounds)
        batched = median(one.ratio for one in found.batched)
        entered = median(one.ratio_entered for one in found.batched)
        single = median(one.ratio for one in found.singles)
        goals = [
            Goal("ingest, 100 a request ÷ bare", batched, at_least=0.5),
            Goal("the same, entering into the log counted in ÷ bare", entered),
            Goal("ingest, 1 a request ÷ bare", single, at_least=3),
            Goal("bytes an event, entered", median(one.bytes for one in found.batched)),
        ]
        return goals, asdict(found)

    def keeping_up(self) -> Found:
        """How many events a second the daemon keeps up with, the segments asked."""
        found = keeping_up.measure(self.folder / "keeping-up", self.small, self.rules)
        best = found.best
        return [Goal("events a second kept up with", best.rate if best else 0.0)], asdict(found)

    def memory(self) -> Found:
        """What the daemon takes on the large shop."""
        copy = self.copy(self.large, "memory")
        found = memory.measure(self.folder / "memory", copy, self.large, self.rules)
        peak = max(one.peak for one in found) / MEGABYTE
        kept = self.file(self.large).stat().st_size / self.large.events
        goals = [Goal("the daemon at most, MB", peak, at_most=300), Goal("bytes an event", kept)]
        return goals, {"stages": [asdict(one) for one in found]}

    def postgres(self) -> Found:
        """The same ticks and builds on PostgreSQL, in the small shop."""
        folder = self.folder / "postgres"
        found = postgres.measure(folder, self.file(self.small), self.small, self.rules, self.rounds)
        tick = median(one.tick.wall for one in found.ticks)
        goals = [
            Goal("PostgreSQL: seconds a tick, small shop", tick),
            Goal("PostgreSQL: bytes an event", found.size / found.events),
        ]
        return goals, asdict(found)


def main(given: list[str], now: datetime) -> int:
    """Measure what is asked for, all of it unless said; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench-segments")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--folder", type=Path, default=Path(".bench"))
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    said = parser.parse_args(given)
    console = Console(stderr=True)
    console.print("the shops …")
    benchmark = Benchmark(said.folder.resolve(), said.customers, said.events, said.rounds)
    missed = False
    for part in said.only:
        console.print(f"{part} …")
        measure: Callable[[], Found] = getattr(benchmark, part)
        goals, figures = measure()
        told = {"customers": said.customers, "events": said.events}
        found = {"goals": [{**asdict(one), "met": one.met} for one in goals], **figures}
        record(f"segments: {part}", {**told, **found}, now)
        _show(part, goals)
        missed |= not all(one.met for one in goals)
    return int(missed)


def _show(part: str, goals: list[Goal]) -> None:
    table = Table(title=part)
    for column in ("what", "median", "goal", ""):
        table.add_column(column)
    for one in goals:
        met = ("met" if one.met else "MISSED") if one.wanted() else ""
        table.add_row(one.name, f"{one.figure:,.3f}", one.wanted(), met)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], SystemClock().now()))
