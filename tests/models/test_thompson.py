"""The shares of a bandit: its probabilities of being best, floors, decay, and no dice."""

from __future__ import annotations

import math

import pytest

from lifecycle.models.past_tests import Prior, Sample
from lifecycle.models.thompson import FLOOR, HALF_LIFE, REMEMBERED, favours, shares

PRIOR = Prior("click_rate", 0.05, 0.005, math.sqrt(0.05 * 0.95), 0)


def day(*counts: tuple[int, int]) -> list[Sample]:
    return [Sample(letters, float(met), float(met)) for letters, met in counts]


def found(days: dict[int, list[Sample]]) -> tuple[float, ...]:
    given = shares(days, PRIOR)
    assert given is not None
    return given


def test_before_anybody_answers_there_is_nothing_to_go_by() -> None:
    assert shares({}, PRIOR) is None
    assert shares({0: day((50, 0), (50, 0))}, PRIOR) is None


def test_equal_variants_have_equal_shares() -> None:
    assert found({0: day((500, 25), (500, 25))}) == (0.5, 0.5)
    assert found({0: day(*[(500, 25)] * 4)}) == (0.25, 0.25, 0.25, 0.25)


@pytest.mark.parametrize("variants", [2, 3, 10])
def test_no_variant_falls_below_its_floor_and_all_is_given_out(variants: int) -> None:
    given = found({0: day((100_000, 9_000), *[(100_000, 3_000)] * (variants - 1))})
    assert min(given) == pytest.approx(FLOOR / variants, abs=1e-3)
    assert math.fsum(given) == pytest.approx(1, abs=1e-12)
    assert given[0] == max(given)


def test_more_letters_of_the_same_difference_move_more() -> None:
    leads = [
        found({0: day((size, size // 20), (size, size // 16))})[1] for size in (320, 3_200, 32_000)
    ]
    assert leads == sorted(leads) and leads[0] < 0.65 and leads[-1] > 0.9


def test_what_was_long_ago_counts_less() -> None:
    """b was better at first and is worse now: its novelty has worn off."""
    before, now = day((2_000, 90), (2_000, 150)), day((2_000, 100), (2_000, 80))
    fresh = found({0: now, 1: before})
    later = found({0: now, 3 * HALF_LIFE.days: before})
    assert later[1] < fresh[1] - 0.2
    assert found({0: now, REMEMBERED.days + 1: before}) == found({0: now})


def test_a_season_moves_no_share() -> None:
    """When b has most letters everybody clicks more: within each week both are alike."""
    quiet, busy = day((900, 18), (100, 2)), day((100, 10), (900, 90))
    assert found({0: busy, 14: quiet}) == (0.5, 0.5)


def test_the_probabilities_are_told_before_any_floor() -> None:
    days = {0: day((100_000, 9_000), (100_000, 3_000))}
    chances = favours(days, PRIOR)
    assert chances is not None and chances[0] > 0.9999
