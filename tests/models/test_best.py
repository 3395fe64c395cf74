"""Which variant is best: held against plain regression, integration and known figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from lifecycle.models.best import Effects, effects, expected_best, probability_best


@pytest.mark.parametrize(
    ("variants", "known"),
    [(1, 0.0), (2, 1 / math.sqrt(math.pi)), (3, 1.5 / math.sqrt(math.pi)), (10, 1.5387527)],
)
def test_the_expected_largest_of_standard_normals(variants: int, known: float) -> None:
    assert expected_best(variants) == pytest.approx(known, abs=1e-6)


def test_probabilities_are_those_of_integrating_over_all_truths() -> None:
    known = Effects(np.array([0.3, 0.1, 0.0, 0.25]), np.array([0.04, 0.01, 0.09, 0.2]))
    for one in range(4):

        def density(x: float, one: int = one) -> float:
            found = norm.pdf(x, known.means[one], math.sqrt(known.variances[one]))
            for other in set(range(4)) - {one}:
                found *= norm.cdf(x, known.means[other], math.sqrt(known.variances[other]))
            return float(found)

        expected = quad(density, -5, 5, limit=200)[0]
        assert probability_best(known)[one] == pytest.approx(expected, abs=1e-6)


def test_effects_within_weeks_are_those_of_regression_with_a_level_for_each_week() -> None:
    """The posterior mode is ridge regression; its covariance gives each pair's variance."""
    letters = np.array([[500.0, 300.0, 200.0], [50.0, 900.0, 40.0], [0.0, 0.0, 0.0]])
    sums = np.array([[30.0, 21.0, 9.0], [2.0, 45.0, 3.0], [0.0, 0.0, 0.0]])
    noise, spread = 0.22, 0.01
    rows = [(week, variant) for week in range(2) for variant in range(3)]
    design = np.array(
        [
            [*(week == w for w in range(2)), *(variant == v for v in range(3))]
            for week, variant in rows
        ],
        dtype=float,
    )
    weights = np.array([letters[row] for row in rows]) / noise**2
    answers = np.array([sums[row] / letters[row] for row in rows])
    penalty = np.diag([0, 0, *[1 / spread**2] * 3])
    covariance = np.linalg.inv(design.T @ (weights[:, None] * design) + penalty)
    solution = covariance @ (design.T @ (weights * answers))
    found = effects(letters, sums, noise, spread)
    assert found.means == pytest.approx(solution[2:], abs=1e-12)
    for i in range(3):
        for j in range(i):
            pair = (
                covariance[2 + i, 2 + i] + covariance[2 + j, 2 + j] - 2 * covariance[2 + i, 2 + j]
            )
            assert found.variances[i] + found.variances[j] == pytest.approx(pair)


def test_of_five_variants_probabilities_are_near_those_of_the_full_covariance() -> None:
    letters = np.array([[400.0, 200.0, 50.0, 900.0, 100.0], [20.0, 300.0, 700.0, 100.0, 100.0]])
    sums = letters * np.array([0.05, 0.06, 0.055, 0.052, 0.048])
    noise, spread = 0.22, 0.02
    shared = sum(np.outer(one, one) / one.sum() for one in letters)
    precision = np.eye(5) / spread**2 + (np.diag(letters.sum(axis=0)) - shared) / noise**2
    covariance = np.linalg.inv(precision)
    found = effects(letters, sums, noise, spread)
    draws = multivariate_normal.rvs(found.means, covariance, size=200_000, random_state=7)
    counted = np.bincount(draws.argmax(axis=1), minlength=5) / len(draws)
    assert probability_best(found) == pytest.approx(counted, abs=0.01)


def test_a_season_that_raises_all_rates_favours_nobody() -> None:
    """All of b's letters went in the better week: rates over both weeks would call it better."""
    letters = np.array([[1_000.0, 100.0], [100.0, 1_000.0]])
    sums = letters * np.array([[0.02], [0.08]])
    found = probability_best(effects(letters, sums, 0.2, 0.01))
    assert found == pytest.approx([0.5, 0.5])
