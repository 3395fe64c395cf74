"""First builds of one segment, against the best SQL that somebody would write by hand."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench.segments.data import NOW
from bench.segments.engine_room import write_segment
from bench.segments.rules import Measured
from bench.shop import catalog_of
from lifecycle.core.words import micros
from lifecycle.engine.apply import apply
from lifecycle.engine.builds import Builder
from lifecycle.engine.live import Live
from lifecycle.hooks import Registry
from lifecycle.store.database import Database
from lifecycle.store.rule_sql.stands import stands

_ORDERED = "FROM event INDEXED BY event_by_name WHERE name = 'order_placed' AND at <= :now"
_OF_ONE = "FROM event INDEXED BY event_of_customer WHERE customer_id = o.customer_id AND at <= :now"
BY_HAND = {
    "valuable": (
        f"SELECT o.customer_id FROM (SELECT customer_id {_ORDERED} AND at > :d60 "
        "GROUP BY customer_id HAVING count(*) >= 2) o JOIN customer c USING (customer_id) "
        "WHERE json_extract(c.attributes, '$.country') IN ('DE', 'FR') "
        f"AND NOT EXISTS (SELECT 1 {_OF_ONE} AND name = 'message_opened' AND at > :d20) "
        f"AND (SELECT sum(json_extract(properties, '$.total')) {_OF_ONE} "
        "AND name = 'order_placed' AND at > :d60) > 100"
    ),
    "left_cart": (
        "SELECT o.customer_id FROM (SELECT customer_id, max(at) AS cart FROM event "
        "INDEXED BY event_by_name WHERE name = 'cart_updated' AND at > :h3 AND at <= :now "
        f"GROUP BY customer_id) o WHERE NOT EXISTS (SELECT 1 {_OF_ONE} "
        "AND name = 'order_placed' AND at > o.cart)"
    ),
    "lapsed": (
        f"SELECT customer_id {_ORDERED} GROUP BY customer_id "
        "HAVING count(*) >= 5 AND max(at) <= :d66"
    ),
}
"""The first of each kind of rule, said by hand with the index chosen: members, and no wake-ups."""


@dataclass(frozen=True)
class Built:
    """One round, in seconds of processor: by hand, our set query, and the whole build."""

    by_hand: float
    query: float
    whole: float
    members: int
    rows: int
    """Written: standings with their wake-ups, and joins."""

    @property
    def query_ratio(self) -> float:
        """Our query, which tells wake-ups as well, to the one written by hand."""
        return self.query / self.by_hand

    @property
    def micros_a_row(self) -> float:
        """What the build took beyond 1.2 times the query by hand, for each row written."""
        return (self.whole - 1.2 * self.by_hand) * 1e6 / max(self.rows, 1)


def bounds() -> dict[str, int]:
    """What the statements by hand are given."""
    ago = {
        "now": timedelta(),
        "h3": timedelta(hours=3),
        "d20": timedelta(days=20),
        "d60": timedelta(days=60),
        "d66": timedelta(days=66),
    }
    return {name: micros(NOW - length) for name, length in ago.items()}


def measure(url: str, folder: Path, rules: Sequence[Measured], rounds: int) -> dict[str, Any]:
    """For each kind of rule some rounds; the project's folder gets a segment more for each."""
    database = Database(url)
    found: dict[str, list[Built]] = {kind: [] for kind in BY_HAND}
    for number in range(rounds + 1):
        for one, kind in zip(rules, BY_HAND, strict=False):
            assert one.name.startswith(kind)
            built = _round(database, folder, one, kind, f"{kind}_anew_{number}")
            if number:
                found[kind].append(built)
    database.close()
    return found


def _round(database: Database, folder: Path, one: Measured, kind: str, name: str) -> Built:
    with database.survey() as connection:
        begun = time.process_time()
        by_hand = len(connection.execute(text(BY_HAND[kind]), bounds()).all())
        hand_seconds = time.process_time() - begun
        catalog = catalog_of(folder)
        begun = time.process_time()
        told = [
            stand
            for part in stands(
                connection,
                catalog.rules[one.name],
                catalog.rules,
                NOW,
                shop_zone=catalog.settings.shop.timezone,
            )
            for stand in part
        ]
        query_seconds = time.process_time() - begun
    members = sum(1 for stand in told if stand[1])
    assert members == by_hand, f"{kind}: {members} by the rule, {by_hand} by hand"
    write_segment(folder, name, one.rule)
    catalog = catalog_of(folder)
    apply(database, catalog, Registry(), "bench", NOW, background=True)
    builder = Builder(database, Live(catalog, Registry()), alone=True)
    begun = time.process_time()
    builder.run(NOW)
    whole = time.process_time() - begun
    with database.read() as connection:
        rows = sum(
            int(
                connection.execute(
                    text(f"SELECT count(*) FROM {table} WHERE segment = :name"), {"name": name}
                ).scalar_one()
            )
            for table in ("membership", "membership_change")
        )
    return Built(hand_seconds, query_seconds, whole, members, rows)


def medians(rounds: Sequence[Built]) -> dict[str, float]:
    """The figures of one kind of rule."""
    return {
        "query_ratio": statistics.median(one.query_ratio for one in rounds),
        "micros_a_row": statistics.median(one.micros_a_row for one in rounds),
        "by_hand_ms": statistics.median(one.by_hand for one in rounds) * 1e3,
        "query_ms": statistics.median(one.query for one in rounds) * 1e3,
        "whole_ms": statistics.median(one.whole for one in rounds) * 1e3,
        "members": rounds[-1].members,
        "rows": rounds[-1].rows,
    }
