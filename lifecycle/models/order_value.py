"""What an order of a buyer is worth: the Gamma-Gamma model, fitted on the shop's own orders.

Fader and Hardie, The Gamma-Gamma Model of Monetary Value (2013): a buyer's orders vary around a
mean of their own, which varies over buyers; a mean seen in few orders is drawn towards that of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln, psi

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

FEWEST_BUYERS = 20
SMALLEST, LARGEST = 1e-3, 1e4
"""Between these lie `p`, `q` - 1 and `v` (in mean order values)."""
STARTS = ((1.0, 2.0, 1.0), (5.0, 3.0, 0.5))
HOW: dict[str, Any] = {"ftol": 1e-14, "maxiter": 500}


@dataclass(frozen=True, slots=True)
class OrderValue:
    """The model with its parameters; `v` is in the money of the orders, `q` is above 1."""

    p: float
    q: float
    v: float

    def expected(self, orders: Counts, mean: Floats) -> Floats:
        """The mean value of a buyer's orders (equation 5), `mean` being that of `orders` seen.

        Of a buyer with none it is the mean over all buyers.
        """
        expected: Floats = (self.v + orders * mean) * self.p / (self.p * orders + self.q - 1)
        return expected

    def log_likelihood(self, orders: Counts, mean: Floats) -> float:
        """The sum over buyers (equation 1a)."""
        logged = np.log([self.p, self.q - 1, self.v])
        return -_Likelihood(orders, mean)(logged)[0] * len(orders)


def fit(orders: Counts, mean: Floats) -> OrderValue | None:
    """The most likely parameters, of buyers with so many orders of such a mean, all above 0.

    None where there are too few of them to say.
    """
    if len(orders) < FEWEST_BUYERS:
        return None
    unit = float(np.mean(mean))
    likelihood = _Likelihood(orders, mean / unit)
    bounds = [(np.log(SMALLEST), np.log(LARGEST))] * 3
    start = min((np.log(one) for one in STARTS), key=lambda one: likelihood(one)[0])
    best = minimize(likelihood, start, jac=True, method="SLSQP", bounds=bounds, options=HOW)
    if not np.isfinite(best.fun):
        return None
    p, above_one, v = (float(one) for one in np.exp(best.x))
    return OrderValue(p, 1 + above_one, v * unit)


class _Likelihood:
    """The negative mean log-likelihood with its gradient, in logarithms of p, q - 1 and v."""

    def __init__(self, orders: Counts, mean: Floats) -> None:
        self.x = orders.astype(np.float64)
        self.log_sum = np.log(self.x) + np.log(mean)
        self.log_mean = np.log(mean)
        self.sum = self.x * mean
        self.counts, place = np.unique(self.x, return_inverse=True)
        self.share = np.bincount(place, minlength=len(self.counts)) / len(self.x)

    def __call__(self, logged: Floats) -> tuple[float, Floats]:
        p, above_one, v = np.exp(logged)
        q = 1 + above_one
        n, share, x = self.counts, self.share, self.x
        log_all = np.log(self.sum + v)
        total = share @ (gammaln(p * n + q) - gammaln(p * n)) - gammaln(q) + q * np.log(v)
        total += np.mean(p * x * self.log_sum - self.log_mean - (p * x + q) * log_all)
        slopes = np.array(
            [
                share @ (n * (psi(p * n + q) - psi(p * n))) + np.mean(x * (self.log_sum - log_all)),
                share @ psi(p * n + q) - psi(q) + np.log(v) - np.mean(log_all),
                q / v - np.mean((p * x + q) / (self.sum + v)),
            ]
        )
        return -float(total), -slopes * np.exp(logged)
