"""Segments on attributes that the engine keeps: in a replay they turn at the exact instants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.simulation.shop import event, flow, play, segment, settings, shop, step

POINTS = """
[points]
earn   = [ { when = "order_placed", per_amount = 1, points = 1, pending = "14 days" } ]
expire = "30 days"
tiers  = [ { name = "silver", from = 100 }, { name = "gold", from = 250 } ]
"""
AT_ONCE = POINTS.replace('"14 days"', '"0 days"')


def order(at: str, number: int, total: Any = 60, name: str = "order_placed") -> dict[str, Any]:
    return event(at, name, id=f"{name}{number}", order_id=f"o{number}", total=total)


def turns(
    folder: Path, rules: dict[str, str], lines: list[dict[str, Any]], said: str = ""
) -> list[str]:
    segments = {name: segment(rule) for name, rule in rules.items()}
    return play(folder, shop({}, segments, settings(said)), lines).turns()


def test_figures_of_orders_turn_with_each_order(tmp_path: Path) -> None:
    rules = {
        "third": '{ customer = "orders.count", at_least = 3 }',
        "rich": '{ customer = "orders.total", at_least = 150.01 }',
        "often": '{ customer = "orders.usual_gap", at_most = 10 }',
        "large": '{ customer = "orders.average", more_than = 50 }',
        "fresh": '{ customer = "orders.last_at", within_last = "5 days" }',
    }
    lines = [
        order("2026-05-01T10:00:00", 1, "50.00"),
        order("2026-05-12T10:00:00", 2, 50),
        order("2026-05-21T10:00:00", 3, 50.01),
    ]
    assert turns(tmp_path, rules, lines) == [
        "05-01 10:00 joined fresh",
        "05-06 10:00 left fresh",
        "05-12 10:00 joined fresh",
        "05-17 10:00 left fresh",
        "05-21 10:00 joined fresh",
        "05-21 10:00 joined large",
        "05-21 10:00 joined often",
        "05-21 10:00 joined rich",
        "05-21 10:00 joined third",
        "05-26 10:00 left fresh",
    ]


def test_points_turn_rules_when_they_become_available_and_when_they_expire(tmp_path: Path) -> None:
    rules = {
        "spenders": '{ customer = "points.balance", at_least = 100 }',
        "silver": '{ customer = "points.tier", is = "silver" }',
        "losing": '{ customer = "points.next_expiry_at", within_next = "3 days" }',
        "losing_60": '{ customer = "points.expiring", is = 60 }',
    }
    lines = [order("2026-05-01T10:00:00", 1), order("2026-05-03T10:00:00", 2, 70)]
    assert turns(tmp_path, rules, lines, POINTS) == [
        "05-15 10:00 joined losing_60",
        "05-17 10:00 joined silver",
        "05-17 10:00 joined spenders",
        "06-11 10:00:00.000001 joined losing",
        "06-14 10:00 left losing_60",
        "06-14 10:00 left spenders",
        "06-16 10:00 left losing",
    ]


def test_points_that_are_available_at_once_count_at_once_and_a_cancellation_takes_them_back(
    tmp_path: Path,
) -> None:
    rules = {"spenders": '{ customer = "points.balance", at_least = 100 }'}
    lines = [
        order("2026-05-01T10:00:00", 1),
        order("2026-05-03T10:00:00", 2),
        order("2026-05-04T10:00:00", 2, name="order_cancelled"),
        order("2026-05-05T10:00:00", 3),
    ]
    assert turns(tmp_path, rules, lines, AT_ONCE) == [
        "05-03 10:00 joined spenders",
        "05-04 10:00 left spenders",
        "05-05 10:00 joined spenders",
        "05-31 10:00 left spenders",
    ]


def test_an_order_and_the_points_it_brings_at_once_are_seen_together(tmp_path: Path) -> None:
    poor = '{ all = [{ did = "order_placed" }, { customer = "points.balance", less_than = 100 }] }'
    lines = [order("2026-05-01T10:00:00", 1, 150)]
    assert turns(tmp_path, {"poor": poor}, lines, AT_ONCE) == ["05-31 10:00 joined poor"]


def test_points_that_expire_and_others_that_come_at_one_instant_leave_no_gap(
    tmp_path: Path,
) -> None:
    rules = {"spenders": '{ customer = "points.balance", at_least = 50 }'}
    lines = [order("2026-05-01T10:00:00", 1), order("2026-05-31T10:00:00", 2)]
    assert turns(tmp_path, rules, lines, AT_ONCE) == [
        "05-01 10:00 joined spenders",
        "06-30 10:00 left spenders",
    ]


def test_a_cancellation_of_pending_points_moves_the_turn_that_was_foreseen(tmp_path: Path) -> None:
    rules = {"spenders": '{ customer = "points.balance", at_least = 100 }'}
    lines = [
        order("2026-05-01T10:00:00", 1, 100),
        order("2026-05-02T10:00:00", 1, name="order_cancelled"),
        order("2026-05-03T10:00:00", 2, 100),
    ]
    assert turns(tmp_path, rules, lines, POINTS) == [
        "05-17 10:00 joined spenders",
        "06-16 10:00 left spenders",
    ]


OFFER = """
  [step.incentive]
  kind      = "percent_off"
  percent   = 10
  valid_for = "48 hours"
"""


def test_a_code_is_open_from_its_letter_until_it_expires(tmp_path: Path) -> None:
    campaigns = {"welcome": flow('when = "signed_up"', step(more=OFFER))}
    segments = {"holders": segment('{ customer = "incentives.open", at_least = 1 }')}
    played = play(tmp_path, shop(campaigns, segments), [event("2026-05-01T10:00:00", "signed_up")])
    assert played.turns() == ["05-01 10:00 joined holders", "05-03 10:00 left holders"]


def test_a_code_that_is_redeemed_is_open_no_more(tmp_path: Path) -> None:
    shared = OFFER.replace('"percent_off"', '"shared_code"\n  code      = "SUMMER"')
    campaigns = {"welcome": flow('when = "signed_up"', step(more=shared))}
    segments = {"holders": segment('{ customer = "incentives.open", at_least = 1 }')}
    lines = [
        event("2026-05-01T10:00:00", "signed_up"),
        event("2026-05-02T10:00:00", "incentive_redeemed", code="WINTER"),
        event("2026-05-02T12:00:00", "incentive_redeemed", code="SUMMER"),
    ]
    assert play(tmp_path, shop(campaigns, segments), lines).turns() == [
        "05-01 10:00 joined holders",
        "05-02 12:00 left holders",
    ]


def test_what_the_shop_sends_wins(tmp_path: Path) -> None:
    rules = {"third": segment('{ customer = "orders.count", at_least = 3 }')}
    people = [
        {"id": "c1", "at": "2026-04-01T00:00:00Z", "attributes": {"orders": {"count": 2}}},
        {"id": "c1", "at": "2026-05-02T00:00:00Z", "attributes": {"orders": {"count": 3}}},
        {"id": "c1", "at": "2026-05-04T00:00:00Z", "attributes": {"orders": None}},
    ]
    lines = [order(f"2026-04-0{day}T10:00:00", day) for day in (2, 3, 4)]
    lines.append(order("2026-05-01T10:00:00", 5))
    assert play(tmp_path, shop({}, rules), lines, people=people).turns() == [
        "05-02 00:00 joined third"
    ]


def test_flows_ask_for_points_too(tmp_path: Path) -> None:
    asks = step(more='only_if = { customer = "points.balance", at_least = 100 }')
    campaigns = {"thanks": flow('when = "visited"\nagain = "always"', asks)}
    lines = [
        order("2026-05-01T10:00:00", 1, 100),
        event("2026-05-15T09:59:59", "visited"),
        event("2026-05-15T10:00:00", "visited"),
        event("2026-06-14T10:00:00", "visited"),
    ]
    played = play(tmp_path, shop(campaigns, said=settings(POINTS)), lines)
    assert played.sent() == ["05-15 10:00 thanks/hello"]
