"""The real orders as customers and events, and the answer that is known from elsewhere."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from lifecycle.core.chance import fraction

FOLDER = Path(__file__).parent / "cdnow"
ORDERS = FOLDER / "cdnow_orders.csv.gz"
SUMMARY = FOLDER / "cdnow_expected_summary.csv.gz"
ZONE = ZoneInfo("America/New_York")
HOURS = (10, 15, 21)
"""The data has dates alone: each order is dealt the morning, the afternoon or the evening."""


def rows() -> list[dict[str, str]]:
    """The orders as they were shipped, in their order."""
    return list(_read(ORDERS))


def customers(orders: list[dict[str, str]]) -> Iterator[dict[str, object]]:
    """Every buyer once, in the replay's format, with an address that belongs to nobody."""
    for buyer in sorted({row["master_id"] for row in orders}):
        yield {"id": buyer, "email": f"buyer-{buyer}@cdnow.example", "agreed_to": ["offers"]}


def events(orders: list[dict[str, str]]) -> Iterator[dict[str, object]]:
    """Every order in the replay's format; its id is made from its place in the file."""
    for place, row in enumerate(orders, 1):
        order = f"cd-{place:04d}"
        dollars, items = float(row["dollars"]), int(row["items"])
        yield {
            "id": order,
            "at": placed_at(row["date"], order).isoformat(),
            "event": "order_placed",
            "customer": row["master_id"],
            "properties": {"order_id": order, "total": dollars, "currency": "USD", "cds": items},
        }


def placed_at(day: str, order: str) -> datetime:
    """The order's day, at an hour dealt by its id: the same in every run."""
    hour = HOURS[int(fraction("time of day", order) * len(HOURS))]
    return datetime.combine(date.fromisoformat(day), time(hour), ZONE)


def expected_repeaters() -> int:
    """How many ordered on two or more days up to 1997-09-30, as the data's own summary says."""
    return sum(int(row["frequency"]) >= 1 for row in _read(SUMMARY))


def _read(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
