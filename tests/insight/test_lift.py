"""The interval of a lift, by judges that share no code with it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from lifecycle.insight.lift import compare, multiplier
from lifecycle.insight.ratio import sample_ratio
from lifecycle.models.cuped import Cell, theta, variance_of_mean

Floats = NDArray[np.float64]


def share(met: int, of: int) -> Cell:
    return Cell(of, met, met, met)


def cell(y: Floats, x: Floats) -> Cell:
    sums = (y.sum(), (y * y).sum(), x.sum(), (x * x).sum(), (x * y).sum())
    return Cell(float(len(y)), float((y > 0).sum()), *map(float, sums))


def two_sides(count: int, out: int, seed: int = 7) -> tuple[Cell, Cell, list[Floats]]:
    dice = np.random.Generator(np.random.PCG64(seed))
    x = dice.gamma(0.5, 40, count)
    let_in = np.arange(count) >= out
    y = np.maximum(0, 0.6 * x + dice.normal(3 + let_in, 15, count))
    return cell(y[let_in], x[let_in]), cell(y[~let_in], x[~let_in]), [y, x, let_in.astype(float)]


@pytest.mark.parametrize(
    ("met", "of", "out_met", "out_of"), [(41, 1000, 32, 1000), (3, 180, 0, 20), (0, 50, 5, 500)]
)
def test_of_shares_it_is_newcombes_at_its_own_number_of_standard_errors(
    met: int, of: int, out_met: int, out_of: int
) -> None:
    from scipy.stats import norm
    from statsmodels.stats.proportion import confint_proportions_2indep

    found = compare([(share(met, of), share(out_met, out_of))])
    assert found is not None
    z = multiplier(of * out_of / (of + out_of))
    ends = confint_proportions_2indep(
        *(met, of, out_met, out_of), method="newcomb", alpha=2 * norm.sf(z)
    )
    assert (found.low, found.high) == pytest.approx(tuple(map(float, ends)))
    assert found.difference == pytest.approx(met / of - out_met / out_of)


def test_it_is_wider_than_one_look_needs_and_sharpest_at_a_few_hundred() -> None:
    assert min(map(multiplier, (1, 10, 100, 1_000, 100_000))) > 3
    assert multiplier(250) < multiplier(20) < multiplier(2)
    assert multiplier(250) < multiplier(100_000) < 4


def test_what_was_before_is_taken_out_as_an_analysis_of_covariance_does() -> None:
    import statsmodels.api as sm

    let_in, out, (y, x, side) = two_sides(4_000, 400)
    fitted = sm.OLS(y, sm.add_constant(np.column_stack([side, x]))).fit(cov_type="HC2")
    found = compare([(let_in, out)], float(y.max()))
    assert found is not None
    assert found.difference == pytest.approx(fitted.params[1])
    assert theta([let_in, out]) == pytest.approx(fitted.params[2])
    slope = theta([let_in, out])
    error = math.sqrt(variance_of_mean(let_in, slope) + variance_of_mean(out, slope))
    assert error == pytest.approx(fitted.bse[1], rel=0.01)


def test_times_of_other_shares_are_as_blocks_of_an_analysis_of_covariance() -> None:
    import statsmodels.api as sm

    strata: list[tuple[Cell, Cell]] = []
    all_parts: list[list[Floats]] = []
    for block, (count, out) in enumerate([(3_000, 1_500), (5_000, 250)]):
        one, other, (y, x, side) = two_sides(count, out, seed=block)
        strata.append((one, other))
        all_parts.append([y, side, x, np.full(count, float(block))])
    y, *columns = (np.concatenate(one) for one in zip(*all_parts, strict=True))
    fitted = sm.OLS(y, sm.add_constant(np.column_stack(columns))).fit()
    found = compare(strata, 1_000.0)
    assert found is not None
    assert found.difference == pytest.approx(fitted.params[1], rel=0.02)


def test_it_says_how_much_narrower_that_makes_the_interval() -> None:
    let_in, out, (y, _, _) = two_sides(4_000, 400)
    largest = float(y.max())
    found = compare([(let_in, out)], largest)
    plain = [Cell(one.customers, one.some, one.y, one.yy) for one in (let_in, out)]
    bare = compare([(plain[0], plain[1])], largest)
    assert found is not None and bare is not None and found.narrower is not None
    assert bare.narrower is None
    assert found.high - found.low == pytest.approx((bare.high - bare.low) * (1 - found.narrower))
    assert found.narrower > 0.1


def test_what_has_nothing_to_do_with_it_is_left_out() -> None:
    dice = np.random.Generator(np.random.PCG64(1))
    y, x = dice.gamma(1, 10, 2_000), dice.gamma(1, 10, 2_000)
    found = compare([(cell(y[:1000], x[:1000]), cell(y[1000:], x[1000:]))], float(y.max()))
    assert found is not None and found.narrower is None
    assert found.difference == pytest.approx(y[:1000].mean() - y[1000:].mean())


def test_as_many_more_as_it_says_are_just_enough() -> None:
    found = compare([(share(410, 10_000), share(32, 1_000))])
    assert found is not None and found.needed is not None and not found.proven
    times = 1 + found.needed / 1_000
    more = compare(
        [
            (
                share(round(410 * times), round(10_000 * times)),
                share(round(32 * times), round(1_000 * times)),
            )
        ]
    )
    assert more is not None
    assert more.low == pytest.approx(0, abs=0.08 * more.difference)


@pytest.mark.parametrize(
    "strata",
    [[], [(Cell(0), share(1, 9))], [(share(1, 9), Cell(0))], [(share(0, 9), share(0, 9))]],
)
def test_without_anybody_or_anything_there_is_nothing_to_compare(
    strata: list[tuple[Cell, Cell]],
) -> None:
    assert compare(strata) is None


def test_a_time_in_which_nobody_was_held_out_is_left_out() -> None:
    found = compare([(share(900, 1_000), Cell(0)), (share(40, 1_000), share(40, 1_000))])
    assert found is not None and found.difference == 0 and found.needed is None


@pytest.mark.parametrize(
    ("let_in", "out", "percent", "alarm"),
    [
        (900, 100, 10, False),
        (900, 160, 10, True),
        (9_000, 860, 10, True),
        (990, 10, 0, False),
        (0, 10, 100, False),
        (20, 5, 10, False),
    ],
)
def test_a_ratio_is_held_against_the_files_share(
    let_in: int, out: int, percent: float, alarm: bool
) -> None:
    found = sample_ratio([(let_in, out, percent)])
    assert (found.alarm, found.p <= 1) == (alarm, True)
    assert found.expected == pytest.approx((let_in + out) * percent / 100)


def test_a_ratio_that_is_right_hardly_ever_alarms_however_often_one_looks() -> None:
    dice = np.random.Generator(np.random.PCG64(3))
    alarms = 0
    for _ in range(300):
        out = np.cumsum(dice.random(2_000) < 0.1)
        looks = range(19, 2_000, 20)
        alarms += any(sample_ratio([(n + 1 - int(out[n]), int(out[n]), 10)]).alarm for n in looks)
    assert alarms <= 6


def test_more_people_are_needed_until_the_end_towards_nothing_reaches_it() -> None:
    let_in = Cell(2_300, 120, 8_300.0, 1_150_000.0)
    held_out = Cell(590, 6, 360.0, 21_600.0)
    found = compare([(let_in, held_out)], 600.0)
    assert found is not None and not found.proven and found.needed is not None
    assert found.high - found.difference < found.difference < found.difference - found.low
    assert found.needed > 50
