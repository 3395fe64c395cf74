"""Single huge orders decide nothing, wherever revenue does: bandits, broadcasts, the register."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lifecycle.core.campaign import Flow
from lifecycle.insight.bandit import BanditReport, bandit_report
from lifecycle.store import allocation, register
from tests.engine.changing import BEGIN, Changing
from tests.engine.test_edited_tests import (
    A_DAY,
    EVERYBODY,
    all_enter,
    clicks,
    orders,
    report,
    there,
    verdict,
    written,
)
from tests.engine.test_edited_tests import opened as opened
from tests.simulation.shop import broadcast

HUGE = 100_000
VARIANTS = '[[variant]]\nname = "a"\nsubject = "A"\n[[variant]]\nname = "b"\nsubject = "B"\n'
BANDIT = 'policy = "bandit"'


def usual(shop: Changing, many: int = 210) -> None:
    """Orders of 50 from before any letter: from 200 on the shop knows what a large one is."""
    for number in range(many):
        shop.happens(BEGIN - 2 * A_DAY, "order_placed", EVERYBODY[number % 7], total=50)


def begun(opened: list[Any], files: dict[str, str], many: int = 210) -> Changing:
    """A flow whose letters all went; of a's readers 60 order for 50, of b's one for 100,000."""
    shop = there(opened, files)
    usual(shop, many)
    all_enter(shop, BEGIN)
    orders(shop, BEGIN + timedelta(hours=3), "a", 60)
    orders(shop, BEGIN + timedelta(hours=3), "b", 1, HUGE)
    return shop


def shares(shop: Changing) -> dict[str, float]:
    with shop.database.read() as connection:
        return dict(allocation.in_force(connection).get(("f", "hi", ""), ()))


def told(shop: Changing, days: int) -> BanditReport:
    flow = shop.engine.parts.live.catalog.campaigns["f"]
    assert isinstance(flow, Flow)
    (place,) = flow.way.places.values()
    with shop.database.read() as connection:
        found = bandit_report(connection, flow, place.step, BEGIN + days * A_DAY)
    assert found is not None
    return found


def test_a_huge_order_does_not_steer_a_bandit(opened: list[Any]) -> None:
    shop = begun(opened, written(BANDIT, "revenue", a=1, b=1))
    before = told(shop, 3)
    shop.until(BEGIN + 4 * A_DAY)
    assert shares(shop)["a"] > 0.9
    (kept,) = shop.rows("experiment")
    assert kept.capped_at == "50"
    for found in (before, told(shop, 4)):
        a, b = found.variants
        assert found.favourite == "a" and (a.chance or 0) > 0.9
        assert b.weighed is not None and b.weighed.rate < 1


def test_the_cap_of_a_bandit_stays_whatever_is_ordered_later(opened: list[Any]) -> None:
    shop = begun(opened, written(BANDIT, "revenue", a=1, b=1))
    shop.until(BEGIN + 4 * A_DAY)
    for number in range(300):
        shop.happens(BEGIN + 4 * A_DAY, "order_placed", EVERYBODY[number % 7], total=9_000)
    all_enter(shop, BEGIN + 5 * A_DAY)
    shop.until(BEGIN + 9 * A_DAY)
    (kept,) = shop.rows("experiment")
    assert kept.capped_at == "50"


def test_until_large_orders_are_known_a_bandit_by_revenue_leaves_shares_alone(
    opened: list[Any],
) -> None:
    """With 61 orders, and then with 206."""
    shop = begun(opened, written(BANDIT, "revenue", a=1, b=1), many=0)
    shop.until(BEGIN + 4 * A_DAY)
    assert shares(shop) == {}
    (warned,) = report(shop, BEGIN + 4 * A_DAY).warnings
    assert "the shares stay as they are" in warned
    for number in range(145):
        shop.happens(BEGIN + 4 * A_DAY, "order_placed", EVERYBODY[number % 7], total=50)
    shop.until(BEGIN + 5 * A_DAY)
    assert shares(shop)["a"] > 0.9
    assert report(shop, BEGIN + 5 * A_DAY).warnings == ()


def sold(opened: list[Any], many: int) -> Changing:
    """A broadcast tested on all by revenue: 60 orders of 50 for a, one of 100,000 for b."""
    tail = (
        '[goal]\nwhen = "order_placed"\nwithin = "2 days"\nvalue = "total"\n'
        f'{VARIANTS}[winner]\nby = "revenue"\ntest_percent = 100\n'
        'decide_after = "1 day"\nat_least = 10\n'
    )
    shop = there(opened, {"f": broadcast("2026-03-02T13:00:00Z", more=tail)})
    usual(shop, many)
    shop.until(BEGIN + timedelta(hours=2))
    orders(shop, BEGIN + timedelta(hours=3), "a", 60)
    return shop


def test_a_huge_order_does_not_choose_for_a_broadcast(opened: list[Any]) -> None:
    shop = sold(opened, 210)
    orders(shop, BEGIN + timedelta(hours=3), "b", 1, HUGE)
    found = verdict(shop, BEGIN + 2 * A_DAY)
    assert (found.variant, bool(found.proven)) == ("a", True)


def test_a_choice_by_revenue_is_not_proven_while_large_orders_are_unknown(
    opened: list[Any],
) -> None:
    found = verdict(sold(opened, 0), BEGIN + 2 * A_DAY)
    assert (found.variant, bool(found.proven)) == ("a", False)
    assert "not proven" in found.detail


@pytest.mark.parametrize("winner", ['by = "revenue"', 'by = "click_rate"'])
def test_a_huge_order_does_not_teach_the_tests_to_come(opened: list[Any], winner: str) -> None:
    """Revenue is written down of each test, whatever it is decided by."""
    by = winner.split('"')[1]
    shop = begun(opened, written('at_least = [50, "0 days"]', by, a=1, b=1))
    clicks(shop, BEGIN + timedelta(hours=2), "a", 60)
    shop.until(BEGIN + 20 * A_DAY)
    with shop.database.read() as connection:
        rows = {
            one.variant: one for one in register.of_campaign(connection, "f") if one.by == "revenue"
        }
    assert (rows["a"].total, rows["b"].total) == (3_000, 50)
    assert rows["b"].squares == 2_500
