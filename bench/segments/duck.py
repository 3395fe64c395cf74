"""The same shop in DuckDB: what the ticks are compared with, kept in two ways."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from bench.segments.data import COUNTRIES, NAMES, Shop
from bench.segments.rules import Measured

_NARROW = {"order": "3", "opened": "5", "cart": "1", "hundred": "10000", "countries": "(0, 1)"}
_SAME = {
    "order": "'order_placed'",
    "opened": "'message_opened'",
    "cart": "'cart_updated'",
    "hundred": "100",
    "countries": "('DE', 'FR')",
}


@dataclass(frozen=True)
class Duck:
    """A connection, and how its columns name things."""

    connection: Any
    words: dict[str, str]

    def sizes(self, rules: Sequence[Measured]) -> dict[str, int]:
        """How many customers each rule holds for."""
        return {one.name: len(self._ask(one)) for one in rules}

    def seconds(self, rules: Sequence[Measured]) -> float:
        """How long it takes to ask every rule of everybody, once, and to tell who."""
        begun = time.perf_counter()
        for one in rules:
            self._ask(one)
        return time.perf_counter() - begun

    def _ask(self, one: Measured) -> Any:
        return self.connection.execute(one.asked(self.words)).fetchall()


def same(shop: Shop) -> Duck:
    """Customers, names and countries as the text they are; totals in a column of their own."""
    connection = _raw(shop)
    names = ", ".join(f"'{one}'" for one in NAMES)
    countries = ", ".join(f"'{one}'" for one in COUNTRIES)
    who = "'c' || lpad(customer::VARCHAR, 7, '0') AS customer"
    connection.execute(
        f"CREATE TABLE event AS SELECT {who}, ([{names}])[name + 1] AS name, moment, "
        f"CASE WHEN name = 3 THEN amount / 100 END AS amount FROM narrow_event"
    )
    connection.execute(
        f"CREATE TABLE customer AS SELECT {who}, ([{countries}])[country + 1] AS country "
        "FROM narrow_customer"
    )
    return Duck(connection, _SAME)


def narrow(shop: Shop) -> Duck:
    """Everything a small number, money in cents: no shop keeps it so, and nothing is faster."""
    connection = _raw(shop)
    connection.execute("CREATE TABLE event AS SELECT * FROM narrow_event")
    connection.execute("CREATE TABLE customer AS SELECT * FROM narrow_customer")
    return Duck(connection, _NARROW)


def _raw(shop: Shop) -> Any:
    connection = duckdb.connect()
    event = {"customer": shop.customer, "name": shop.name, "moment": shop.at, "amount": shop.cents}
    customer = {"customer": np.arange(shop.customers, dtype=np.int32), "country": shop.country}
    connection.register("narrow_event", event)
    connection.register("narrow_customer", customer)
    return connection
