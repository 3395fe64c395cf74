"""A made-up shop of any size: a year of events by power law, the same in every run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from bench.segments.dice import dice
from lifecycle.core.chance import bucket_of
from lifecycle.core.words import micros
from lifecycle.store.database import Database
from lifecycle.store.migrate import upgrade
from lifecycle.store.tables import METADATA
from lifecycle.store.tables.columns import BUCKETS

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
DAYS = 365
NAMES = (
    "site_visited",
    "cart_updated",
    "checkout_started",
    "order_placed",
    "message_sent",
    "message_opened",
    "message_clicked",
)
SHARES = (0.50, 0.10, 0.04, 0.03, 0.20, 0.10, 0.03)
COUNTRIES = ("DE", "FR", "GB", "US", "IT", "ES", "NL", "PL")
COUNTRY_SHARES = (0.20, 0.12, 0.15, 0.25, 0.08, 0.08, 0.07, 0.05)
STEEPNESS = 1.3
"""Exponent of the power law by which customers are active."""
HEAVIEST = 0.02
"""The share of all events that the most active customer has: 400,000 of 20,000,000."""
AT_ONCE = 100_000


@dataclass(frozen=True)
class Shop:
    """Events as columns, in the order in which they happened, and where each customer lives."""

    customers: int
    customer: Any
    name: Any
    at: Any
    """Microseconds since the epoch."""
    cents: Any
    country: Any

    @property
    def events(self) -> int:
        """How many events there are."""
        return len(self.customer)


def make(customers: int, events: int) -> Shop:
    """Make a shop."""
    chance = dice()
    weight = chance.pareto(STEEPNESS, customers) + 0.05
    heaviest = int(weight.argmax())
    others = weight.sum() - weight[heaviest]
    weight[heaviest] = others * HEAVIEST / (1 - HEAVIEST)
    customer = chance.choice(customers, size=events, p=weight / weight.sum()).astype(np.int32)
    name = chance.choice(len(NAMES), size=events, p=SHARES).astype(np.int8)
    age = (chance.random(events) * DAYS * 86_400 * 1_000_000).astype(np.int64)
    at = np.sort(micros(NOW) - 1 - age)
    cents = np.round(chance.lognormal(4.2, 0.8, events) * 100).astype(np.int64)
    country = chance.choice(len(COUNTRIES), size=customers, p=COUNTRY_SHARES).astype(np.int8)
    return Shop(customers, customer, name, at, cents, country)


def customer_id(number: int) -> str:
    """The id of a customer."""
    return f"c{number:07d}"


def properties(name: int, number: int, cents: int) -> str:
    """An event's properties as they are kept: about 115 bytes of JSON."""
    sku = number % 500
    if NAMES[name] == "order_placed":
        return (
            f'{{"order_id":"order-{number:08d}","total":{cents / 100},"currency":"EUR",'
            f'"items":[{{"sku":"sku-{sku}","quantity":1,"price":19.5}}]}}'
        )
    if NAMES[name].startswith("message_"):
        return (
            f'{{"campaign":"newsletter","step":"letter","variant":"","message_id":'
            f'"m{number:030d}","machine":false}}'
        )
    return (
        f'{{"sku":"sku-{sku}","category":"lamps","price":49.5,"currency":"EUR",'
        f'"url":"https://shop.example/products/sku-{sku}"}}'
    )


def write(shop: Shop, path: Path) -> None:
    """Write a shop into a new SQLite database: everything has been taken in, no segment built.

    Indexes are made after the rows, so that it takes minutes and not hours.
    """
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    file = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000"):
        file.execute(f"PRAGMA {setting}")
    indexes = file.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL "
        "AND tbl_name IN ('event', 'customer', 'intake')"
    ).fetchall()
    for name, _ in indexes:
        file.execute(f'DROP INDEX "{name}"')
    file.execute("BEGIN")
    _insert(file, "customer", _customers(shop))
    _insert(file, "intake", _intake(shop))
    _insert(file, "event", _events(shop, _order(shop, file)))
    file.execute("COMMIT")
    for _, sql in indexes:
        file.execute(sql)
    file.execute("PRAGMA journal_mode=WAL")
    file.close()


def _order(shop: Shop, file: sqlite3.Connection) -> Any:
    """Rows go in as the table lies: by its key where it is kept in that order, else by time."""
    (sql,) = file.execute("SELECT sql FROM sqlite_master WHERE name = 'event'").fetchone()
    if "WITHOUT ROWID" not in sql.upper():
        return np.arange(shop.events)
    ranks = np.argsort(np.argsort(NAMES))
    return np.lexsort((shop.at, ranks[shop.name], shop.customer))


def _insert(file: sqlite3.Connection, table: str, rows: Iterator[tuple[str, list[Any]]]) -> None:
    for columns, values in rows:
        places = ", ".join("?" * (columns.count(",") + 1))
        file.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", values)


def _customers(shop: Shop) -> Iterator[tuple[str, list[Any]]]:
    since = micros(NOW - timedelta(days=DAYS))
    columns = "customer_id, bucket, known_since, attributes, attributes_at, said_at"
    texts = [json.dumps({"country": one}, separators=(",", ":")) for one in COUNTRIES]
    said = json.dumps({"country": since}, separators=(",", ":"))
    for start in range(0, shop.customers, AT_ONCE):
        ids = range(start, min(start + AT_ONCE, shop.customers))
        lives = shop.country[start : start + AT_ONCE].tolist()
        yield (
            columns,
            [
                (
                    customer_id(one),
                    bucket_of(customer_id(one), BUCKETS),
                    since,
                    texts[at],
                    said,
                    since,
                )
                for one, at in zip(ids, lives, strict=True)
            ],
        )


def _intake(shop: Shop) -> Iterator[tuple[str, list[Any]]]:
    columns = "customer_id, bucket, due_at, arrivals, everything, fence, attempts"
    for start in range(0, shop.customers, AT_ONCE):
        ids = map(customer_id, range(start, min(start + AT_ONCE, shop.customers)))
        yield columns, [(one, bucket_of(one, BUCKETS), None, 1, 0, 1, 0) for one in ids]


def _events(shop: Shop, order: Any) -> Iterator[tuple[str, list[Any]]]:
    columns = list(METADATA.tables["event"].columns.keys())
    for start in range(0, shop.events, AT_ONCE):
        chosen = order[start : start + AT_ONCE]
        rows = []
        for number, who, name, at, cents in zip(
            chosen.tolist(),
            shop.customer[chosen].tolist(),
            shop.name[chosen].tolist(),
            shop.at[chosen].tolist(),
            shop.cents[chosen].tolist(),
            strict=True,
        ):
            row = {
                "customer_id": customer_id(who),
                "event_id": f"e{number:09d}",
                "name": NAMES[name],
                "at": at,
                "received_at": at,
                "due_at": at,
                "arrival": number,
                "pending": 0,
                "enters": 1,
                "properties": properties(name, number, cents),
            }
            rows.append(tuple(row[column] for column in columns))
        yield ", ".join(columns), rows
