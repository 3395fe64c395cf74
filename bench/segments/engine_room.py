"""The real engine on a made-up shop with the fifty segments, ticked by hand."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.segments.data import NOW, customer_id
from bench.segments.rules import Measured
from bench.shop import catalog_of, new_shop
from lifecycle.catalog.catalog import Catalog
from lifecycle.cli.collector import collect_seldom
from lifecycle.core.event import Event
from lifecycle.engine.apply import apply
from lifecycle.engine.engine import Engine
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.hooks import Registry
from lifecycle.render.links import Signer
from lifecycle.sim.world import AcceptsAll
from lifecycle.store import events
from lifecycle.store.database import Database
from lifecycle.store.events import NewEvent

KEY = b"the fixed key of benchmarks: no secret"
EMPTIED = ("campaigns", "segments", "hooks", "tests/campaigns")
UNUSED_TABLES = ("[points]", "[referral]")


def project(folder: Path, rules: Sequence[Measured]) -> Path:
    """Make a project folder whose segments are these and nothing else."""
    new_shop(folder)
    for part in EMPTIED:
        for path in (folder / part).glob("*.*"):
            path.unlink()
    settings = folder / "settings.toml"
    kept, inside = [], False
    for line in settings.read_text("utf-8").splitlines():
        if line.startswith("["):
            inside = line.strip() in UNUSED_TABLES
        if not inside:
            kept.append(line)
    settings.write_text("\n".join(kept) + "\n", "utf-8")
    for one in rules:
        write_segment(folder, one.name, one.rule)
    return folder


def write_segment(folder: Path, name: str, rule: dict[str, Any]) -> None:
    """Write one segment file."""
    said = rule if {"all", "any", "none", "not"} & set(rule) else {"all": [rule]}
    lines = [f'name = "{name}"', "", "[match]"]
    lines += [f"{key} = {_toml(value)}" for key, value in said.items()]
    (folder / "segments" / f"{name}.toml").write_text("\n".join(lines) + "\n", "utf-8")


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


@dataclass
class Room:
    """An engine on one database. `now` is its clock; `said` counts the events told."""

    database: Database
    catalog: Catalog
    engine: Engine
    now: datetime = NOW
    said: int = 0

    def hear(self, customers: Iterable[int], name: str = "order_placed") -> None:
        """Let each of these customers do something now, durably, not taken in yet."""
        self.now += timedelta(seconds=1)
        told = []
        for one in customers:
            self.said += 1
            properties = {"order_id": f"new-{self.said}", "total": 49.5, "currency": "EUR"}
            event = Event(self.now, f"new-{self.said}", name, properties, self.now)
            told.append(NewEvent(customer_id(one), event, self.now, self.said))
        with self.database.write() as connection:
            events.append(connection, told)

    def tick(self) -> tuple[float, float, int]:
        """One tick: seconds, seconds of processor, and how many customers it took in."""
        wall, processor = time.perf_counter(), time.process_time()
        done = self.engine.tick(self.now)
        return time.perf_counter() - wall, time.process_time() - processor, done


@contextmanager
def opened(url: str, folder: Path, *, built: bool = True) -> Iterator[Room]:
    """An engine on a database, its segments built as of NOW."""
    database, catalog = Database(url), catalog_of(folder)
    if built:
        apply(database, catalog, Registry(), "bench", NOW)
    parts = Parts(
        database, Live(catalog, Registry()), AcceptsAll(), KEY, Signer([KEY]), outside=True
    )
    engine = Engine(parts)
    engine.start(NOW, alone=True)
    collect_seldom()
    try:
        yield Room(database, catalog, engine)
    finally:
        database.close()
