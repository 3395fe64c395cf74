"""A year of a shop through `lifecycle replay`: how many events a second it takes in and decides."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.results import record
from bench.segments.dice import dice
from bench.shop import new_shop
from lifecycle.clock import SystemClock

YEAR = timedelta(days=365)
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
CUSTOMERS, EVENTS = 100_000, 2_000_000
ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "Asia/Tokyo", "Europe/Vienna")
SEED = 2025


@dataclass(frozen=True)
class Replayed:
    """What a replay of so many customers and events took, and what it came to."""

    customers: int
    events: int
    seconds: float
    letters: int
    peak_megabytes: float

    @property
    def events_a_second(self) -> float:
        """Events taken in and decided, a second, reading and writing of files included."""
        return self.events / self.seconds


def measure(folder: Path, customers: int, events: int) -> Replayed:
    """Replay a made-up year through the starter shop, in a process of its own."""
    shop = new_shop(folder / "shop")
    people, happened = folder / "customers.jsonl", folder / "events.jsonl"
    _write(people, _people(customers))
    _write(happened, _happenings(customers, events))
    command = [sys.executable, "-m", "lifecycle", "--project", str(shop), "--json", "replay"]
    command += ["--events", str(happened), "--customers", str(people)]
    command += ["--until", (BEGIN + YEAR).isoformat(), "--decisions", str(folder / "d.jsonl")]
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        _, status, spent = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - begun
    assert run.returncode == 0, f"the replay ended with {run.returncode}"
    with (folder / "d.jsonl").open("rb") as lines:
        letters = sum(b'"what":"sent"' in line for line in lines)
    return Replayed(customers, events, seconds, letters, spent.ru_maxrss / 1024)


def _write(path: Path, rows: Iterator[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _people(customers: int) -> Iterator[dict[str, Any]]:
    for number in range(customers):
        yield {
            "id": f"c{number}",
            "email": f"c{number}@buyers.example",
            "timezone": ZONES[number % len(ZONES)],
            "locale": "de" if number % 5 in (0, 4) else "en",
            "agreed_to": ["offers"] if number % 4 else [],
            "attributes": {"first_name": "Ada", "country": "DE"},
        }


def _happenings(customers: int, events: int) -> Iterator[dict[str, Any]]:
    """Visits, looks, carts and orders; some buy much more than others, as in shops."""
    roll = dice(SEED).random
    step = YEAR / events
    for number in range(events):
        who = int(customers * roll() ** 1.5)
        drawn = roll()
        sku = f"s{int(roll() * 500)}"
        price = round(5 + 95 * roll(), 2)
        item = {"sku": sku, "name": f"Thing {sku}", "category": sku[:2], "price": price}
        named: tuple[str, dict[str, Any]]
        if drawn < 0.35:
            named = "site_visited", {}
        elif drawn < 0.7:
            named = "product_viewed", {**item, "currency": "EUR"}
        elif drawn < 0.82:
            cart = {"cart_id": f"k{who}-{number // (customers * 2)}", "total": price}
            named = "cart_updated", {**cart, "currency": "EUR", "items": [item]}
        elif drawn < 0.92:
            order = {"order_id": f"o{number}", "total": price, "currency": "EUR"}
            named = "order_placed", {**order, "items": [{**item, "line_total": price}]}
        elif drawn < 0.97:
            named = "order_delivered", {"order_id": f"o{number}", "items": [item]}
        else:
            named = "newsletter_joined", {}
        at = BEGIN + step * number
        yield {
            "id": f"e{number}",
            "at": at.isoformat(),
            "event": named[0],
            "customer": f"c{who}",
            "properties": named[1],
        }


def main(now: datetime) -> None:
    """Replay the whole of it, and write bench/results.json."""
    with tempfile.TemporaryDirectory(prefix="lifecycle-bench-") as made:
        found = measure(Path(made), CUSTOMERS, EVENTS)
    told = {**asdict(found), "events_a_second": round(found.events_a_second, 1)}
    record("replay", told, now)
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main(SystemClock().now())
