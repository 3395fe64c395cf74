"""The same shop in DuckDB, in the columns that suit it best: what the ticks are compared with."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np

from bench.segments.data import Shop
from bench.segments.rules import Measured


def loaded(shop: Shop) -> Any:
    """A connection with the shop's events and customers as narrow typed columns, in memory."""
    connection = duckdb.connect()
    event = {"customer": shop.customer, "name": shop.name, "moment": shop.at, "cents": shop.cents}
    customer = {"customer": np.arange(shop.customers, dtype=np.int32), "country": shop.country}
    connection.register("event_arrays", event)
    connection.execute("CREATE TABLE event AS SELECT * FROM event_arrays")
    connection.unregister("event_arrays")
    connection.register("customer_arrays", customer)
    connection.execute("CREATE TABLE customer AS SELECT * FROM customer_arrays")
    connection.unregister("customer_arrays")
    return connection


def sizes(connection: Any, rules: Sequence[Measured]) -> dict[str, int]:
    """How many customers each rule holds for."""
    return {
        one.name: int(connection.execute(f"SELECT count(*) FROM ({one.duckdb})").fetchone()[0])
        for one in rules
    }


def seconds(connection: Any, rules: Sequence[Measured]) -> float:
    """How long it takes to ask every rule of everybody, once."""
    begun = time.perf_counter()
    for one in rules:
        connection.execute(f"SELECT count(*) FROM ({one.duckdb})").fetchone()
    return time.perf_counter() - begun
