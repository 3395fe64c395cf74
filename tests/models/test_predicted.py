"""What is predicted of buyers, in whole days, hundredths and three digits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lifecycle.models import predicted
from lifecycle.models.histories import Histories
from lifecycle.models.order_value import OrderValue
from lifecycle.models.predicted import Model
from lifecycle.models.repeat_buying import RepeatBuying
from tests.models.cdnow import TODAY, buyers

MODEL = Model(RepeatBuying(0.243, 4.414, 0.793, 2.426), OrderValue(6.25, 3.74, 15.44))


def buyer(days: int, last: int, valued: int = 0, total: float = 0) -> Histories:
    """One who bought first on day 0, on so many days, the last of which was `last`."""
    said = (0, days, total, 0, last, days, valued, total)
    return Histories(*(np.array([one]) for one in said))


def test_a_published_customer_is_predicted():
    told = MODEL.predict(buyer(3, 213, 2, 60.0), 272)
    assert told.alive.tolist() == [0.73]
    assert told.next_day.tolist() == [213 + 88]
    of_an_order = (15.44 + 2 * 30) * 6.25 / (2 * 6.25 + 2.74)
    assert told.value_365d.tolist() == [pytest.approx(1.5613 * of_an_order, abs=0.05)]


def test_the_next_order_is_not_foretold_beyond_two_years():
    slow = replace(MODEL, buying=RepeatBuying(0.05, 4, 0.8, 2.4))
    assert np.isnan(slow.predict(buyer(1, 0), 10).next_day).all()


def test_without_values_none_is_predicted():
    told = replace(MODEL, value=None).predict(buyer(2, 100), 272)
    assert np.isnan(told.value_365d).all()
    assert told.alive[0] < 1


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.0, 0.0), (0.004, 0.0), (0.126, 0.13), (12.345, 12.3), (987.6, 988), (123456.0, 123000)],
)
def test_values_are_told_to_three_digits_and_the_cent(value: float, told: float):
    assert predicted._rounded(np.array([value])).tolist() == [told]


def test_more_buyers_than_are_fitted_on_are_sampled_evenly(monkeypatch: pytest.MonkeyPatch):
    figures = buyers()[1]
    whole = predicted.fit(figures, TODAY)
    monkeypatch.setattr(predicted, "FITTED_ON", 1200)
    half = predicted.fit(figures, TODAY)
    assert whole is not None and half is not None
    assert half != whole
    assert half.buying.r == pytest.approx(whole.buying.r, rel=0.1)


def test_few_orders_predict_nothing():
    assert predicted.fit(buyer(3, 213), 272) is None
