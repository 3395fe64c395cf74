"""The fifty segments of the benchmark: variants of three rules, as TOML and as SQL for DuckDB."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bench.segments.data import NOW
from lifecycle.core.words import micros

SEGMENTS = 50


@dataclass(frozen=True)
class Measured:
    """One segment: its rule, and the same rule asked of the columns in DuckDB."""

    name: str
    rule: dict[str, Any]
    duckdb: str


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
        f"SELECT o.customer FROM (SELECT customer FROM event WHERE name = 3 "
        f"AND moment > {_ago(days=window)} GROUP BY customer "
        f"HAVING count(*) >= {orders} AND sum(cents) > 10000) o "
        f"JOIN customer c ON c.customer = o.customer WHERE c.country IN (0, 1) "
        f"AND o.customer NOT IN (SELECT customer FROM event WHERE name = 5 "
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
        f"max(CASE WHEN name = 1 THEN moment ELSE 0 END) cart, "
        f"max(CASE WHEN name = 3 THEN moment ELSE 0 END) bought FROM event "
        f"WHERE name IN (1, 3) AND moment > {_ago(hours=hours)} GROUP BY customer) "
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
        f"SELECT customer FROM (SELECT customer FROM event WHERE name = 3 GROUP BY customer "
        f"HAVING count(*) >= {orders} AND max(moment) <= {_ago(days=days)})"
    )
    return Measured(f"lapsed_{number:02d}", rule, query)
