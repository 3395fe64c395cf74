"""Events that nothing followed, asked set-wise: the same customers and turns as read plainly."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.core.event import Event
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import Rule, View
from lifecycle.core.words import micros
from lifecycle.store import migrate
from lifecycle.store.database import Database
from lifecycle.store.rule_sql.answers import NEVER
from lifecycle.store.rule_sql.stands import stands
from tests.properties.shops import MICRO, NOW, SHOP_ZONE, Known
from tests.properties.test_rule_readers import fill

HISTORIES: dict[str, list[tuple[str, str, timedelta]]] = {
    "left": [("cart", "c1", timedelta(hours=1))],
    "bought": [("cart", "c1", timedelta(hours=2)), ("order", "o1", timedelta(hours=1))],
    "again": [("order", "o1", timedelta(hours=2)), ("cart", "c1", timedelta(hours=1))],
    "tie: order after": [("cart", "a", timedelta(hours=1)), ("order", "b", timedelta(hours=1))],
    "tie: order before": [("cart", "b", timedelta(hours=1)), ("order", "a", timedelta(hours=1))],
    "at the far edge": [("cart", "c1", timedelta(hours=4))],
    "just inside": [("cart", "c1", timedelta(hours=4) - MICRO)],
    "long ago": [("cart", "c1", timedelta(days=30))],
    "twice": [("cart", "c1", timedelta(hours=3)), ("cart", "c2", timedelta(hours=1))],
    "one of two": [
        ("cart", "c1", timedelta(hours=3)),
        ("order", "o1", timedelta(hours=2)),
        ("cart", "c2", timedelta(hours=1)),
    ],
    "only ordered": [("order", "o1", timedelta(hours=1))],
    "opened by a machine": [
        ("cart", "c1", timedelta(hours=2)),
        ("message_opened", "m1", timedelta(hours=1)),
    ],
}
AWAY = [timedelta(minutes=minutes) for minutes in (90, 120, 240, 24 * 60)]
"""How far from an event a turn may lie."""
RULES: list[dict[str, Any]] = [
    {"did": "cart", "not_followed_by": "order", "within": "4 hours"},
    {"did": "cart", "not_followed_by": "order"},
    {"did": "cart", "not_followed_by": "order", "at_least": 2, "within": "4 hours"},
    {"did": "cart", "not_followed_by": ["order", "message_opened"]},
    {"did": "cart", "not_followed_by": "o*"},
    {"did": "cart", "not_followed_by": "order", "at_most": 0, "within": "4 hours"},
    {"did": "cart", "not_followed_by": "order", "between": ["1 day ago", "90 minutes ago"]},
    {"did": "cart", "not_followed_by": "order", "where": {"a": 1}},
    {"first": "cart", "within": "4 hours"},
    {"last": ["cart", "order"], "within": "2 hours"},
    {"was_sent": "welcome", "within": "4 hours"},
]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, durable=False)
    migrate.create(opened)
    fill(opened, people())
    yield opened
    opened.close()


def people() -> list[Known]:
    found = []
    for name, history in HISTORIES.items():
        told = []
        for kind, event_id, ago in history:
            machine = {"machine": True} if kind == "message_opened" else {}
            told.append((Event(NOW - ago, event_id, kind, machine), NOW - ago))
        known = Known(name, {}, known_since=NOW - timedelta(days=90), history=told)
        found.append(known)
    for number, step in enumerate(("welcome", "other")):
        properties = {"campaign": step, "step": "letter"}
        sent = Event(NOW - timedelta(hours=1), "s", "message_sent", properties)
        known = Known(f"sent {number}", {}, known_since=NOW, history=[(sent, sent.at)])
        found.append(known)
    return found


@pytest.mark.parametrize("raw", RULES, ids=str)
def test_set_wise_and_plain_readings_are_equal(database: Database, raw: dict[str, Any]) -> None:
    rule = read_rule(raw)
    with database.survey() as connection:
        found = {
            customer_id: (holds, turns)
            for part in stands(connection, rule, {}, NOW, shop_zone=SHOP_ZONE)
            for customer_id, holds, turns in part
        }
    for known in people():
        holds, turns = found.get(known.customer_id, (False, NEVER))
        assert holds is plainly(rule, known, NOW), known.customer_id
        edges = {happened.at + away for happened, _ in known.history for away in AWAY}
        for edge in (one for one in edges if one > NOW and micros(one) < turns):
            assert plainly(rule, known, edge) is holds, f"{known.customer_id} turned at {edge}"


def plainly(rule: Rule, known: Known, now: datetime) -> bool:
    return rule.matches(View(known.facts(now), now))
