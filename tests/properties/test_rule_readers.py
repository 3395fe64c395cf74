"""A rule asked in Python and the same rule asked in SQL give the same customers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import Rule, View
from lifecycle.core.words import micros
from lifecycle.store import migrate
from lifecycle.store.database import Database
from lifecycle.store.rule_sql.answers import NEVER
from lifecycle.store.rule_sql.stands import stands
from lifecycle.store.tables import METADATA
from tests.properties.shops import (
    DAYS,
    EXAMPLES,
    MICRO,
    NOW,
    SHOP_ZONE,
    Known,
    busy_shops,
    rules,
    shops,
    timed_rules,
)
from tests.store.sql_alone import sql_alone

FILLED = ("customer", "event", "consent", "suppression")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, durable=False)
    migrate.create(opened)
    yield opened
    opened.close()


def fill(database: Database, shop: list[Known]) -> None:
    """Put a shop into the database in place of the one before."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in FILLED}
    for known in shop:
        rows["customer"].append(
            {
                "customer_id": known.customer_id,
                "bucket": 0,
                "email": known.email,
                "address_hash": f"hash of {known.customer_id}" if known.suppressed else None,
                "timezone": known.timezone,
                "locale": known.locale,
                "known_since": known.known_since,
                "attributes": known.attributes,
                "attributes_at": {},
                "said_at": NOW,
            }
        )
        if known.suppressed:
            row = {"address_hash": f"hash of {known.customer_id}", "reason": "bounced", "at": NOW}
            rows["suppression"].append(row)
        for topic, agreed in known.consents.items():
            row = {"customer_id": known.customer_id, "topic": topic, "agreed": agreed, "at": NOW}
            rows["consent"].append(row)
        for happened, due_at in known.history:
            rows["event"].append(
                {
                    "customer_id": known.customer_id,
                    "event_id": happened.id,
                    "name": happened.name,
                    "at": happened.at,
                    "received_at": due_at,
                    "due_at": due_at,
                    "arrival": 0,
                    "pending": True,
                    "enters": True,
                    "properties": happened.properties,
                }
            )
    with database.write() as connection:
        for name in FILLED:
            connection.execute(METADATA.tables[name].delete())
            if rows[name]:
                connection.execute(METADATA.tables[name].insert(), rows[name])


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(shop=shops(), raw=rules(("one", "two")), one=rules(), two=rules(("one",)))
def test_python_and_sql_agree(
    database: Database, shop: list[Known], raw: Any, one: Any, two: Any
) -> None:
    compare(database, shop, (raw, one, two), {"one": one, "two": two})


@settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(shop=busy_shops(), rules=st.lists(timed_rules(), min_size=3, max_size=3))
def test_python_and_sql_agree_on_edges_of_time(
    database: Database, shop: list[Known], rules: list[Any]
) -> None:
    compare(database, shop, rules, {})


def compare(
    database: Database, shop: list[Known], asked: Iterable[Any], named: dict[str, Any]
) -> None:
    """Ask Python, then SQL with Python, then SQL alone; and Python again before each turn."""
    fill(database, shop)
    segments = {name: read_rule(raw) for name, raw in named.items()}
    for raw in asked:
        rule = read_rule(raw)
        wanted = {known.customer_id: holds(rule, known, NOW, segments) for known in shop}
        with database.read() as connection:
            told = stands(connection, rule, segments, NOW, shop_zone=SHOP_ZONE)
            found = {one: (answer, turns) for part in told for one, answer, turns in part}
        alone = sql_alone(database, rule, NOW, segments)
        for known in shop:
            if known.known_since > NOW:
                continue
            answer, turns = found.get(known.customer_id, (False, NEVER))
            assert answer is wanted[known.customer_id]
            if not any(happened.at <= NOW < due for happened, due in known.history):
                assert alone.get(known.customer_id, False) in (None, answer)
            assert turns > micros(NOW)
            for at in sorted(edges(known)):
                if micros(at) < turns:
                    assert holds(rule, known, at, segments) is answer, (known.customer_id, at)
        event("SQL alone" if None not in alone.values() else "with Python")
        event("somebody" if any(wanted.values()) else "nobody")


def holds(rule: Rule, known: Known, now: datetime, segments: dict[str, Rule]) -> bool:
    """Whether the rule holds at an instant, if nothing happens after NOW."""
    facts = known.facts(NOW)
    facts.now = now
    return rule.matches(View(facts, now, segments))


def edges(known: Known) -> Iterator[datetime]:
    """Instants after NOW at which something may turn."""
    starts = [happened.at for happened, _ in known.history] + [known.known_since]
    for start in starts:
        for days in (*DAYS, 1.5):
            for beside in (-MICRO, MICRO * 0, MICRO):
                at = start + timedelta(days=days) + beside
                if at > NOW:
                    yield at
