"""Rules as set queries: what SQL alone decides, how it reads, and that nothing is too large."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Executable, Select, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ClauseElement

from lifecycle.core.rule.read import read_rule
from lifecycle.core.words import micros
from lifecycle.store import migrate
from lifecycle.store.database import Database
from lifecycle.store.dialect.values import CALM
from lifecycle.store.rule_sql import all_needs, members
from lifecycle.store.rule_sql.answers import NEVER
from lifecycle.store.rule_sql.plan import plan
from lifecycle.store.rule_sql.probe import Asking
from lifecycle.store.rule_sql.stands import DIALECTS, stands
from lifecycle.store.rule_sql.tree import MOST_PROBES
from lifecycle.store.tables import METADATA
from tests.store.sql_alone import sql_alone

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)
CUSTOMER, EVENT = METADATA.tables["customer"], METADATA.tables["event"]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, durable=False)
    migrate.create(opened)
    yield opened
    opened.close()


def customer(customer_id: str, /, **attributes: Any) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "bucket": 0,
        "known_since": NOW,
        "erased_at": None,
        "attributes": attributes,
        "attributes_at": {},
        "said_at": NOW,
    }


def event(
    customer_id: str, number: int, at: datetime = NOW, /, **properties: Any
) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "event_id": f"e{number}",
        "name": "order_placed",
        "at": at,
        "received_at": at,
        "due_at": at,
        "arrival": number,
        "pending": False,
        "enters": True,
        "properties": properties,
    }


class Explained(Executable, ClauseElement):
    """How a query would be carried out."""

    inherit_cache = False

    def __init__(self, query: Select[Any]) -> None:
        self.query = query


@compiles(Explained)
def _explained(element: Explained, compiler: Any, **rest: Any) -> str:
    return "EXPLAIN QUERY PLAN " + str(compiler.process(element.query, **rest))


def fill(
    database: Database, customers: list[dict[str, Any]], events: list[dict[str, Any]] | None = None
) -> None:
    with database.write() as connection:
        connection.execute(CUSTOMER.insert(), customers)
        if events:
            connection.execute(EVENT.insert(), events)


def ask(database: Database, raw: Any, segments: dict[str, Any] | None = None) -> set[str]:
    named = {name: read_rule(one) for name, one in (segments or {}).items()}
    with database.read() as connection:
        return members(connection, read_rule(raw), named, NOW, shop_zone="Europe/Berlin")


def possible(database: Database, raw: Any) -> set[str]:
    """For whom SQL alone does not deny it."""
    found = sql_alone(database, read_rule(raw), NOW)
    return {customer_id for customer_id, holds in found.items() if holds is not False}


HAPPENED = [
    (n, name, NOW - timedelta(hours=20 * n) + timedelta(minutes=m))
    for n in range(8)
    for m, name in enumerate(("order_placed", "x", "a", "bb"))
]
EXACT: list[tuple[str, dict[str, Any], bool]] = [
    ("a count", {"did": "order_placed", "at_least": 3}, True),
    ("in a window", {"did": "order_placed", "within": "3 days"}, True),
    ("since an instant with its offset", {"did": "x", "since": NOW - DAY}, True),
    ("since a day: everybody's own midnight", {"did": "x", "since": date(2026, 5, 4)}, False),
    ("of none", {"not": {"did": ["a", "b*"], "between": ["3 days ago", "1 day ago"]}}, True),
    ("consent", {"agreed_to": "news"}, True),
    ("tenure", {"known_for": "3 days"}, True),
    ("suppression", {"suppressed": True}, True),
    ("a segment", {"in_segment": "elsewhere"}, True),
    ("a share", {"random_percent": 50}, True),
    ("all of the exact", {"all": [{"everyone": True}, {"did": "x"}]}, True),
    (
        "beside one that is not",
        {"all": [{"everyone": True}, {"first": "x", "has": {"sku": 1}}]},
        False,
    ),
    ("an attribute: its text may be written in two ways", {"customer": "x", "is": "\u00e9"}, False),
]


@pytest.mark.parametrize(("raw", "wanted"), [case[1:] for case in EXACT], ids=[c[0] for c in EXACT])
def test_sql_alone_decides(database: Database, raw: dict[str, Any], wanted: bool) -> None:
    early = datetime(2026, 4, 30, 12, tzinfo=UTC)
    events = [
        event(f"c{n}", number, at) | {"name": name} for number, (n, name, at) in enumerate(HAPPENED)
    ]
    people = [customer(f"c{n}", x="\u0301e", tags=["a"]) for n in range(8)]
    fill(database, [one | {"known_since": early} for one in people], events)
    found = sql_alone(database, read_rule(raw), NOW)
    assert (None not in found.values()) is wanted


PLAIN: list[tuple[str, dict[str, Any], set[str]]] = [
    ("text", {"customer": "country", "is": "DE"}, {"a"}),
    ("one of several", {"customer": "country", "is_one_of": ["DE", "AT"]}, {"a", "b"}),
    ("a number", {"customer": "age", "at_least": 30}, {"b"}),
    ("numeric text", {"customer": "age", "less_than": 30}, {"a"}),
    ("unknown", {"customer": "country", "is_set": False}, {"c"}),
    ("a total", {"total_of": "order_placed.total", "at_least": 20}, {"a"}),
    ("a total of nothing", {"total_of": "order_placed.total", "is": 0}, {"c"}),
    ("an average", {"average_of": "order_placed.total", "is": 10.05}, {"a"}),
    ("where", {"did": "order_placed", "where": {"shipping.country": "DE"}}, {"a"}),
    ("codes with digits in them", {"distinct_of": "order_placed.sku", "is": 2}, {"a"}),
    ("names in Latin letters", {"customer": "name", "is": "Zoë"}, {"a"}),
    ("distinct", {"distinct_of": "order_placed.total", "is": 2}, {"a"}),
]


@pytest.mark.parametrize(("raw", "wanted"), [case[1:] for case in PLAIN], ids=[c[0] for c in PLAIN])
def test_of_plain_values_sql_names_nobody_too_many(
    database: Database, raw: dict[str, Any], wanted: set[str]
) -> None:
    customers = [
        customer("a", country="DE", age="29", name="Zoë"),
        customer("b", country="AT", age=30.5, name="Jürgen 大和"),
    ]
    events = [
        event("a", 1, sku="A-1", total="10.10", shipping={"country": "DE"}),
        event("a", 2, NOW - DAY, sku="12e5b", total=10),
        event("b", 1, total=7.5, shipping={"country": "AT"}),
    ]
    fill(database, [*customers, customer("c")], events)
    assert possible(database, raw) == wanted
    assert ask(database, raw) == wanted


WORDS: list[tuple[Any, set[str]]] = [
    ({"is": "DE"}, {"same"}),
    ({"is_one_of": ["DE", "5"]}, {"same", "five", "number"}),
    ({"is_not": "DE"}, {"lower", "list", "five", "number", "truth", "kelvin"}),
    ({"is_none_of": ["DE", "de"]}, {"list", "five", "number", "truth", "kelvin"}),
    ({"is": "K"}, {"kelvin"}),
    ({"is_set": True}, {"same", "lower", "list", "five", "number", "truth", "kelvin"}),
    ({"is_set": False}, {"empty", "nothing", "missing"}),
]


@pytest.mark.parametrize(("said", "wanted"), WORDS, ids=[str(one) for one, _ in WORDS])
def test_words_are_compared_as_written_and_nothing_else_is_taken_for_them(
    database: Database, said: dict[str, Any], wanted: set[str]
) -> None:
    values: dict[str, Any] = {
        "same": "DE",
        "lower": "de",
        "list": ["DE"],
        "five": "5",
        "number": 5,
        "truth": True,
        "kelvin": "\u212a",
        "empty": "",
        "nothing": None,
    }
    people = [customer(name, x=value) for name, value in values.items()]
    fill(database, [*people, customer("missing")])
    assert ask(database, {"customer": "x", **said}) == wanted
    assert ask(database, {"all": [{"known_for": "0 days"}, {"customer": "x", **said}]}) == wanted


def test_events_count_once_they_are_known_and_due(database: Database) -> None:
    late = event("a", 1, NOW - DAY) | {"due_at": NOW + timedelta(microseconds=1), "pending": True}
    fill(database, [customer("a"), customer("b")], [late, event("b", 1, NOW - DAY)])
    assert ask(database, {"did": "order_placed"}) == {"b"}


def test_erased_customers_are_left_out(database: Database) -> None:
    fill(database, [customer("a"), customer("b") | {"erased_at": NOW}])
    assert ask(database, {"everyone": True}) == ask(database, {"random_percent": 100}) == {"a"}


def test_more_customers_than_are_read_at_once_are_all_decided(database: Database) -> None:
    fill(database, [customer(f"c{n}", name="Zoe\u0308") for n in range(1_100)])
    assert len(ask(database, {"customer": "name", "is": "Zoë"})) == 1_100


def test_very_many_leaves_are_still_answered(database: Database) -> None:
    fill(database, [customer("a", x="x7"), customer("b", x="other")])
    leaves = [{"customer": "x", "is": f"x{n}"} for n in range(3 * MOST_PROBES)]
    assert ask(database, {"any": leaves}) == {"a"}
    assert ask(database, {"none": leaves}) == {"b"}
    figures = [{"total_of": f"order_placed.p{n}", "at_most": 0} for n in range(3 * MOST_PROBES)]
    assert ask(database, {"all": figures}) == {"a", "b"}


def test_very_long_lists_are_still_answered(database: Database) -> None:
    fill(database, [customer("a", x="x70000"), customer("b", x="other")])
    assert ask(database, {"customer": "x", "is_one_of": [f"x{n}" for n in range(80_000)]}) == {"a"}
    assert ask(database, {"customer": "x", "is_one_of": list(range(1_500))}) == set()


def test_totals_beyond_64_bits_do_not_fail(database: Database) -> None:
    events = [event("a", n, total=999_999_999_999) for n in range(20)]
    fill(database, [customer("a")], events)
    assert ask(database, {"total_of": "order_placed.total", "is": 20 * 999_999_999_999}) == {"a"}
    assert ask(database, {"average_of": "order_placed.total", "is": 999_999_999_999}) == {"a"}


def test_a_character_that_the_database_cannot_keep_is_left_to_python(database: Database) -> None:
    fill(database, [customer("a", x="nul\0", y=1)], [event("a", 1, x="\0", y=5)])
    assert ask(database, {"customer": "y", "is": 1}) == {"a"}
    assert ask(database, {"customer": "x", "is": "nul\0"}) == {"a"}
    assert ask(database, {"total_of": "order_placed.y", "where": {"x": "\0"}, "is": 5}) == {"a"}
    assert ask(database, {"customer": "no\0key", "is_set": True}) == set()


def test_calm_characters_are_those_that_nfc_leaves_alone() -> None:
    calm = re.compile(f"[{CALM}]")
    second = {
        unicodedata.decomposition(chr(one)).split(" ")[1]
        for one in range(sys.maxunicode)
        if len(unicodedata.decomposition(chr(one)).split(" ")) == 2
        and not unicodedata.decomposition(chr(one)).startswith("<")
    }
    found = [chr(one) for one in range(0xFFFF) if calm.match(chr(one))]
    assert len(found) > 30_000
    for one in found:
        assert unicodedata.is_normalized("NFC", one), hex(ord(one))
        assert unicodedata.combining(one) == 0, hex(ord(one))
        assert f"{ord(one):04X}" not in second, hex(ord(one))
        assert ord(one) < 128 or not one.isspace(), hex(ord(one))


def test_segments_that_name_each_other_end(database: Database) -> None:
    fill(database, [customer("a")])
    segments = {"one": {"in_segment": "two"}, "two": {"in_segment": "three"}}
    assert ask(database, {"in_segment": "one"}, segments) == set()
    named = {"x": read_rule({"any": [{"in_segment": "x"}, {"did": "a"}]})}
    found = sql_alone(database, read_rule({"in_segment": "x"}), NOW, named)
    assert found == {"a": None}


def test_needs_reach_through_segments() -> None:
    segments = {
        "one": read_rule({"all": [{"did": "a"}, {"in_segment": "two"}]}),
        "two": read_rule({"any": [{"did": "b*"}, {"in_segment": "one"}]}),
    }
    assert all_needs(read_rule({"in_segment": "one"}), segments).events == {"a", "b*"}


def test_sqlite_reads_events_by_name_whatever_its_planner_thinks(sqlite_url: str) -> None:
    database = Database(sqlite_url, durable=False)
    migrate.create(database)
    events = [event(f"c{n % 10}", n, NOW - timedelta(hours=n)) for n in range(2_000)]
    fill(database, [customer(f"c{n}") for n in range(10)], events)
    raw = {
        "all": [
            {"did": "order_placed", "at_least": 3, "within": "30 days"},
            {"did": "order_placed", "where": {"x": 1}},
        ],
        "none": [{"did": "page_viewed", "within": "3 days"}],
    }
    with database.write() as connection:
        connection.execute(text("ANALYZE"))
        asking = Asking(NOW, DIALECTS["sqlite"]())
        query = plan(connection, read_rule(raw), {}, asking, frozenset()).query
        steps = [row[-1] for row in connection.execute(Explained(query))]
    assert sum("COVERING INDEX event_by_name (name=? AND at>?" in step for step in steps) == 1
    for step in steps:
        if " event " in step and "event_by_name" not in step:
            assert "INDEX event_of_customer (customer_id=? AND name=?" in step
    database.close()


LATER: list[tuple[str, dict[str, Any], timedelta | None]] = [
    ("enough until the second newest leaves", {"at_least": 2, "within": "10 days"}, 7 * DAY),
    ("no more for a while", {"at_most": 0, "within": "10 days"}, 9 * DAY),
    ("too many until the second newest leaves", {"at_most": 1, "within": "10 days"}, 7 * DAY),
    ("enough for ever", {"at_least": 2}, None),
    ("one comes past the near edge", {"between": ["9 days ago", "4 days ago"]}, DAY),
    ("too few for ever", {"at_least": 9, "within": "10 days"}, None),
]


@pytest.mark.parametrize(("raw", "turns"), [case[1:] for case in LATER], ids=[c[0] for c in LATER])
def test_with_the_answer_comes_the_instant_at_which_it_turns(
    database: Database, raw: dict[str, Any], turns: timedelta | None
) -> None:
    events = [event("a", n, NOW - days * DAY) for n, days in enumerate((1, 3, 40))]
    fill(database, [customer("a"), customer("b")], events)
    rule = read_rule({"did": "order_placed", **raw})
    with database.read() as connection:
        found = [one for part in stands(connection, rule, {}, NOW, shop_zone="UTC") for one in part]
    told = {customer_id: turn for customer_id, _, turn in found}
    assert told.get("a", NEVER) == (NEVER if turns is None else micros(NOW + turns))
    assert told.get("b", NEVER) == NEVER


def test_customers_come_in_order_and_after_the_one_that_is_named(database: Database) -> None:
    people = [customer(one) for one in ("b", "a", "C", "\u00e9", "c")]
    fill(database, people, [event("a", 1), event("C", 1), event("c", 1)])
    for raw in ({"everyone": True}, {"did": "order_placed"}, {"customer": "x", "is_set": False}):
        with database.read() as connection:
            told = stands(connection, read_rule(raw), {}, NOW, shop_zone="UTC", after="C")
            ids = [customer_id for part in told for customer_id, _, _ in part]
        assert ids == sorted(ids) and "a" in ids and "C" not in ids
