"""Who a rule holds for from scratch, where it asks for how long, for campaigns, for yearly days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import column

from lifecycle.core.action import Keep
from lifecycle.core.enrollment import EnrollmentState
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.rule.compare import Comparison, Op
from lifecycle.core.rule.read import read_rule
from lifecycle.core.words import zone_of
from lifecycle.sources.customer_line import read_customer
from lifecycle.store.apply import Writing
from lifecycle.store.customers import say
from lifecycle.store.database import Database
from lifecycle.store.dialect.sqlite_values import SqliteValues
from lifecycle.store.events import NewEvent, append
from lifecycle.store.rule_sql import members
from lifecycle.store.rule_sql.comparisons import compared
from tests.core.rule.test_mailed import enrolled
from tests.store.prepared import with_tables

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def database_prepare() -> Any:
    return with_tables


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def tell(database: Database, customer_id: str, days_ago: float, **said: Any) -> None:
    at = NOW - timedelta(days=days_ago)
    line = read_customer({"id": customer_id, **said}, at=at)
    with database.write() as connection:
        say(connection, [line], now=at, address_key=b"k")


def ask(database: Database, raw: Any) -> set[str]:
    rule = read_rule(raw)
    with database.read() as connection:
        return members(connection, rule, {}, NOW, shop_zone="UTC")


def test_for_how_long_an_attribute_has_been_so(database: Database) -> None:
    tell(database, "long", 9, attributes={"plan": "gold"})
    tell(database, "again", 9, attributes={"plan": "gold"})
    tell(database, "again", 1, attributes={"plan": "gold"})
    tell(database, "short", 1, attributes={"plan": "gold"})
    tell(database, "broken", 9, attributes={"plan": "gold"})
    tell(database, "broken", 2, attributes={"plan": "free"})
    tell(database, "broken", 1, attributes={"plan": "gold"})
    tell(database, "over", 9, attributes={"plan": "gold"})
    tell(database, "over", 1, attributes={"plan": "free"})
    rule = {"customer": "plan", "is": "gold", "held_for": "3 days"}
    assert ask(database, rule) == {"long", "again"}
    assert ask(database, {"none": [rule]}) == {"short", "broken", "over"}
    assert ask(database, {**rule, "customer": "email", "is": "x@x.example"}) == set()


def test_days_that_come_back(database: Database) -> None:
    tell(database, "soon", 9, attributes={"born": "1990-05-08"})
    tell(database, "unsaid_year", 9, attributes={"born": "05-08"})
    tell(database, "gone", 9, attributes={"born": "1990-05-03"})
    tell(database, "none", 9, attributes={"born": "May"})
    rule = {"customer": "born", "anniversary_within_next": "7 days"}
    assert ask(database, rule) == {"soon", "unsaid_year"}


def test_who_is_in_a_campaign_and_who_was_written_to(database: Database) -> None:
    for name in ("in", "out", "other"):
        tell(database, name, 9)
    with database.write() as connection:
        writing = Writing(NOW)
        for name, campaign, state in (
            ("in", "welcome", EnrollmentState.ACTIVE),
            ("out", "welcome", EnrollmentState.LEFT),
            ("other", "sale", EnrollmentState.ACTIVE),
        ):
            facts = Facts(name, NOW, zone_of("UTC"))
            writing.add(facts, [Keep(enrolled(campaign, state))], None)
        writing.write(connection)
        letter = {"campaign": "welcome", "step": "first"}
        sent = Event(NOW - timedelta(days=2), "sent", "message_sent", letter)
        append(connection, [NewEvent("out", sent, sent.at)])
    assert ask(database, {"in_campaign": "welcome"}) == {"in"}
    assert ask(database, {"was_sent": "welcome/first", "within": "3 days"}) == {"out"}
    assert ask(database, {"was_sent": "welcome", "within": "2 days"}) == set()


def test_a_tenure_of_the_persons_own_length(database: Database) -> None:
    tell(database, "patient", 9, attributes={"gap": 5})
    tell(database, "quick", 9, attributes={"gap": 3})
    tell(database, "unknown", 9)
    assert ask(database, {"known_for": "2 x gap"}) == {"quick"}


def test_an_operator_that_sql_does_not_know_may_hold() -> None:
    values = SqliteValues()
    value = values.read(column("document"), ("a",))
    bounds = compared(Comparison((Op("resembles", "x"),)), value, values)
    assert not bounds.exact
    assert str(bounds.lower) == "false"
