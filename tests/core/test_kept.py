"""The attributes that the engine keeps, each at exact instants, and whose word wins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from lifecycle.core import kept
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.ledger import Code, Ledger, Line
from lifecycle.core.words import zone_of

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
DAY = timedelta(days=1)


def facts(*orders: tuple[datetime, Any], **known: Any) -> Facts:
    """A customer who placed orders: their instants and what they say as their total."""
    found = Facts("c1", NOW, zone_of("UTC"), **known)
    for number, (at, total) in enumerate(orders):
        said = {} if total is None else {"total": total}
        found.add_event(Event(at, f"o{number}", kept.ORDER, said))
    return found


def figure(known: Facts, leaf: str, at: datetime = NOW) -> Any:
    return kept.value(known, "orders", at, leaf)[leaf]


THREE = ((NOW - 30 * DAY, 20), (NOW - 10 * DAY, "39.99"), (NOW, None))


@pytest.mark.parametrize(
    ("at", "count", "total", "average"),
    [
        (NOW - 30 * DAY - MICRO, 0, 0, None),
        (NOW - 30 * DAY, 1, 20, 20),
        (NOW - 10 * DAY - MICRO, 1, 20, 20),
        (NOW - 10 * DAY, 2, Decimal("59.99"), Decimal("29.995")),
        (NOW - MICRO, 2, Decimal("59.99"), Decimal("29.995")),
        (NOW, 3, Decimal("59.99"), Decimal("29.995")),
    ],
)
def test_orders_count_up_to_the_instant_and_not_the_future(
    at: datetime, count: int, total: Any, average: Any
) -> None:
    known = facts(*THREE)
    assert figure(known, "count", at) == count
    assert figure(known, "total", at) == total
    assert figure(known, "average", at) == average


def test_the_first_and_the_last_order_are_instants() -> None:
    known = facts(*THREE)
    assert figure(known, "first_at") == NOW - 30 * DAY
    assert figure(known, "last_at") == NOW
    assert figure(known, "last_at", NOW - MICRO) == NOW - 10 * DAY
    assert figure(facts(), "first_at") is None
    assert figure(facts(), "last_at") is None


@pytest.mark.parametrize(
    ("totals", "total", "average"),
    [
        ([0.1, 0.2], Decimal("0.3"), Decimal("0.15")),
        (["19.99"] * 3, Decimal("59.97"), Decimal("19.99")),
        ([10, 0, None], 10, 5),
        ([10, "much", True, "", [5]], 10, 10),
        ([-5, 10], 5, Decimal("2.5")),
        ([1, 1, 0], 2, Decimal(2) / 3),
        ([2**60, 1], 2**60 + 1, Decimal(2**60 + 1) / 2),
        ([10**30, 3], 3, 3),
        (["0.0000005", "0.0000015"], Decimal("0.000002"), Decimal("0.000001")),
        ([99999999999999999999, "0.000001"], Decimal("99999999999999999999.000001"), None),
    ],
)
def test_totals_are_exact_to_the_millionth(totals: list[Any], total: Any, average: Any) -> None:
    known = facts(*((NOW - number * DAY, one) for number, one in enumerate(totals)))
    assert figure(known, "total") == total
    assert average is None or figure(known, "average") == average


@pytest.mark.parametrize(
    ("ago", "days"),
    [
        ([], None),
        ([5], None),
        ([10, 0], 10),
        ([30, 20, 0], 15),
        ([100, 40, 30, 20], 10),
        ([365, 30, 20, 10, 0], 10),
        ([7, 7], 0),
    ],
)
def test_the_usual_gap_is_the_median_of_the_days_between_orders(
    ago: list[int], days: int | None
) -> None:
    assert figure(facts(*((NOW - one * DAY, 1) for one in ago)), "usual_gap") == days


def test_the_usual_gap_is_exact_to_the_microsecond() -> None:
    known = facts((NOW - 10 * DAY - MICRO, 1), (NOW, 1))
    assert figure(known, "usual_gap") == 10 + Decimal(1) / kept.DAY_IN_MICROSECONDS


def test_the_last_click_is_a_persons() -> None:
    known = facts()
    known.add_event(Event(NOW - DAY, "a", kept.CLICK, {"machine": False}))
    known.add_event(Event(NOW, "b", kept.CLICK, {"machine": True}))
    assert kept.value(known, "engagement", NOW) == {"last_click_at": NOW - DAY}


def test_points_and_codes_are_told_as_of_the_instant() -> None:
    lines = (Line(500, NOW, NOW + 5 * DAY), Line(40, NOW - DAY))
    ledger = Ledger(lines, (Code(NOW, NOW + DAY),), ((500, "silver"),))
    known = facts(ledger=ledger)
    assert kept.value(known, "points", NOW) == {
        "balance": 540,
        "lifetime": 540,
        "next_expiry_at": NOW + 5 * DAY,
        "expiring": 500,
        "tier": "silver",
    }
    assert kept.value(known, "points", NOW - MICRO) == {
        "balance": 40,
        "lifetime": 40,
        "next_expiry_at": None,
        "expiring": 0,
        "tier": None,
    }
    assert kept.value(known, "incentives", NOW) == {"open": 1}
    assert kept.value(known, "incentives", NOW + DAY) == {"open": 0}


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ({}, {"count": 1, "total": 5}),
        ({"orders": {"count": 7}}, {"count": 7, "total": 5}),
        ({"orders": {"count": None}}, {"count": 1, "total": 5}),
        ({"orders": {"returned": 2}}, {"count": 1, "total": 5, "returned": 2}),
        ({"orders.count": 7}, {"count": 7, "total": 5}),
        ({"orders.count": 7, "orders": {"count": 8}}, {"count": 8, "total": 5}),
        ({"orders": None}, {"count": 1, "total": 5}),
    ],
)
def test_what_the_shop_sends_wins_leaf_by_leaf(sent: dict[str, Any], seen: dict[str, Any]) -> None:
    known = facts((NOW, 5), attributes=sent)
    whole = known.customer_value("orders")
    assert {name: whole.get(name) for name in seen} == seen
    for leaf, value in seen.items():
        assert known.customer_value("orders", NOW, leaf)[leaf] == value


@pytest.mark.parametrize("sent", ["many", 12, ["a"], ""])
def test_what_is_no_table_hides_ours(sent: Any) -> None:
    known = facts((NOW, 5), attributes={"orders": sent})
    assert known.customer_value("orders") == sent
    assert known.customer_value("orders", NOW, "count") == sent


def test_what_was_stored_at_night_is_merged_likewise() -> None:
    stored = {"rfm": {"recency": 5, "group": "loyal"}}
    known = facts(nightly=stored, attributes={"rfm": {"group": "ours"}})
    assert known.customer_value("rfm") == {
        "recency": 5,
        "frequency": None,
        "monetary": None,
        "group": "ours",
    }
    assert known.customer_value("predicted")["alive"] is None


def test_json_and_templates_have_plain_values() -> None:
    known = facts((NOW - DAY, "39.99"), (NOW, 20))
    assert kept.told(known, [("orders", "total"), ("orders", "count")], NOW) == {
        "orders": {"total": 59.99, "count": 2}
    }
    assert kept.told(known, [("orders",)], NOW)["orders"]["usual_gap"] == 1
    assert type(kept.told(known, [("orders",)], NOW)["orders"]["usual_gap"]) is int
    hidden = facts(attributes={"points": 12})
    assert kept.told(hidden, [("points", "balance")], NOW) == {"points": 12}
    assert kept.points_told(hidden, NOW)["balance"] == 0


def test_whoever_has_no_points_is_told_the_same_as_whoever_has_none_left() -> None:
    nobody = facts()
    empty = facts(ledger=Ledger())
    assert kept.points_told(nobody, NOW) == kept.points_told(empty, NOW) == kept.NO_POINTS
    nobody.attributes["points.balance"] = 7
    assert kept.points_told(nobody, NOW) == {**kept.NO_POINTS, "balance": 7}
