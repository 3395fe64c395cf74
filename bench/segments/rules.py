"""The fifty segments of the benchmark: variants of three rules, as TOML and as SQL for DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bench.segments.data import NOW
from lifecycle.core.words import micros

SEGMENTS = 50


@dataclass(frozen=True)
class Measured:
    """One segment: its rule, and the same rule as DuckDB is asked, names and amounts left open."""

    name: str
    rule: dict[str, Any]
    duckdb: str

    def asked(self, words: Mapping[str, str]) -> str:
        """The query, with the words that the columns use."""
        return self.duckdb.format_map(words)


def fifty() -> list[Measured]:
    """A third each: valuable and not engaged (A), carts left behind (B), lapsed buyers (C)."""
    makers = (_valuable, _left_cart, _lapsed)
    return [makers[number % 3](number) for number in range(SEGMENTS)]


def _ago(**length: int) -> int:
    return micros(NOW - timedelta(**length))


def _valuable(number: int) -> Measured:
    """So many orders of so much in so long, no letter opened lately, in two countries."""
    orders, window, quiet = 2 + number % 2, 60 + number * 7 % 120, 20 + number * 5 % 40
    rule = {
        "all": [
            {"did": "order_placed", "at_least": orders, "within": f"{window} days"},
            {"total_of": "order_placed.total", "more_than": 100, "within": f"{window} days"},
            {"customer": "country", "is_one_of": ["DE", "FR"]},
        ],
        "none": [{"did": "message_opened", "within": f"{quiet} days"}],
    }
    query = (
        f"SELECT o.customer FROM (SELECT customer FROM event WHERE name = {{order}} "
        f"AND moment > {_ago(days=window)} GROUP BY customer "
        f"HAVING count(*) >= {orders} AND sum(amount) > {{hundred}}) o "
        f"JOIN customer c ON c.customer = o.customer WHERE c.country IN {{countries}} "
        f"AND o.customer NOT IN (SELECT customer FROM event WHERE name = {{opened}} "
        f"AND moment > {_ago(days=quiet)})"
    )
    return Measured(f"valuable_{number:02d}", rule, query)


def _left_cart(number: int) -> Measured:
    """A cart updated in the last hours, and no order since."""
    hours = 2 + number % 5
    rule = {
        "did": "cart_updated",
        "not_followed_by": "order_placed",
        "within": f"{hours} hours",
    }
    query = (
        f"SELECT customer FROM (SELECT customer, "
        f"max(CASE WHEN name = {{cart}} THEN moment ELSE 0 END) cart, "
        f"max(CASE WHEN name = {{order}} THEN moment ELSE 0 END) bought FROM event "
        f"WHERE name IN ({{cart}}, {{order}}) AND moment > {_ago(hours=hours)} GROUP BY customer) "
        f"WHERE cart > 0 AND bought < cart"
    )
    return Measured(f"left_cart_{number:02d}", rule, query)


def _lapsed(number: int) -> Measured:
    """So many orders ever, and none for so long."""
    orders, days = 3 + number % 3, 60 + number * 3 % 120
    rule = {
        "all": [{"did": "order_placed", "at_least": orders}],
        "none": [{"did": "order_placed", "within": f"{days} days"}],
    }
    query = (
        f"SELECT customer FROM (SELECT customer FROM event WHERE name = {{order}} "
        f"GROUP BY customer HAVING count(*) >= {orders} AND max(moment) <= {_ago(days=days)})"
    )
    return Measured(f"lapsed_{number:02d}", rule, query)
