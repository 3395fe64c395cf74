"""Points and codes as read from the database: exact from the anchor on, whatever is summed up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.core.facts import Facts
from lifecycle.core.ledger import Ledger, Line
from lifecycle.core.rule.read import read_rule
from lifecycle.store import migrate
from lifecycle.store.database import Database
from lifecycle.store.facts import Reading, load
from lifecycle.store.rule_sql import members
from lifecycle.store.tables import METADATA
from tests.store.full_customer import row_of

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
TIERS = ((100, "silver"), (250, "gold"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url, durable=False)
    migrate.create(opened)
    yield opened
    opened.close()


def day(number: float) -> datetime:
    return NOW + timedelta(days=number)


def customer(customer_id: str, **attributes: Any) -> dict[str, Any]:
    standing: dict[str, Any] = {
        "known_since": NOW,
        "said_at": NOW,
        "erased_at": None,
        "attributes_at": {},
    }
    return {"customer_id": customer_id, "bucket": 0, "attributes": attributes, **standing}


Points = tuple[str, int, float, float | None, str]
LINES: list[Points] = [
    ("a", 100, -40, -10, "order_placed:1"),
    ("a", -30, -35, -10, "reversed:x"),
    ("a", 60, -20, 10, "order_placed:2"),
    ("a", 60, -20, 10, "order_placed:3"),
    ("a", -60, 1, 10, "reversed:y"),
    ("a", 5, -3, None, "incentive:1"),
    ("a", 7, 3, 20, "order_placed:4"),
    ("a", -2, -3, None, "bought"),
    ("b", 300, 2, None, "order_placed:5"),
]


def fill(database: Database, table: str, rows: list[dict[str, Any]]) -> None:
    with database.write() as connection:
        connection.execute(METADATA.tables[table].insert(), rows)


def points(database: Database) -> None:
    fill(database, "customer", [customer(one) for one in "abc"])
    entries = [
        {
            "customer_id": of,
            "entry_id": f"p{number}",
            "points": many,
            "at": day(begins),
            "available_at": day(begins),
            "expires_at": None if ends is None else day(ends),
            "source": source,
        }
        for number, (of, many, begins, ends, source) in enumerate(LINES)
    ]
    fill(database, "points_entry", entries)


def read(database: Database, anchor: datetime, now: datetime = NOW) -> dict[str, Facts]:
    reading = Reading(ledger=True, tiers=TIERS)
    with database.read() as connection:
        return load(connection, ["a", "b", "c"], now, reading, shop_zone="UTC", anchor=anchor)


@pytest.mark.parametrize("anchor", [-50, -35, -10, -3, 0])
def test_what_is_summed_up_changes_nothing_from_the_anchor_on(
    database: Database, anchor: float
) -> None:
    points(database)
    found = read(database, day(anchor))["a"].ledger
    plain = Ledger(
        tuple(
            Line(many, day(begins), None if ends is None else day(ends), _lasts(many, source))
            for of, many, begins, ends, source in LINES
            if of == "a"
        )
    )
    edges = [day(number) for number in range(-50, 30)]
    for at in (near for edge in edges for near in (edge - MICRO, edge)):
        if at >= day(anchor):
            assert found.balance(at) == plain.balance(at), at
            assert found.lifetime(at) == plain.lifetime(at), at
            assert found.next_expiry(at) == plain.next_expiry(at), at
            assert found.points_change(at) == plain.points_change(at), at


def _lasts(many: int, source: str) -> bool:
    return many > 0 or source.startswith("reversed:")


def test_what_lies_back_is_one_line(database: Database) -> None:
    points(database)
    assert len(read(database, NOW)["a"].ledger.lines) == 6
    assert len(read(database, day(-50))["a"].ledger.lines) == len(LINES) - 2
    assert read(database, NOW)["c"].ledger == Ledger(tiers=TIERS)


def test_nothing_is_read_unless_it_is_asked_for(database: Database) -> None:
    points(database)
    with database.read() as connection:
        facts = load(connection, ["a"], NOW, Reading(), shop_zone="UTC")["a"]
    assert facts.ledger == Ledger()


Code = tuple[str, str, float, float | None, float | None, str | None]
CODES: list[Code] = [
    ("a", "A", -5, 5, None, "accepted"),
    ("a", "B", -5, None, None, "uncertain"),
    ("a", "C", -5, 5, None, "dropped"),
    ("a", "D", -5, 0, None, "accepted"),
    ("a", "E", -5, 5, -1, "accepted"),
    ("a", "F", -5, 5, None, None),
    ("a", "", -5, 5, None, "accepted"),
    ("b", "G", -5, 2, None, "accepted"),
]


def codes(database: Database) -> None:
    fill(database, "customer", [customer(one) for one in "abc"])
    pattern = row_of(METADATA.tables["message"], "a")
    rows, messages = [], []
    for number, (of, code, issued, ends, redeemed, state) in enumerate(CODES):
        rows.append(
            {
                "customer_id": of,
                "incentive_id": f"i{number}",
                "message_id": f"m{number}",
                "campaign": "cart",
                "kind": "percent_off",
                "code": code,
                "issued_at": day(issued),
                "expires_at": None if ends is None else day(ends),
                "redeemed_at": None if redeemed is None else day(redeemed),
            }
        )
        if state is not None:
            messages.append(
                {**pattern, "customer_id": of, "message_id": f"m{number}", "state": state}
            )
    fill(database, "incentive", rows)
    fill(database, "message", messages)


@pytest.mark.parametrize(
    ("anchor", "at", "count"),
    [(0, 0, 3), (-2, -2, 5), (-2, -1, 4), (-2, 0, 3), (0, 5, 1), (0, 99, 1)],
)
def test_codes_are_open_that_reached_the_customer_and_have_not_ended(
    database: Database, anchor: float, at: float, count: int
) -> None:
    codes(database)
    found = read(database, day(anchor))
    assert found["a"].ledger.open_codes(day(at)) == count
    assert found["b"].ledger.open_codes(NOW) == 1
    assert found["c"].ledger.open_codes(NOW) == 0


@pytest.mark.parametrize(
    ("rule", "at", "who"),
    [
        ({"customer": "points.balance", "at_least": 100}, 0, {"a"}),
        ({"customer": "points.balance", "at_least": 100}, 2, {"b"}),
        ({"customer": "points.tier", "is": "gold"}, 2, {"b"}),
        ({"customer": "points.tier", "is_set": False}, 0, {"b", "c"}),
        ({"none": [{"customer": "points.balance", "at_least": 1}]}, 0, {"b", "c"}),
        ({"customer": "orders.count", "is": 0}, 0, {"a", "b", "c"}),
        ({"customer": "incentives.open", "at_most": 0}, 0, {"a", "b", "c"}),
    ],
)
def test_rules_asked_from_scratch_see_them(
    database: Database, rule: dict[str, Any], at: float, who: set[str]
) -> None:
    points(database)
    with database.read() as connection:
        found = members(connection, read_rule(rule), {}, day(at), shop_zone="UTC", tiers=TIERS)
    assert found == who


def test_an_attribute_of_the_shops_own_counts_from_scratch_too(database: Database) -> None:
    sent = [customer("a", orders={"count": 3}), customer("b", **{"orders.count": 3}), customer("c")]
    fill(database, "customer", sent)
    rule = read_rule({"customer": "orders.count", "at_least": 3})
    with database.read() as connection:
        assert members(connection, rule, {}, NOW, shop_zone="UTC") == {"a", "b"}
