"""Rules on attributes that the engine keeps: what they see, what they need, when they turn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.core.ledger import Code, Ledger, Line
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import NEWEST, WHOLE
from tests.core.rule.asking import MICRO, NOW, happened, view


def day(number: float) -> datetime:
    return NOW + timedelta(days=number)


LEDGER = Ledger(
    (Line(60, day(0), day(20)), Line(50, day(3), day(10)), Line(40, day(6))),
    (Code(day(0), day(2)), Code(day(0), day(4))),
    ((100, "silver"),),
)


@pytest.mark.parametrize(
    ("rule", "turns"),
    [
        ({"customer": "points.balance", "at_least": 100}, [3, 20]),
        ({"customer": "points.balance", "at_least": 110}, [3, 10]),
        ({"customer": "points.balance", "less_than": 60}, [20]),
        ({"customer": "points.balance", "is": 150}, [6, 10]),
        ({"customer": "points.balance", "at_least": 1}, []),
        ({"customer": "points.lifetime", "at_least": 150}, [6]),
        ({"customer": "points.tier", "is": "silver"}, [3]),
        ({"customer": "points.tier", "is_set": False}, [3]),
        ({"customer": "points.expiring", "is": 50}, [3, 10]),
        ({"customer": "points.next_expiry_at", "is_set": True}, [20]),
        ({"customer": "points.next_expiry_at", "within_next": "2 days"}, [8, 10, 18, 20]),
        ({"customer": "incentives.open", "at_least": 2}, [2]),
        ({"customer": "incentives.open", "at_least": 1}, [4]),
        ({"none": [{"customer": "incentives.open", "at_least": 1}]}, [4]),
    ],
)
def test_points_and_codes_turn_rules_at_their_instants(
    rule: dict[str, Any], turns: list[float]
) -> None:
    asked = read_rule(rule)
    seen, found = view(now=day(1), ledger=LEDGER), []
    holds = asked.matches(seen)
    while (at := asked.may_turn_at(seen)) is not None:
        assert at > seen.now
        assert asked.matches(view(now=at - MICRO, ledger=LEDGER)) is holds
        seen = view(now=at, ledger=LEDGER)
        if asked.matches(seen) is not holds:
            holds = not holds
            found.append(at)
    near = "within_next" in str(rule)
    assert found == [day(one) + (MICRO if near and one in (8, 18) else 0 * MICRO) for one in turns]


def test_the_next_turn_is_the_one_that_counts_and_not_any_change() -> None:
    rule = read_rule({"customer": "points.balance", "at_least": 145})
    assert rule.may_turn_at(view(now=day(1), ledger=LEDGER)) == day(6)


def test_more_changes_than_are_looked_ahead_have_the_rule_asked_again() -> None:
    lines = tuple(Line(1, day(number)) for number in range(1, 1001))
    rule = read_rule({"customer": "points.balance", "at_least": 1000})
    at: datetime | None = NOW
    asked = 0
    while at is not None and not rule.matches(view(now=at, ledger=Ledger(lines))):
        at = rule.may_turn_at(view(now=at, ledger=Ledger(lines)))
        asked += 1
    assert at == day(1000)
    assert asked < 10


def test_where_the_shops_own_word_wins_nothing_turns_by_itself() -> None:
    rule = read_rule({"customer": "points.balance", "at_least": 100})
    sent = {"points": {"balance": 40}}
    assert rule.may_turn_at(view(now=day(1), ledger=LEDGER, attributes=sent)) is None
    assert not rule.matches(view(now=day(3), ledger=LEDGER, attributes=sent))


ORDERS = [
    happened("order_placed", day(-30), total=20),
    happened("order_placed", day(-10), total="39.99"),
]


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"customer": "orders.count", "at_least": 2}, True),
        ({"customer": "orders.count", "at_least": 3}, False),
        ({"customer": "orders.count", "is_set": True}, True),
        ({"customer": "orders.total", "is": 59.99}, True),
        ({"customer": "orders.average", "is": "29.995"}, True),
        ({"customer": "orders.usual_gap", "is": 20}, True),
        ({"customer": "orders.first_at", "before": "2026-04-05"}, True),
        ({"customer": "orders.last_at", "within_last": "10 days"}, False),
        ({"customer": "orders.last_at", "within_last": "11 days"}, True),
        ({"customer": "engagement.last_click_at", "is_set": False}, True),
        ({"customer": "rfm.group", "is": "loyal"}, True),
    ],
)
def test_a_rule_sees_them(rule: dict[str, Any], holds: bool) -> None:
    seen = view(ORDERS, nightly={"rfm": {"group": "loyal"}})
    assert read_rule(rule).matches(seen) is holds
    assert read_rule(rule).why(seen).holds is holds


def test_the_last_order_leaves_a_length_exactly_then() -> None:
    rule = read_rule({"customer": "orders.last_at", "within_last": "11 days"})
    assert rule.may_turn_at(view(ORDERS)) == day(1)


@pytest.mark.parametrize(
    ("path", "reach", "ledger"),
    [
        ("orders.count", ("order_placed", WHOLE), False),
        ("orders.usual_gap", ("order_placed", WHOLE), False),
        ("orders.last_at", ("order_placed", NEWEST), False),
        ("orders", ("order_placed", WHOLE), False),
        ("engagement.last_click_at", ("message_clicked", NEWEST), False),
        ("points.balance", None, True),
        ("points.tier", None, True),
        ("incentives.open", None, True),
        ("rfm.group", None, False),
        ("colour", None, False),
    ],
)
def test_a_rule_says_what_they_are_reckoned_from(path: str, reach: Any, ledger: bool) -> None:
    needs = read_rule({"any": [{"customer": path, "is_set": True}, {"everyone": True}]}).needs()
    assert needs.reaches == (frozenset() if reach is None else {reach})
    assert needs.ledger is ledger


def test_a_length_of_the_person_reads_all_orders() -> None:
    rule = read_rule({"did": "visited", "within": "1.5 x orders.usual_gap"})
    assert ("order_placed", WHOLE) in rule.needs().reaches
