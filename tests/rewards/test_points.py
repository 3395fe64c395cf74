"""Points: earned exactly, taken back in proportion, the same whatever the order of events."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from lifecycle.core.event import Event
from lifecycle.core.settings import Settings
from lifecycle.rewards import ledger
from lifecycle.rewards.points import MAX_POINTS, earn, reversals
from tests.rewards.conftest import KEY, SETTINGS, Shop, day


def settings(**rule: Any) -> Settings:
    said = {**SETTINGS, "points": {"earn": [{"when": "order_placed", **rule}]}}
    return Settings.model_validate(said)


@pytest.mark.parametrize(
    ("rule", "properties", "points"),
    [
        ({"per_amount": 1}, {"total": 19.99}, [19]),
        ({"per_amount": 0.1, "points": 3}, {"total": 0.3}, [9]),
        ({"per_amount": 0.07}, {"total": "0.21"}, [3]),
        ({"per_amount": 5}, {"total": 4.99}, []),
        ({"per_amount": 1}, {"total": -50}, []),
        ({"per_amount": 1}, {"total": "free"}, []),
        ({"per_amount": 1}, {}, []),
        ({"per_amount": 1}, {"total": 10.0 * MAX_POINTS}, []),
        ({"per_amount": 1}, {"total": 1e300}, []),
        ({"points": 50}, {}, [50]),
    ],
)
def test_an_event_earns_exactly(
    rule: dict[str, Any], properties: dict[str, Any], points: list[int]
) -> None:
    event = Event(day(0), "o1", "order_placed", properties)
    earned = earn(settings(**rule), event, "c1")
    assert [one.points for one in earned] == points
    assert earn(settings(**rule), Event(day(0), "o1", "order_seen", properties), "c1") == []


@pytest.mark.parametrize(
    ("undoing", "left"),
    [
        ([("order_refunded", 30)], [70]),
        ([("order_refunded", 33.335), ("order_refunded", 33.335)], [66, 33]),
        ([("order_refunded", 80), ("order_refunded", 80)], [20, 0]),
        ([("order_cancelled", None), ("order_refunded", 10)], [0, 0]),
        ([("order_refunded", None)], [0]),
        ([("order_refunded", -10)], [100]),
        ([("order_refunded", 30), ("order_cancelled", None)], [70, 0]),
    ],
)
def test_undoing_takes_back_in_proportion_and_never_more_than_was_earned(
    undoing: list[tuple[str, Any]], left: list[int]
) -> None:
    order = Event(day(0), "o1", "order_placed", {"order_id": 1, "total": 100})
    entries = earn(settings(per_amount=1), order, "c1")
    events = [
        Event(day(number), f"u{number}", name, {"order_id": "1", "total": total})
        for number, (name, total) in enumerate(undoing, 1)
    ]
    back = [one.points for one in reversals(order, entries, events)]
    assert [100 + sum(back[: number + 1]) for number in range(len(back))] == left


def test_points_wait_for_their_moment_and_are_told_then(shop: Shop) -> None:
    shop.happens("c1", "order_placed", 0, "o1", order_id="1", total=120.5)
    shop.until(13.9)
    assert shop.balance("c1", 13.9) == (0, 0) and shop.told("points_earned") == []
    shop.until(14)
    assert shop.balance("c1", 14) == (120, 120)
    assert shop.told("points_earned") == [("c1", {"points": 120, "source": "order_placed"})]
    assert shop.told("tier_reached") == [("c1", {"tier": "silver", "points": 120})]
    assert [(one.at, one.name) for _, one in shop.happened][1:] == [
        (day(14), "points_earned"),
        (day(14), "tier_reached"),
    ]
    assert shop.balance("c1", 14 + 365)[0] == 0


def test_a_tier_is_reached_once(shop: Shop) -> None:
    for number, total in enumerate((150, 150, 10), 1):
        order = f"o{number}"
        shop.happens("c1", "order_placed", number, order, order_id=order, total=total)
    shop.happens("c1", "order_cancelled", 30, "x2", order_id="o2")
    shop.happens("c1", "order_placed", 40, "o9", order_id="o9", total=150)
    shop.until(99)
    assert [told["tier"] for _, told in shop.told("tier_reached")] == ["silver", "gold"]


def test_a_refund_while_points_wait_corrects_what_will_be_told(shop: Shop) -> None:
    shop.happens("c1", "order_placed", 0, "o1", order_id="1", total=100)
    shop.happens("c1", "order_placed", 0, "o2", order_id="2", total=100)
    shop.happens("c1", "order_refunded", 5, "r1", order_id="1", total=40)
    shop.happens("c1", "order_cancelled", 6, "r2", order_id="2")
    shop.until(13)
    assert shop.balance("c1", 13) == (0, 0)
    shop.until(20)
    assert [told["points"] for _, told in shop.told("points_earned")] == [60]
    assert shop.balance("c1", 20)[0] == 60
    assert shop.told("tier_reached") == []


def test_a_refund_after_the_points_were_told_takes_them_back(shop: Shop) -> None:
    shop.happens("c1", "order_placed", 0, "o1", order_id="1", total=100)
    shop.happens("c1", "order_refunded", 20, "r1", order_id="1", total=40)
    shop.until(19)
    assert shop.balance("c1", 19)[0] == 100
    shop.until(20)
    assert shop.balance("c1", 20)[0] == 60
    assert shop.balance("c1", 14 + 365)[0] == 0


EVENTS: list[tuple[str, float, str, dict[str, Any]]] = [
    ("order_placed", 0, "o1", {"order_id": "1", "total": 99.99}),
    ("order_refunded", 3, "r1", {"order_id": "1", "total": 33.33}),
    ("order_refunded", 20, "r2", {"order_id": 1, "total": 0.5}),
    ("order_cancelled", 30, "x1", {"order_id": "1"}),
]


def test_the_ledger_does_not_depend_on_the_order_or_repetition_of_events(
    shop: Shop,
) -> None:
    """Each order of arrival is a customer of its own; all ledgers must be equal."""
    orders = list(permutations(EVENTS))
    for number, order in enumerate(orders):
        for arrival, (name, at, id, properties) in enumerate(order):
            of = f"c{number:02}"
            shop.happens(of, name, at, id, known=40 + arrival, **properties)
            shop.happens(of, name, at, id, known=41 + arrival, **properties)
    shop.until(60)
    ledgers: dict[str, list[Any]] = {}
    for row in shop.rows("points_entry"):
        told = (row["at"], row["available_at"], row["expires_at"], row["points"])
        ledgers.setdefault(row["customer_id"], []).append(told)
    assert len(ledgers) == len(orders)
    first = sorted(ledgers["c00"])
    assert [told[-1] for told in first] == [99, -33, -1, -65]
    assert all(sorted(one) == first for one in ledgers.values())


def test_taking_the_same_events_in_again_changes_nothing(shop: Shop) -> None:
    shop.happens("c1", "order_placed", 0, "o1", order_id="1", total=120)
    shop.happens("c1", "order_refunded", 20, "r1", order_id="1", total=20)
    shop.until(30)
    before, events = shop.rows("points_entry"), shop.rows("event")
    with shop.database.write() as connection:
        again = ledger.take_in(connection, shop.settings, shop.happened, day(30), KEY)
    assert shop.rows("points_entry") == before
    assert {new.event.id for new in again} <= {row["event_id"] for row in events}


def test_a_shop_without_points_writes_none(shop: Shop) -> None:
    shop.settings = Settings.model_validate({**SETTINGS, "points": {}, "referral": None})
    assert ledger.names(shop.settings) == {"incentive_issued", "incentive_redeemed"}
    shop.happens("c1", "order_placed", 0, "o1", order_id="1", total=120)
    shop.until(30)
    assert shop.rows("points_entry") == [] and len(shop.rows("event")) == 1
