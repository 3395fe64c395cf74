"""Tests of variants over a long time: begun late, changed midway, decided when nobody enters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.insight.experiment import experiment_report
from lifecycle.insight.tested import StepReport
from tests.engine.changing import BEGIN, Changing, welcome
from tests.simulation.shop import broadcast, step

A_DAY = timedelta(days=1)
PEOPLE = 160
EVERYBODY = [f"c{one:03}" for one in range(PEOPLE)]
MONTH_ON = BEGIN + 30 * A_DAY


def variants(**shares: float) -> str:
    return "".join(
        f'[[step.variant]]\nname = "{name}"\nsubject = "{name.upper()}"\nshare = {share}\n'
        for name, share in shares.items()
    )


def written(
    winner: str, by: str = "click_rate", goal: str = "2 days", /, **shares: float
) -> dict[str, str]:
    """A flow of one letter; without shares it has no variants."""
    said = f'{variants(**shares)}[step.winner]\nby = "{by}"\n{winner}\n' if shares else ""
    ends = f'[goal]\nwhen = "order_placed"\nwithin = "{goal}"\nvalue = "total"\n'
    return {"f": welcome(step("hi", said), more='again = "always"\n' + ends)}


@pytest.fixture
def opened(database_url: str) -> Iterator[list[Any]]:
    made: list[Any] = [database_url]
    yield made
    for one in made[1:]:
        one.database.close()


def there(opened: list[Any], files: dict[str, str]) -> Changing:
    made = Changing(opened[0], files, people=PEOPLE)
    opened.append(made)
    return made


def all_enter(shop: Changing, at: datetime) -> None:
    """Everybody is let in, and has the letter within an hour."""
    for customer in EVERYBODY:
        shop.happens(at, "hi", customer)
    shop.until(at + timedelta(hours=1))


def clicks(shop: Changing, at: datetime, variant: str, many: int) -> None:
    readers = sorted({row.customer_id for row in shop.rows("message") if row.variant == variant})
    for customer in readers[:many]:
        shop.happens(at, "message_clicked", customer, campaign="f", step="hi")


def orders(shop: Changing, at: datetime, variant: str, many: int, total: int = 50) -> None:
    readers = sorted({row.customer_id for row in shop.rows("message") if row.variant == variant})
    for customer in readers[:many]:
        shop.happens(at, "order_placed", customer, total=total)


def verdict(shop: Changing, now: datetime) -> Any:
    shop.until(now)
    return next(iter(shop.rows("verdict")), None)


def report(shop: Changing, now: datetime) -> StepReport:
    campaign = shop.engine.parts.live.catalog.campaigns["f"]
    with shop.database.read() as connection:
        (found,) = experiment_report(connection, campaign, now)
    return found


def test_a_test_begins_with_its_own_first_letter_and_not_with_those_before_it(
    opened: list[Any],
) -> None:
    """The letter went for a month before it had variants: `within` and the week begin with them."""
    shop = there(opened, written(""))
    all_enter(shop, BEGIN)
    shop.until(MONTH_ON)
    shop.change(written('at_least = 50\nwithin = "21 days"', a=1, b=1), at=MONTH_ON)
    all_enter(shop, MONTH_ON)
    clicks(shop, MONTH_ON + timedelta(hours=2), "a", 5)
    clicks(shop, MONTH_ON + timedelta(hours=2), "b", 60)
    assert verdict(shop, MONTH_ON + 10 * A_DAY) is None
    told = report(shop, MONTH_ON + 10 * A_DAY)
    assert told.first_at == MONTH_ON
    assert told.decides_from == MONTH_ON + 10 * A_DAY
    assert told.ends_at == MONTH_ON + 21 * A_DAY
    assert told.series[0].ends > MONTH_ON
    found = verdict(shop, MONTH_ON + 11 * A_DAY)
    assert (found.variant, found.proven) == ("b", True)


@pytest.mark.parametrize(
    ("then", "kept_on_day"),
    [({"a": 1, "b": 1, "c": 1}, 11), ({"a": 1, "b": 1}, 7), ({"a": 1, "x": 5}, 7)],
)
def test_a_variant_that_comes_later_has_the_whole_time_and_one_that_goes_costs_none(
    opened: list[Any], then: dict[str, float], kept_on_day: int
) -> None:
    """Four days after the first letters the variants change; `within` is six days."""
    winner = 'at_least = 50\nwithin = "6 days"'
    before = {"a": 1.0, "b": 1.0} if "c" in then else {"a": 1.0, "b": 1.0, "x": 1.0}
    shop = there(opened, written(winner, **before))
    all_enter(shop, BEGIN)
    shop.change(written(winner, **then), at=BEGIN + 4 * A_DAY)
    all_enter(shop, BEGIN + 4 * A_DAY)
    assert verdict(shop, BEGIN + (kept_on_day - 1) * A_DAY) is None
    assert verdict(shop, BEGIN + kept_on_day * A_DAY) is not None


def test_a_variant_that_comes_later_is_compared_among_those_who_could_be_given_it(
    opened: list[Any],
) -> None:
    """In the month before nearly everybody clicked: that says nothing against the newcomer."""
    winner = "at_least = 20"
    shop = there(opened, written(winner, a=1, b=1))
    for customer in EVERYBODY[: PEOPLE // 2]:
        shop.happens(BEGIN, "hi", customer)
    shop.until(BEGIN + timedelta(hours=1))
    for variant in "ab":
        clicks(shop, BEGIN + timedelta(hours=2), variant, PEOPLE)
    shop.until(MONTH_ON)
    shop.change(written(winner, a=1, b=1, c=1), at=MONTH_ON)
    all_enter(shop, MONTH_ON)
    assert verdict(shop, MONTH_ON + 14 * A_DAY) is None
    told = report(shop, MONTH_ON + 14 * A_DAY)
    assert [one.rate for one in told.variants] == [0.0, 0.0, 0.0]
    assert sum(one.sent for one in told.series[-1].rates) == PEOPLE // 2


def test_a_variant_of_which_no_letter_went_is_not_kept(opened: list[Any]) -> None:
    shop = there(opened, written('within = "6 days"', a=0.0001, b=1))
    all_enter(shop, BEGIN)
    found = verdict(shop, BEGIN + 7 * A_DAY)
    assert (found.variant, found.proven) == ("b", False)


def test_a_bandit_of_which_one_variant_never_went_keeps_another(opened: list[Any]) -> None:
    shop = there(opened, written('policy = "bandit"\nwithin = "6 days"', a=0.0001, b=1))
    all_enter(shop, BEGIN)
    found = verdict(shop, BEGIN + 7 * A_DAY)
    assert (found.variant, found.proven) == ("b", False)


@pytest.mark.parametrize("many", [0, 20])
def test_a_broadcast_chooses_no_variant_of_which_no_letter_went(
    opened: list[Any], many: int
) -> None:
    said = variants(a=0.0001, b=1).replace("step.variant", "variant")
    winner = '[winner]\nby = "click_rate"\ntest_percent = 50\ndecide_after = "4 hours"\n'
    shop = there(opened, {"f": broadcast("2026-03-02T13:00:00Z", more=said + winner)})
    shop.until(BEGIN + timedelta(hours=2))
    readers = [row.customer_id for row in shop.rows("message")]
    for customer in readers[:many]:
        at = BEGIN + timedelta(hours=3)
        shop.happens(at, "message_clicked", customer, campaign="f", step="letter")
    found = verdict(shop, BEGIN + timedelta(hours=6))
    assert (found.variant, found.proven) == ("b", False)
    assert found.detail.endswith("the only one of which letters went, not proven")
    shop.until(BEGIN + 2 * A_DAY)
    assert {row.variant for row in shop.rows("message")} == {"b"}
    assert len(shop.rows("message")) == PEOPLE


@pytest.mark.parametrize(
    ("winner", "by", "goal", "day"),
    [
        ('at_least = [50, "40 days"]', "click_rate", "2 days", 41),
        ('at_least = 5000\nwithin = "40 days"', "click_rate", "2 days", 41),
        ('at_least = [50, "0 days"]', "goal_rate", "40 days", 41),
    ],
)
def test_a_test_is_decided_in_its_time_though_nobody_has_entered_for_long(
    opened: list[Any], winner: str, by: str, goal: str, day: int
) -> None:
    shop = there(opened, written(winner, by, goal, a=1, b=1))
    all_enter(shop, BEGIN)
    for variant, many in (("a", 5), ("b", 60)):
        clicks(shop, BEGIN + timedelta(hours=2), variant, many)
        orders(shop, BEGIN + timedelta(hours=3), variant, many)
    assert verdict(shop, BEGIN + (day - 1) * A_DAY) is None
    assert verdict(shop, BEGIN + day * A_DAY).variant == "b"


def test_where_no_letter_has_had_its_time_the_leader_of_all_is_kept(opened: list[Any]) -> None:
    shop = there(opened, written('within = "1 day"', a=1, b=1))
    all_enter(shop, BEGIN)
    clicks(shop, BEGIN + timedelta(hours=2), "a", 2)
    clicks(shop, BEGIN + timedelta(hours=2), "b", 9)
    found = verdict(shop, BEGIN + 2 * A_DAY)
    assert (found.variant, found.proven) == ("b", False)


def test_revenue_proves_nothing_before_the_shop_knows_what_a_large_order_is(
    opened: list[Any],
) -> None:
    """Some 70 orders: too few for a cap, however plain the lead is."""
    said = written('at_least = [50, "0 days"]', "revenue", a=1, b=1)
    shop = there(opened, said)
    all_enter(shop, BEGIN)
    orders(shop, BEGIN + timedelta(hours=3), "a", 5)
    orders(shop, BEGIN + timedelta(hours=3), "b", 65)
    assert verdict(shop, BEGIN + 5 * A_DAY) is None
    shop.change(written('at_least = [50, "0 days"]', "goal_rate", a=1, b=1), at=BEGIN + 5 * A_DAY)
    assert verdict(shop, BEGIN + 7 * A_DAY).variant == "b"
