"""How fast `lifecycle import` takes events in, segments asked, against bare inserts of the rows."""

from __future__ import annotations

import contextlib
import io
import json
import sqlite3
import time
from datetime import datetime, timedelta
from pathlib import Path

from bench.shop import new_shop
from lifecycle.cli import main
from lifecycle.core.chance import fraction

EVENTS = 100_000
CUSTOMERS = 5_000
DAYS = 365
NAMES = ("product_viewed",) * 12 + ("cart_updated",) * 4 + ("order_placed",) * 3 + ("site_visited",)


def write_events(path: Path, now: datetime) -> None:
    """A year of events up to `now`, in their order in time, the same in every run but for it."""
    rows = []
    for number in range(EVENTS):
        share = fraction("when", str(number))
        at = now - timedelta(days=DAYS) * (1 - share)
        name = NAMES[int(fraction("name", str(number)) * len(NAMES))]
        customer = f"customer-{int(fraction('who', str(number)) ** 2 * CUSTOMERS):06d}"
        sku = f"sku-{int(fraction('what', str(number)) * 500)}"
        told = {"sku": sku, "category": "lamps", "price": 49.5, "total": 58.5, "cart_id": sku}
        told |= {"order_id": f"o-{number}"} if name == "order_placed" else {}
        row = {"id": f"e-{number:08d}", "at": at.isoformat(), "event": name}
        rows.append({**row, "customer": customer, "properties": told})
    rows.sort(key=lambda row: str(row["at"]))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def measure(folder: Path, rounds: int, now: datetime) -> list[tuple[float, float]]:
    """For each round: seconds of the import, and seconds of the bare inserts of its rows."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "events.jsonl"
    write_events(file, now)
    return [_round(folder / "shop", folder / "bare.db", file) for _ in range(rounds)]


def _round(shop: Path, bare: Path, file: Path) -> tuple[float, float]:
    new_shop(shop)
    assert _quietly(["--project", str(shop), "apply", "--json"]) == 0
    begun = time.perf_counter()
    assert _quietly(["--project", str(shop), "import", "events", str(file), "--json"]) == 0
    whole = time.perf_counter() - begun
    return whole, _bare(shop / "shop.db", bare)


def _quietly(arguments: list[str]) -> int:
    with contextlib.redirect_stdout(io.StringIO()):
        return main(arguments)


def _bare(shop: Path, bare: Path) -> float:
    """Insert the rows of the event table into a new file with SQLite alone, synced at the end."""
    source = sqlite3.connect(shop)
    rows = source.execute("SELECT * FROM event WHERE name NOT LIKE 'segment_%'").fetchall()
    columns = [row[1] for row in source.execute("PRAGMA table_info(event)")]
    source.close()
    assert len(rows) >= EVENTS, f"{len(rows)} rows"
    for path in (bare, Path(f"{bare}-wal"), Path(f"{bare}-shm")):
        path.unlink(missing_ok=True)
    target = sqlite3.connect(bare, isolation_level=None)
    target.execute("PRAGMA journal_mode=WAL")
    target.execute("PRAGMA synchronous=FULL")
    target.execute(
        f"CREATE TABLE event ({', '.join(columns)}, PRIMARY KEY (customer_id, event_id))"
    )
    places = ", ".join("?" * len(columns))
    begun = time.perf_counter()
    target.execute("BEGIN IMMEDIATE")
    target.executemany(f"INSERT INTO event VALUES ({places})", rows)
    target.execute("COMMIT")
    seconds = time.perf_counter() - begun
    target.close()
    return seconds
