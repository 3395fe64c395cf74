"""How large a test is made and what it chooses: published figures, trying all, and integrals."""

from __future__ import annotations

import math
from itertools import product

import pytest
from scipy.integrate import quad
from scipy.stats import norm
from statsmodels.stats.power import NormalIndPower

from lifecycle.models.past_tests import Prior, Sample, default_prior
from lifecycle.models.test_and_roll import (
    choose,
    detectable,
    gain,
    letters_a_variant,
    letters_to_detect,
    share_to_test,
)


def prior(rate: float, spread: float) -> Prior:
    return Prior("click_rate", rate, spread, math.sqrt(rate * (1 - rate)), 0)


def clicks(letters: int, met: int) -> Sample:
    return Sample(letters, float(met), float(met))


@pytest.mark.parametrize(
    ("readers", "known", "letters"),
    [
        (100_000, prior(0.68, 0.03), 2_284),  # A page of a shop, from the paper.
        (5_000, prior(0.25, 0.02), 491),
        (20_000, prior(0.02, 0.002), 2_490),
        (100_000, prior(0.40, 0.02), 3_449),
    ],
)
def test_published_sizes(readers: int, known: Prior, letters: int) -> None:
    assert round(letters_a_variant(readers, 2, known)) == letters


SETTINGS = list(product([2_000, 20_000, 200_000], [(0.25, 0.02), (0.02, 0.002), (0.01, 0.0025)]))


@pytest.mark.parametrize("variants", [2, 3, 7])
@pytest.mark.parametrize(("readers", "letter"), SETTINGS)
def test_no_other_size_gains_more(readers: int, letter: tuple[float, float], variants: int) -> None:
    known = prior(*letter)
    sizes = range(1, readers // variants, 1 + readers // 20_000)
    best = max(sizes, key=lambda size: gain(readers, variants, size, known).expected)
    assert letters_a_variant(readers, variants, known) == pytest.approx(best, abs=sizes.step)


@pytest.mark.parametrize("letters", [100, 2_000])
def test_the_gain_of_two_is_what_integrating_over_truths_comes_to(letters: int) -> None:
    """The difference of two truths, times the chance that the better one wins the test."""
    known, readers = prior(0.05, 0.005), 10_000
    truth, seen = math.sqrt(2) * known.spread, known.noise * math.sqrt(2 / letters)

    def won(difference: float) -> float:
        rolled = difference * (norm.cdf(difference / seen) - 0.5)
        return float(rolled * norm.pdf(difference, scale=truth))

    expected = (readers - 2 * letters) * quad(won, -8 * truth, 8 * truth)[0]
    found = gain(readers, 2, letters, known)
    assert found.expected == pytest.approx(expected, rel=1e-6)
    assert found.perfect == pytest.approx(readers * truth / math.sqrt(2 * math.pi), rel=1e-6)


def test_of_few_readers_all_try_and_of_many_a_small_share() -> None:
    known = default_prior("click_rate")
    assert share_to_test(2, 2, known) == 100.0
    assert 30 < share_to_test(1_000, 2, known) < 34
    assert share_to_test(1_000_000, 2, known) < 10
    assert share_to_test(0, 2, known) == 100.0


def test_a_shop_whose_variants_differ_more_tests_fewer_readers() -> None:
    shares = [share_to_test(20_000, 2, prior(0.02, spread)) for spread in (5e-4, 2e-3, 8e-3)]
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("confidence", [90, 95, 99])
@pytest.mark.parametrize("letters", [500, 20_000])
def test_the_detectable_difference_is_that_of_a_kept_library(
    letters: int, confidence: float
) -> None:
    known = prior(0.02, 0.002)
    found = detectable(letters, 2, confidence, known)
    judge = NormalIndPower().solve_power(
        nobs1=letters, alpha=1 - confidence / 100, power=0.8, alternative="two-sided"
    )
    assert found / known.noise == pytest.approx(judge, rel=1e-3)
    assert letters_to_detect(found, 2, confidence, known) == pytest.approx(letters)


def test_more_variants_need_a_larger_difference() -> None:
    known = prior(0.02, 0.002)
    assert detectable(1_000, 3, 95, known) > detectable(1_000, 2, 95, known)
    assert detectable(0, 2, 95, known) == math.inf


def test_the_higher_posterior_mean_is_chosen_not_the_higher_rate() -> None:
    """Nine in a hundred of a handful of letters is luck; six in a hundred of thousands is not."""
    known = prior(0.05, 0.005)
    samples = [clicks(5_000, 250), clicks(5_000, 300), clicks(11, 1)]
    found = choose(samples, known)
    assert found is not None
    assert found.place == 1
    assert 0.5 < found.sure < 0.999
    assert sum(found.chances) == pytest.approx(1)
    assert abs(found.means[2] - found.means[0]) < 0.005


def test_more_letters_make_a_choice_surer() -> None:
    known = prior(0.05, 0.005)
    sure = [
        found.sure
        for size in (1, 10, 100)
        if (found := choose([clicks(500 * size, 25 * size), clicks(500 * size, 28 * size)], known))
    ]
    assert sure == sorted(sure) and sure[0] < 0.6 and sure[-1] > 0.95


def test_nothing_is_chosen_where_nobody_answered_and_the_first_of_equals() -> None:
    known = prior(0.05, 0.005)
    assert choose([clicks(500, 0), clicks(500, 0)], known) is None
    assert choose([clicks(0, 0), clicks(0, 0)], known) is None
    equal = choose([clicks(500, 20), clicks(500, 20)], known)
    assert equal is not None and equal.place == 0
    assert equal.sure == pytest.approx(0.5)
    everybody = choose([clicks(50, 50), clicks(50, 50)], known)
    assert everybody is not None and everybody.place == 0


def test_revenue_is_chosen_by_means_with_the_scatter_of_amounts() -> None:
    known = default_prior("revenue")
    dear = Sample(1_000, 600.0, 60_000.0)
    cheap = Sample(1_000, 400.0, 16_000.0)
    found = choose([cheap, dear], known)
    assert found is not None and found.place == 1 and 0.5 < found.sure < 0.9
