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
BATCH = 1_000
NAMES = ("product_viewed",) * 12 + ("cart_updated",) * 4 + ("order_placed",) * 3 + ("site_visited",)


def write_events(path: Path, now: datetime) -> None:
    """A year of events up to `now`, in their order in time, the same in every run but for it."""
    rows = []
    for number in range(EVENTS):
        at = now - timedelta(days=DAYS) * (1 - number / EVENTS)
        name = NAMES[int(fraction("name", str(number)) * len(NAMES))]
        customer = f"customer-{int(fraction('who', str(number)) ** 2 * CUSTOMERS):06d}"
        sku = f"sku-{int(fraction('what', str(number)) * 500)}"
        told = {"sku": sku, "category": "lamps", "price": 49.5, "total": 58.5, "cart_id": sku}
        told |= {"order_id": f"o-{number}"} if name == "order_placed" else {}
        row = {"id": f"e-{number:08d}", "at": at.isoformat(), "event": name}
        rows.append({**row, "customer": customer, "properties": told})
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
    """Insert the same rows, in the file's order, into the same table by sqlite3 and nothing else.

    In batches of 1,000, each committed and synced, as whoever wrote it by hand would.
    """
    source = sqlite3.connect(shop)
    rows = source.execute(
        "SELECT * FROM event WHERE event_id LIKE 'e-%' ORDER BY event_id"
    ).fetchall()
    made = [
        sql
        for (sql,) in source.execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'event'")
        if sql is not None
    ]
    source.close()
    assert len(rows) == EVENTS, f"{len(rows)} rows"
    for path in (bare, Path(f"{bare}-wal"), Path(f"{bare}-shm")):
        path.unlink(missing_ok=True)
    target = sqlite3.connect(bare, isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", *made):
        target.execute(statement)
    places = ", ".join("?" * len(rows[0]))
    begun = time.perf_counter()
    for first in range(0, EVENTS, BATCH):
        target.execute("BEGIN IMMEDIATE")
        target.executemany(f"INSERT INTO event VALUES ({places})", rows[first : first + BATCH])
        target.execute("COMMIT")
    seconds = time.perf_counter() - begun
    target.close()
    return seconds
