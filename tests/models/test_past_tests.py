"""What past tests teach: held against truths that are known, and against another estimate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lifecycle.models.past_tests import Prior, Sample, default_prior, learned_prior


def shop(tests: int, level: float, spread: float, letters: int, seed: int) -> list[list[Sample]]:
    """Past tests of a shop: each at a level of its own, with two or three variants around it."""
    dice = np.random.default_rng(seed)
    found = []
    for number in range(tests):
        own = level * math.exp(dice.normal(0, 0.3))
        rates = np.clip(dice.normal(own, spread * own, 2 + number % 2), 1e-4, 1)
        met = [float(dice.binomial(letters, rate)) for rate in rates]
        found.append([Sample(letters, one, one) for one in met])
    return found


@pytest.mark.parametrize("by", ["click_rate", "open_rate", "goal_rate", "revenue"])
def test_without_past_tests_the_defaults_hold(by: str) -> None:
    assert learned_prior(by, []) == default_prior(by)
    few = [[Sample(10, 1.0, 1.0), Sample(10, 0.0, 0.0)], [Sample(500, 0.0, 0.0)] * 2]
    assert learned_prior(by, few).tests == 0


def test_the_defaults_are_two_points_of_opens_and_a_fifth_of_a_point_of_clicks() -> None:
    opens, clicks = default_prior("open_rate"), default_prior("click_rate")
    assert [opens.mean, opens.spread] == pytest.approx([0.33, 0.02], abs=3e-4)
    assert [clicks.mean, clicks.spread] == pytest.approx([0.02, 0.002])


@pytest.mark.parametrize("spread", [0.025, 0.10, 0.40])
def test_many_tests_teach_the_shops_own_spread_and_level(spread: float) -> None:
    found = learned_prior("click_rate", shop(200, 0.03, spread, 20_000, 3))
    assert found.tests == 200
    assert found.spread / found.mean == pytest.approx(spread, rel=0.25)
    assert found.mean == pytest.approx(0.03, rel=0.1)


def test_few_tests_move_the_spread_little_and_more_move_it_more() -> None:
    wide = 0.40
    learned = [
        learned_prior("click_rate", shop(tests, 0.03, wide, 5_000, 5)) for tests in (1, 3, 10, 100)
    ]
    spreads = [one.spread / one.mean for one in learned]
    assert spreads == sorted(spreads)
    assert 0.05 < spreads[0] < 0.25 < spreads[-1]


def test_sampling_alone_is_not_taken_for_a_difference() -> None:
    """A/A tests of few letters scatter by a fifth of the rate, and teach that nothing differs."""
    tests = shop(100, 0.02, 0.0, 2_000, 8)
    raw = np.std(
        [
            one.mean / (sum(t.total for t in test) / sum(t.letters for t in test))
            for test in tests
            for one in test
        ]
    )
    found = learned_prior("click_rate", tests)
    assert raw > 0.1
    assert found.spread / found.mean < 0.05


def test_it_agrees_with_the_method_of_moments_where_there_are_many_tests() -> None:
    """DerSimonian and Laird's Q over all tests, each with its own level."""
    tests = shop(300, 0.05, 0.15, 4_000, 11)
    excess, weight = 0.0, 0.0
    for test in tests:
        level = sum(one.total for one in test) / sum(one.letters for one in test)
        weights = np.array([one.letters * level / (1 - level) for one in test])
        rates = np.array([one.mean / level for one in test])
        centre = (weights * rates).sum() / weights.sum()
        excess += (weights * (rates - centre) ** 2).sum() - (len(test) - 1)
        weight += weights.sum() - (weights**2).sum() / weights.sum()
    found = learned_prior("click_rate", tests)
    assert found.spread / found.mean == pytest.approx(math.sqrt(excess / weight), rel=0.1)


def test_revenue_teaches_its_scatter_in_money() -> None:
    dice = np.random.default_rng(2)
    tests = []
    for _ in range(20):
        sold = [dice.binomial(1, 0.02, 5_000) * dice.exponential(50, 5_000) for _ in range(2)]
        tests.append([Sample(5_000, one.sum(), (one**2).sum()) for one in sold])
    found = learned_prior("revenue", tests)
    assert found.in_money and not default_prior("revenue").in_money
    assert found.mean == pytest.approx(1.0, rel=0.1)
    assert found.noise == pytest.approx(math.sqrt(2 * 0.02 * 2_500 - 1), rel=0.1)


def test_a_prior_moves_to_another_level_with_its_share_of_it() -> None:
    learned = Prior("click_rate", 0.02, 0.002, 0.14, 5)
    moved = learned.at(0.10)
    assert [moved.mean, moved.spread, moved.tests] == pytest.approx([0.10, 0.01, 5])
    assert moved.noise == pytest.approx(math.sqrt(0.1 * 0.9))
    money = Prior("revenue", 2.0, 0.2, 20.0, 1).at(4.0)
    assert [money.spread, money.noise] == pytest.approx([0.4, 40.0])
