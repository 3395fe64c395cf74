"""What buyers will do: when the next order comes, who has left for good, what a year brings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifecycle.models import order_value, repeat_buying
from lifecycle.models.histories import Histories
from lifecycle.models.order_value import OrderValue
from lifecycle.models.repeat_buying import RepeatBuying

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DAYS_A_WEEK = 7
YEAR_DAYS = 365
FURTHEST_DAYS = 730
"""A next order further after the last one is not foretold."""
FITTED_ON = 20_000
"""So many buyers are enough to fit on; of more, every so-manieth is taken."""
ALIVE_DIGITS = 2
VALUE_DIGITS = 3
"""Predictions are told no finer than that, so that a night changes few of them."""
LEAST_VALUE = 0.01
_DAY_BITS = 20


@dataclass(frozen=True, slots=True)
class Predicted:
    """A row for each buyer; NaN where it is unknown."""

    next_day: Floats
    """The day, from the epoch, by which half of those come again who do come again."""
    alive: Floats
    """The probability that the buyer has not left for good."""
    value_365d: Floats
    """What the orders of the next 365 days are expected to come to, undiscounted."""


@dataclass(frozen=True, slots=True)
class Model:
    """Both models as fitted; without that of values none is predicted."""

    buying: RepeatBuying
    value: OrderValue | None

    def predict(self, buyers: Histories, today: int) -> Predicted:
        """Predict for buyers as of a day."""
        x, t_x, age = _weeks(buyers, today)
        gap = np.rint(self.buying.median_gap(x, t_x) * DAYS_A_WEEK)
        alive = self.buying.alive(x, t_x, age)
        value = np.full(len(buyers), np.nan)
        if self.value is not None:
            orders = self.buying.expected(x, t_x, age, YEAR_DAYS / DAYS_A_WEEK)
            value = orders * self.value.expected(buyers.valued, _means(buyers))
        return Predicted(
            np.where(gap <= FURTHEST_DAYS, buyers.last_day + gap, np.nan),
            np.round(alive, ALIVE_DIGITS),
            _rounded(value),
        )


def fit(buyers: Histories, today: int) -> Model | None:
    """Fit on all buyers as of a day; None where their orders are too few to say."""
    x, first = buyers.days - 1, today - buyers.first_day
    key = (x << 2 * _DAY_BITS) | ((buyers.last_day - buyers.first_day) << _DAY_BITS) | first
    histories, counts = np.unique(_sample(np.sort(key)), return_counts=True)
    day = (1 << _DAY_BITS) - 1
    buying = repeat_buying.fit(
        histories >> 2 * _DAY_BITS,
        (histories >> _DAY_BITS & day) / DAYS_A_WEEK,
        (histories & day) / DAYS_A_WEEK,
        counts.astype(np.float64),
    )
    return None if buying is None else Model(buying, _fit_values(buyers))


def _fit_values(buyers: Histories) -> OrderValue | None:
    """On those whose repeat orders came to something; their order is the values' own."""
    means = _means(buyers)
    some = (buyers.valued > 0) & (means > 0)
    orders, means = buyers.valued[some], means[some]
    order = _sample(np.lexsort((means, orders)))
    return order_value.fit(orders[order], means[order])


def _sample(everything: Ints) -> Ints:
    """Every so-manieth, so that about `FITTED_ON` are left."""
    return everything[:: -(-len(everything) // FITTED_ON) or 1]


def _weeks(buyers: Histories, today: int) -> tuple[Ints, Floats, Floats]:
    """Of each buyer the repeat orders, the time of the last one and the age, in weeks."""
    t_x = (buyers.last_day - buyers.first_day) / DAYS_A_WEEK
    return buyers.days - 1, t_x, (today - buyers.first_day) / DAYS_A_WEEK


def _means(buyers: Histories) -> Floats:
    means: Floats = np.maximum(buyers.repeat_total, 0) / np.maximum(buyers.valued, 1)
    return means


def _rounded(values: Floats) -> Floats:
    """To so many digits, and to hundredths."""
    size = np.floor(np.log10(np.maximum(np.nan_to_num(values), LEAST_VALUE)))
    unit = np.power(10.0, np.maximum(size - VALUE_DIGITS + 1, -2))
    rounded: Floats = np.round(np.rint(values / unit) * unit, 2)
    return rounded
