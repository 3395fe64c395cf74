"""Evergreen steps: when a winner is named, why, and what is never moved by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from lifecycle.core.event import Event
from lifecycle.insight.experiment import experiment_report
from lifecycle.insight.sample_ratios import ratio_alarms
from lifecycle.insight.tested import StepReport
from lifecycle.insight.why import decisions
from lifecycle.store import events
from lifecycle.store.events import NewEvent
from lifecycle.store.tables import METADATA
from tests.engine.changing import BEGIN, Changing, welcome
from tests.simulation.shop import step

A_DAY = timedelta(days=1)
PEOPLE = 160
EVERYBODY = [f"c{one:03}" for one in range(PEOPLE)]
LETTER = {"campaign": "f", "step": "hi"}
GOAL = '[goal]\nwhen = "order_placed"\nwithin = "2 days"\nvalue = "total"\n'


def written(winner: str, shares: tuple[float, float] = (1, 1)) -> str:
    """A flow of one letter with two variants."""
    variants = "".join(
        f'[[step.variant]]\nname = "{name}"\nsubject = "{name.upper()}"\nshare = {share}\n'
        for name, share in zip("ab", shares, strict=True)
    )
    said = f"[step.winner]\n{winner}\n" if winner else ""
    return welcome(step("hi", variants + said), more='again = "always"\n' + GOAL)


@pytest.fixture
def on_sqlite(sqlite_url: str) -> Iterator[list[Any]]:
    made: list[Any] = [sqlite_url]
    yield made
    for one in made[1:]:
        one.database.close()


@pytest.fixture
def opened(database_url: str) -> Iterator[list[Any]]:
    made: list[Any] = [database_url]
    yield made
    for one in made[1:]:
        one.database.close()


def there(opened: list[Any], winner: str, shares: tuple[float, float] = (1, 1)) -> Changing:
    """A shop whose flow has just written to everybody."""
    made = Changing(opened[0], {"f": written(winner, shares)}, people=PEOPLE)
    opened.append(made)
    all_do(made, BEGIN, "hi", EVERYBODY)
    made.until(BEGIN + timedelta(hours=1))
    return made


def all_do(shop: Changing, at: datetime, name: str, customers: Iterable[str], **said: Any) -> None:
    """The same happens to many, in one transaction."""
    found = []
    for customer in customers:
        shop.number += 1
        found.append(NewEvent(customer, Event(at, f"e{shop.number}", name, said), at))
    with shop.database.write() as connection:
        events.append(connection, found)


def saw(shop: Changing) -> dict[str, list[str]]:
    """Who saw which variant, by variant."""
    found: dict[str, list[str]] = {"a": [], "b": []}
    for row in sorted(shop.rows("message"), key=lambda row: (row.planned_at, row.customer_id)):
        found[row.variant].append(row.customer_id)
    return found


def answer(shop: Changing, after: timedelta, many: tuple[int, int]) -> None:
    """So many of each variant's readers click, so long after the letters."""
    for variant, count in zip("ab", many, strict=True):
        all_do(shop, BEGIN + after, "message_clicked", saw(shop)[variant][:count], **LETTER)
    shop.until(BEGIN + after)


def verdict(shop: Changing, now: datetime) -> Any:
    """The verdict by an instant, None while there is none."""
    shop.until(now)
    return next(iter(shop.rows("verdict")), None)


def report(shop: Changing, now: datetime) -> StepReport:
    shop.until(now)
    flow = shop.engine.parts.live.catalog.campaigns["f"]
    with shop.database.read() as connection:
        (found,) = experiment_report(connection, flow, now, currency="EUR")
    return found


def test_a_week_of_letters_with_their_time_is_waited_for(opened: list[Any]) -> None:
    shop = there(opened, 'by = "click_rate"\nat_least = 50')
    answer(shop, timedelta(hours=2), (8, 50))
    assert verdict(shop, BEGIN + 10 * A_DAY) is None
    early = report(shop, BEGIN + 10 * A_DAY)
    assert early.decides_from == BEGIN + 10 * A_DAY + timedelta(seconds=0)
    found = verdict(shop, BEGIN + 11 * A_DAY)
    assert (found.variant, found.proven) == ("b", True)
    assert found.detail.startswith("“b” is ahead of “a” by ")
    assert found.detail.endswith("that is proven at 95 %.")


@pytest.mark.parametrize(
    ("least", "days"), [('"0 days"', 4), ('"5 days"', 6), ('[50, "14 days"]', 15), ("500", None)]
)
def test_a_winner_takes_as_long_as_it_says(
    on_sqlite: list[Any], least: str, days: int | None
) -> None:
    shop = there(on_sqlite, f'by = "click_rate"\nat_least = {least}')
    if least.startswith('"'):
        more = f'by = "click_rate"\nat_least = [50, {least}]'
        shop.change({"f": written(more)}, at=BEGIN + timedelta(hours=1))
    answer(shop, timedelta(hours=2), (8, 50))
    if days is not None:
        assert verdict(shop, BEGIN + (days - 1) * A_DAY) is None
    found = verdict(shop, BEGIN + (days or 28) * A_DAY)
    assert (found is not None) == (days is not None)


@pytest.mark.parametrize(("clicks", "kept"), [((8, 12), "b"), ((0, 0), "a"), ((60, 8), "a")])
def test_at_the_end_the_leader_is_kept_and_it_is_said_whether_that_is_proven(
    on_sqlite: list[Any], clicks: tuple[int, int], kept: str
) -> None:
    shop = there(on_sqlite, 'by = "click_rate"\nat_least = 50\nwithin = "6 days"')
    answer(shop, timedelta(hours=2), clicks)
    assert verdict(shop, BEGIN + 6 * A_DAY) is None
    found = verdict(shop, BEGIN + 7 * A_DAY)
    assert (found.variant, found.proven) == (kept, False)
    assert found.detail.startswith(f"“{kept}” is kept, since 6 days are over, and not proven")
    assert found.detail in report(shop, BEGIN + 7 * A_DAY).sentence


def test_why_says_that_a_variant_had_won(on_sqlite: list[Any]) -> None:
    shop = there(on_sqlite, 'by = "click_rate"\nat_least = [50, "0 days"]')
    fan = saw(shop)["b"][0]
    answer(shop, timedelta(hours=2), (8, 60))
    assert verdict(shop, BEGIN + 5 * A_DAY).variant == "b"
    shop.happens(BEGIN + 6 * A_DAY, "hi", fan)
    shop.until(BEGIN + 7 * A_DAY)
    with shop.database.read() as connection:
        told = [one.sentence(ZoneInfo("UTC")) for one in decisions(connection, fan)]
    sent = [one for one in told if "was sent" in one]
    assert sent == [
        "the letter “hi” (b) was sent",
        "the letter “hi” (b, the winner since 2026-03-06, proven) was sent",
    ]


def test_clicks_after_three_days_do_not_count(on_sqlite: list[Any]) -> None:
    shop = there(on_sqlite, 'by = "click_rate"\nat_least = [50, "0 days"]')
    answer(shop, 4 * A_DAY, (8, 60))
    assert verdict(shop, BEGIN + 20 * A_DAY) is None
    assert [one.share.met for one in report(shop, BEGIN + 20 * A_DAY).variants] == [0, 0]
    assert [one.clicked for one in report(shop, BEGIN + 20 * A_DAY).variants] == [8, 60]


def test_who_has_seen_a_variant_keeps_it_when_there_is_a_winner(opened: list[Any]) -> None:
    shop = there(opened, 'by = "click_rate"\nat_least = [50, "0 days"]')
    before = saw(shop)
    answer(shop, timedelta(hours=2), (8, 60))
    assert verdict(shop, BEGIN + 5 * A_DAY).variant == "b"
    all_do(shop, BEGIN + 6 * A_DAY, "hi", EVERYBODY)
    shop.until(BEGIN + 7 * A_DAY)
    assert saw(shop) == {name: who + who for name, who in before.items()}


def test_who_has_seen_a_variant_keeps_it_when_shares_change(opened: list[Any]) -> None:
    winner = 'by = "click_rate"'
    shop = there(opened, winner)
    before = saw(shop)
    shop.change({"f": written(winner, (1, 99))}, at=BEGIN + A_DAY)
    all_do(shop, BEGIN + 2 * A_DAY, "hi", EVERYBODY)
    shop.until(BEGIN + 3 * A_DAY)
    assert saw(shop) == {name: who + who for name, who in before.items()}
    found = report(shop, BEGIN + 3 * A_DAY).ratio
    assert found is not None
    assert (found.counted, found.wrong) == (tuple(len(one) for one in before.values()), False)


def lost(shop: Changing, many: int) -> None:
    """Something keeps readers from one variant: their messages bear the other's name."""
    message = METADATA.tables["message"]
    with shop.database.write() as connection:
        for customer in saw(shop)["a"][:many]:
            mine = message.c.customer_id == customer
            connection.execute(update(message).where(mine).values(variant="b"))


def test_variants_given_out_otherwise_than_said_raise_an_alarm_once_and_stop_the_verdict(
    opened: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    shop = there(opened, 'by = "click_rate"\nat_least = [10, "0 days"]\nwithin = "9 days"')
    lost(shop, 45)
    answer(shop, timedelta(hours=2), (3, 110))
    with caplog.at_level("WARNING", "lifecycle"):
        assert verdict(shop, BEGIN + 12 * A_DAY) is None
    alarms = [one for one in caplog.records if one.getMessage() == "sample_ratio_wrong"]
    assert len(alarms) == 1
    with shop.database.read() as connection:
        assert [place for place, _ in ratio_alarms(connection)] == [("f", "hi", "")]
    found = report(shop, BEGIN + 12 * A_DAY)
    assert found.ratio is not None
    assert found.ratio.wrong
    assert not found.proven
    assert found.sentence.startswith("No verdict: variants were not given out as their shares say")


def test_orders_count_once_up_to_a_cap_and_less_what_was_refunded(opened: list[Any]) -> None:
    shop = there(opened, 'by = "revenue"\nat_least = [50, "0 days"]')
    a, b = saw(shop)["a"], saw(shop)["b"]
    for number, (customer, total) in enumerate(
        [*((one, 40) for one in a[:30]), *((one, 90) for one in b[:50]), (a[40], 90_000)]
    ):
        said = {"order_id": f"o{number}", "total": total}
        shop.happens(BEGIN + timedelta(hours=5), "order_placed", customer, **said)
    shop.happens(BEGIN + timedelta(hours=9), "order_refunded", a[0], order_id="o0", total=10)
    shop.happens(BEGIN + 6 * A_DAY, "order_cancelled", b[0], order_id="o30")
    found = report(shop, BEGIN + 8 * A_DAY)
    assert [one.revenue for one in found.variants] == [40 * 30 - 10 + 90_000, 90 * 49]
    assert [one.goals for one in found.variants] == [31, 50]
    assert (found.capped_at, found.proven) == (None, False), "81 orders say nothing of large ones"
    assert found.warnings[0].startswith("The shop has had too few orders")


def test_orders_of_letters_planned_after_the_verdict_are_no_part_of_the_test(
    opened: list[Any],
) -> None:
    shop = there(opened, 'by = "revenue"\nat_least = [50, "0 days"]\nwithin = "5 days"')
    readers = saw(shop)
    for customer in [*readers["a"][:20], *readers["b"][:40]]:
        shop.happens(BEGIN + timedelta(hours=5), "order_placed", customer, total=50)
    assert verdict(shop, BEGIN + 6 * A_DAY).variant == "b"
    then = report(shop, BEGIN + 6 * A_DAY)
    all_do(shop, BEGIN + 7 * A_DAY, "hi", EVERYBODY)
    shop.until(BEGIN + 7 * A_DAY + timedelta(hours=1))
    for customer in readers["a"]:
        shop.happens(BEGIN + 7 * A_DAY + timedelta(hours=5), "order_placed", customer, total=500)
    later = report(shop, BEGIN + 12 * A_DAY)
    means = [50 * many / len(readers[name]) for name, many in (("a", 20), ("b", 40))]
    assert [one.mean for one in then.variants] == means
    assert [one.mean for one in later.variants] == means
    assert later.series[-1].rates == then.series[-1].rates
    assert later.verdict_at is not None
    assert later.series[-1].ends == later.verdict_at + 2 * A_DAY, "then all had had their time"
    assert later.variants[0].revenue == 50 * 20 + 500 * len(readers["a"])


def test_the_cap_is_learned_before_the_test_and_stays(opened: list[Any]) -> None:
    text = written('by = "revenue"\nat_least = [50, "0 days"]')
    made = Changing(opened[0], {"f": text}, people=PEOPLE)
    opened.append(made)
    for number in range(400):
        made.happens(BEGIN - 9 * A_DAY, "order_placed", f"c{number % PEOPLE:03}", total=number + 1)
    all_do(made, BEGIN, "hi", EVERYBODY)
    made.until(BEGIN + timedelta(hours=1))
    for number, customer in enumerate([*saw(made)["a"][:40], *saw(made)["b"][:60]]):
        made.happens(BEGIN + timedelta(hours=2), "order_placed", customer, total=5_000 + number)
    found = report(made, BEGIN + 3 * A_DAY)
    assert found.capped_at == 398
    rates = [one.mean for one in found.variants]
    sides = [len(saw(made)[name]) for name in "ab"]
    assert rates == [398 * 40 / sides[0], 398 * 60 / sides[1]]
    assert [row.capped_at for row in made.rows("experiment")] == ["398"]


def test_four_letters_to_one_reader_prove_no_more_than_one_does(opened: list[Any]) -> None:
    """Whoever clicks does so in all four: the rates are the same, and the interval as wide."""
    shop = there(opened, 'by = "click_rate"\nat_least = [50, "0 days"]')
    once = {name: list(who) for name, who in saw(shop).items()}
    fans = [*once["a"][:12], *once["b"][:26]]
    for again in range(4):
        at = BEGIN + again * A_DAY
        if again:
            all_do(shop, at, "hi", EVERYBODY)
        shop.until(at + timedelta(hours=1))
        all_do(shop, at + timedelta(hours=2), "message_clicked", fans, **LETTER)
        shop.until(at + timedelta(hours=3))
        if not again:
            first = report(shop, at + timedelta(hours=3))
    single, four = (
        report(shop, BEGIN + 3 * A_DAY + timedelta(hours=1)),
        report(shop, BEGIN + 8 * A_DAY),
    )
    assert [one.share.of for one in first.variants] == [0, 0]
    assert [one.share.of for one in four.variants] == [4 * one.share.of for one in single.variants]
    assert [one.rate for one in four.variants] == [one.rate for one in single.variants]
    wide, narrow = single.comparisons[0], four.comparisons[0]
    assert wide.low is not None
    assert narrow.low == pytest.approx(wide.low, abs=0.01)


def test_the_days_of_a_test_end_with_what_is_known_now(opened: list[Any]) -> None:
    shop = there(opened, 'by = "click_rate"\nat_least = [50, "0 days"]')
    answer(shop, timedelta(hours=2), (8, 30))
    now = BEGIN + 5 * A_DAY + timedelta(hours=1)
    found = report(shop, now)
    assert [one.ends.date().isoformat()[5:] for one in found.series] == [
        "03-03",
        "03-04",
        "03-05",
        "03-06",
        "03-07",
        "03-07",
    ]
    assert found.series[-1].ends == now
    known = [[one.sent for one in day.rates] for day in found.series]
    sides = [len(one) for one in saw(shop).values()]
    assert known == [[0, 0]] * 3 + [sides] * 3
    last = found.series[-1]
    assert [(one.rate, one.low, one.high) for one in last.rates] == [
        (one.rate, one.low, one.high) for one in found.variants
    ]
    (compared,) = found.comparisons
    (difference,) = last.differences
    assert (difference.low, difference.high) == (compared.low, compared.high)
