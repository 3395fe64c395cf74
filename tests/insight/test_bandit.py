"""What a bandit's report says: corrected for shares that changed, and never a proof."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from lifecycle.core.campaign import Flow
from lifecycle.insight.bandit import Group, bandit_report, weigh
from lifecycle.store import allocation, operations
from tests.engine.test_bandits import bandit, day, draw
from tests.faults.running import Post, Running
from tests.simulation.shop import event, instant, person
from tests.store.prepared import with_tables


def group(share: float, letters: int, met: int) -> Group:
    return Group(share, letters, met, float(met), float(met))


def test_a_good_week_does_not_flatter_the_variant_that_had_most_letters_in_it() -> None:
    """Both came to 2 % in the one week and 8 % in the other."""
    a = weigh([group(0.9, 900, 18), group(0.1, 100, 8)], "click_rate")
    b = weigh([group(0.1, 100, 2), group(0.9, 900, 72)], "click_rate")
    assert a is not None and b is not None
    assert a.rate == pytest.approx(0.05) == b.rate
    assert a.size < 1_000
    assert a.low < 0.05 < a.high


def test_with_shares_that_never_changed_it_is_the_plain_rate() -> None:
    found = weigh([group(0.5, 600, 30), group(0.5, 400, 30)], "click_rate")
    assert found is not None
    assert [found.rate, found.size] == pytest.approx([0.06, 1_000])
    assert weigh([], "click_rate") is None


def test_intervals_hold_the_mean_of_the_days_when_shares_follow_the_season() -> None:
    dice, held = np.random.default_rng(5), 0
    rates, shares = (0.02, 0.04, 0.09), (0.8, 0.5, 0.1)
    for _ in range(300):
        sizes = [int(dice.binomial(1_000, share)) for share in shares]
        each = [
            group(share, size, int(dice.binomial(size, rate)))
            for share, size, rate in zip(shares, sizes, rates, strict=True)
        ]
        found = weigh(each, "click_rate")
        assert found is not None
        held += found.low <= 0.05 <= found.high
    assert held >= 0.95 * 300


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


@pytest.fixture
def running(database_url: str) -> Iterator[Running]:
    """Sixty readers by even shares, then shares that were changed, and sixty more."""
    found = Running(database_url, bandit(), Post())
    found.start(day(0, -1))
    early, late = ([f"{word}{n}" for n in range(60)] for word in "nm")
    found.say(*(person(name) for name in (*early, *late)), at=day(0, -1))
    found.hear(*(event(day(0), "a", name) for name in early))
    found.run(day(0))
    with found.database.write() as connection:
        shares = {"a": 0.2, "b": 0.8}
        allocation.put_in_force(connection, ("f", "hello", ""), shares, instant(day(1)))
    found.hear(*(event(day(1, 1), "a", name) for name in late))
    found.run(day(1, 1))
    fans = [name for name in early if draw(name) >= 0.5][:9]
    found.hear(*(event(day(1, 2), "message_clicked", n, campaign="f", step="hello") for n in fans))
    found.run(day(1, 3))
    yield found
    found.close()


def test_letters_are_weighed_by_the_share_their_reader_was_given_them_by(
    running: Running,
) -> None:
    flow = running.catalog.campaigns["f"]
    assert isinstance(flow, Flow)
    (place,) = flow.way.places.values()
    with running.database.read() as connection:
        early = bandit_report(connection, flow, place.step, instant(day(2)))
        found = bandit_report(connection, flow, place.step, instant(day(6)))
    assert early is not None and found is not None
    assert all(one.letters == 0 for one in early.variants)
    assert "as the file says" in early.sentence
    a, b = found.variants
    rows = [(row.customer_id[0], row.variant) for row in running.rows("message")]
    for one, (first, second) in ((a, (0.5, 0.2)), (b, (0.5, 0.8))):
        sizes = [rows.count((word, one.variant)) for word in "nm"]
        assert one.letters == sum(sizes)
        whole = sizes[0] / first + sizes[1] / second
        assert one.weighed is not None
        assert one.weighed.rate == pytest.approx(one.met / first / whole)
    assert (a.met, b.met) == (0, 9)
    assert found.favourite == "b" and "no proof" in found.sentence
    assert len(found.periods) == 1 and b.share == 0.8
    assert found.kept == ""


def test_letters_since_the_favourite_is_kept_were_given_out_by_no_share(running: Running) -> None:
    flow = running.catalog.campaigns["f"]
    assert isinstance(flow, Flow)
    (place,) = flow.way.places.values()
    with running.database.write() as connection:
        of, at = ("f", "hello", ""), instant(day(1))
        operations.give_verdict(connection, of, "b", proven=False, detail="kept", now=at)
        found = bandit_report(connection, flow, place.step, instant(day(6)))
    assert found is not None
    early = [row.variant for row in running.rows("message") if row.customer_id.startswith("n")]
    assert [one.letters for one in found.variants] == [early.count("a"), early.count("b")]
    assert (found.kept, found.kept_at) == ("b", instant(day(1)))
