"""Which variant is best, by a posterior that kept libraries and plain draws judge."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lifecycle.core.experiment import Earned, Measured, Score
from lifecycle.insight.posterior import probability_best, probability_better


@pytest.mark.parametrize(
    "counts", [[(400, 20), (400, 31)], [(50, 3), (900, 40), (300, 21)], [(10, 0), (10, 0)]]
)
def test_the_probability_of_the_best_rate_is_that_of_draws(counts: list[tuple[int, int]]) -> None:
    found = probability_best([Score(str(one), *count) for one, count in enumerate(counts)])
    dice = np.random.Generator(np.random.PCG64(3))
    drawn = np.array([dice.beta(1 + met, 1 + sent - met, 200_000) for sent, met in counts])
    assert found == pytest.approx(
        [(drawn.argmax(0) == one).mean() for one in range(len(counts))], abs=0.005
    )


def test_the_probability_of_the_better_mean_is_that_of_a_normal_difference() -> None:
    one = Earned("a", 1_000, 50, 2_000.0, 120_000.0)
    other = Earned("b", 800, 36, 1_500.0, 90_000.0)
    scatter = (one.variance / one.sent + other.variance / other.sent) ** 0.5
    expected = stats.norm.cdf((one.rate - other.rate) / scatter)
    assert probability_better(one, other) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "found",
    [[Score("a", 5, 1)], [Score("a", 5, 1), Score("b", 0, 0)], [Earned("a", 9, 0, 0, 0)] * 2],
)
def test_nothing_is_probable_of_variants_without_letters(found: list[Measured]) -> None:
    assert probability_best(found) is None


def test_readers_with_many_letters_leave_more_in_doubt() -> None:
    sure = probability_better(Score("a", 900, 90), Score("b", 900, 70))
    less = probability_better(Score("a", 900, 90, 4.0), Score("b", 900, 70, 4.0))
    assert sure is not None
    assert less is not None
    assert 0.5 < less < sure
