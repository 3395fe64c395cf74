"""Gamma-Gamma: its published estimates, its parameters found again, and means drawn together."""

from __future__ import annotations

import numpy as np
import pytest

from lifecycle.models import order_value, predicted
from lifecycle.models.order_value import OrderValue
from tests.models import dice
from tests.models.cdnow import TODAY, buyers

PUBLISHED = OrderValue(p=6.25, q=3.74, v=15.44)


def test_the_published_estimates_of_cdnow_are_found():
    figures = buyers()[1]
    assert int((figures.days > 1).sum()) == 946
    model = predicted.fit(figures, TODAY)
    assert model is not None and model.value is not None
    found = model.value
    assert [round(one, 2) for one in (found.p, found.q, found.v)] == [6.25, 3.74, 15.44]


def test_a_mean_of_many_orders_counts_for_more_than_one_of_few():
    everybody, few, many = PUBLISHED.expected(np.array([0, 1, 50]), np.array([0.0, 100.0, 100.0]))
    assert everybody == pytest.approx(15.44 * 6.25 / 2.74)
    assert everybody < few < many < 100


def test_parameters_are_found_again():
    orders = 1 + (19 * dice.uniform("orders", 20_000)).astype(np.int64)
    spread = dice.gamma("spread", 4, 20_000) / 30
    means = dice.gamma("means", (5 * orders).astype(np.float64), 20_000) / (spread * orders)
    found = order_value.fit(orders, means)
    assert found is not None
    assert (found.p, found.q, found.v) == pytest.approx((5, 4, 30), rel=0.1)
    assert found.log_likelihood(orders, means) >= OrderValue(5, 4, 30).log_likelihood(orders, means)


def test_too_few_buyers_say_nothing():
    assert order_value.fit(np.ones(19, np.int64), np.ones(19)) is None


def test_buyers_who_all_spend_the_same_are_foretold_to_go_on_so():
    found = order_value.fit(np.full(50, 3), np.full(50, 20.0))
    assert found is not None
    assert found.expected(np.array([0, 3]), np.array([0.0, 20.0])) == pytest.approx([20, 20], 0.05)
