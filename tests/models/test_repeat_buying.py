"""BG/NBD: its published figures, its parameters found again, and heavy buyers without overflow."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from lifecycle.models import predicted, repeat_buying
from lifecycle.models.repeat_buying import Counts, Floats, RepeatBuying
from tests.models import dice
from tests.models.cdnow import TODAY, buyers, cdnow

PUBLISHED = RepeatBuying(r=0.243, alpha=4.414, a=0.793, b=2.426)


def one(x: int, t_x: float, age: float) -> tuple[Counts, Floats, Floats]:
    return np.array([x]), np.array([t_x]), np.array([age])


def simulated(truth: RepeatBuying, size: int) -> tuple[Counts, Floats, Floats, Floats]:
    """Histories of buyers who live by a model; always the same ones."""
    age = 20 + 80 * dice.uniform("age", size)
    rate = dice.gamma("rate", truth.r, size) / truth.alpha
    leaves = dice.beta("leaves", truth.a, truth.b, size)
    x, t_x, t = np.zeros(size, np.int64), np.zeros(size), np.zeros(size)
    alive, turn = np.ones(size, bool), 0
    while alive.any():
        turn += 1
        t += dice.exponential(f"wait {turn}", size) / np.maximum(rate, 1e-12)
        alive &= t <= age
        x[alive] += 1
        t_x[alive] = t[alive]
        alive &= dice.uniform(f"stay {turn}", size) > leaves
    return x, t_x, age, np.ones(size)


def test_the_published_estimates_of_cdnow_are_found():
    figures = buyers()[1]
    model = predicted.fit(figures, TODAY)
    assert model is not None
    found = model.buying
    assert [round(one, 3) for one in (found.r, found.alpha, found.a, found.b)] == [
        *(0.243, 4.414, 0.793, 2.426)
    ]
    weights = np.ones(len(figures))
    x, t_x, age = predicted._weeks(figures, TODAY)
    assert found.log_likelihood(x, t_x, age, weights) == pytest.approx(-9582.4, abs=0.05)


def test_each_history_of_cdnow_is_counted_as_the_summary_counts_it():
    ids, figures = buyers()
    x, t_x, age = predicted._weeks(figures, TODAY)
    summary = {row["sample_id"]: row for row in cdnow("cdnow_expected_summary")}
    assert len(summary) == len(ids) == 2357
    for number, customer in enumerate(ids):
        said = summary[customer]
        assert x[number] == float(said["frequency"])
        assert t_x[number] == pytest.approx(float(said["recency"]), abs=0.01)
        assert age[number] == pytest.approx(float(said["T"]), abs=0.01)


def test_the_published_expectation_of_one_customer():
    assert PUBLISHED.expected(*one(2, 30.43, 38.86), 39)[0] == pytest.approx(1.226, abs=0.0005)


def test_who_ordered_once_is_alive_and_who_falls_silent_is_less_so():
    assert PUBLISHED.alive(*one(0, 0, 500))[0] == 1
    silent = [PUBLISHED.alive(*one(5, 20, age))[0] for age in (20, 30, 60, 400)]
    assert silent == sorted(silent, reverse=True)
    assert silent[0] > 0.5 > 0.01 > silent[-1] > 0


def test_parameters_are_found_again():
    truth = RepeatBuying(r=0.6, alpha=8, a=0.9, b=3)
    found = repeat_buying.fit(*simulated(truth, 20_000))
    assert found is not None
    near = pytest.approx((truth.r, truth.alpha, truth.a / (truth.a + truth.b)), rel=0.1)
    assert (found.r, found.alpha, found.a / (found.a + found.b)) == near


def test_equal_histories_may_stand_in_one_row():
    x, t_x, age, _ = simulated(PUBLISHED, 500)
    twice = repeat_buying.fit(x, t_x, age, np.full(500, 2.0))
    apart = repeat_buying.fit(np.tile(x, 2), np.tile(t_x, 2), np.tile(age, 2), np.ones(1000))
    assert twice is not None and apart is not None
    assert twice.alpha == pytest.approx(apart.alpha, rel=1e-4)


@pytest.mark.parametrize(
    ("x", "t_x", "age"),
    [(0, 0.0, 0.0), (0, 0.0, 5000.0), (1, 3.0, 3.0), (40, 38.0, 39.0), (5_000, 700.0, 701.0)],
)
@pytest.mark.parametrize(
    "model",
    [PUBLISHED, RepeatBuying(0.5, 3, 1.0, 2), RepeatBuying(0.1, 0.5, 0.2, 0.3)],
)
def test_the_expectation_is_that_of_its_integral(
    model: RepeatBuying, x: int, t_x: float, age: float
):
    """Given the chance p to leave, orders to come are (1 - exp(-rate p t)) / p, on average."""
    a, b, r, rate = model.a, model.b + x, model.r + x, model.alpha + age

    def dense(p: float) -> float:
        log = (a - 2) * np.log(p) + (b - 1) * np.log1p(-p)
        return float(np.exp(log) * -np.expm1(-r * np.log1p(p * 52 / rate)))

    def weight(p: float) -> float:
        return float(np.exp((a - 1) * np.log(p) + (b - 1) * np.log1p(-p)))

    edge = min(1.0, 50 / b)
    orders = sum(quad(dense, *part, limit=500)[0] for part in ((0, edge), (edge, 1)))
    every = sum(quad(weight, *part, limit=500)[0] for part in ((0, edge), (edge, 1)))
    alive = model.alive(*one(x, t_x, age))[0]
    assert model.expected(*one(x, t_x, age), 52)[0] == pytest.approx(
        orders / every * alive, rel=1e-3, abs=1e-9
    )


def test_half_of_those_who_come_again_come_within_the_median_gap():
    gap = PUBLISHED.median_gap(np.array([2]), np.array([30.43]))[0]
    rates = dice.gamma("rates", 2.243, 100_000) / (4.414 + 30.43)
    assert np.mean(np.exp(-rates * gap)) == pytest.approx(0.5, abs=0.005)


@pytest.mark.parametrize(("buyers_", "repeaters"), [(99, 50), (500, 19), (0, 0)])
def test_too_few_orders_say_nothing(buyers_: int, repeaters: int):
    x = np.array([1] * repeaters + [0] * (buyers_ - repeaters), np.int64)
    t_x, age = np.where(x > 0, 2.0, 0.0), np.full(buyers_, 9.0)
    assert repeat_buying.fit(x, t_x, age, np.ones(buyers_)) is None


def test_where_nobody_ever_leaves_the_fit_still_ends():
    x = np.arange(200, dtype=np.int64) % 7
    found = repeat_buying.fit(x, np.where(x > 0, 10.0, 0.0), np.full(200, 10.0), np.ones(200))
    assert found is not None
    assert np.isfinite([found.r, found.alpha, found.a, found.b]).all()
    assert np.isfinite(found.expected(x, np.where(x > 0, 10.0, 0.0), np.full(200, 10.0), 52)).all()
