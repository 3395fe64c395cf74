"""When buyers buy again: the BG/NBD model, fitted on the shop's own orders.

Fader, Hardie and Lee, "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD
Model, Marketing Science 24 (2005). While alive a buyer orders at a rate of their own, which is
gamma distributed over buyers (`r`, `alpha`); after each repeat order they leave for good with a
probability of their own, which is beta distributed (`a`, `b`). Who has ordered once is alive.

Of each buyer three figures count: `x` repeat orders, `t_x` the time from the first order to the
last, `age` the time from the first order to now. Times are in weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1, psi

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

FEWEST_BUYERS = 100
FEWEST_REPEATERS = 20
"""With fewer, four parameters would say more than the orders do."""
BOUNDS = ((1e-3, 1e3), (1e-3, 1e4), (1e-3, 1e2), (1e-3, 1e4))
"""Between these lie r, alpha (in mean ages), a and b; inside them all formulas stay exact."""
HOW: dict[str, Any] = {"ftol": 1e-14, "maxiter": 500}
"""SLSQP, since it alone does so small a search without threads, which wait for each other."""
STARTS = ((0.5, 0.5, 0.5, 2.0), (1.0, 1.0, 1.0, 1.0), (0.1, 0.1, 0.2, 5.0))
SINGULAR = 1e-6
"""So near to a point where a formula is 0/0 it is taken so far beside it."""


@dataclass(frozen=True, slots=True)
class RepeatBuying:
    """The model with its parameters; `alpha` is in weeks."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, x: Counts, t_x: Floats, age: Floats) -> Floats:
        """The probability that a buyer has not left for good (equation 8 of the later note).

        Source: Fader, Hardie and Lee, Computing P(alive) Using the BG/NBD Model (2008).
        """
        repeats = np.maximum(x, 1)
        power = (self.r + x) * (np.log(self.alpha + age) - np.log(self.alpha + t_x))
        odds = np.log(self.a) - np.log(self.b + repeats - 1) + power
        alive: Floats = np.where(x > 0, 1 / (1 + np.exp(np.minimum(odds, 700))), 1.0)
        return alive

    def expected(self, x: Counts, t_x: Floats, age: Floats, weeks: float) -> Floats:
        """How many orders a buyer is expected to place in the next `weeks` (equation 10).

        The paper's hypergeometric function is taken after Euler's transformation: the powers of x
        cancel, so that heavy buyers overflow nothing.
        """
        a = self.a if abs(self.a - 1) > SINGULAR else 1 + SINGULAR
        c = a + self.b + x - 1
        c = np.where(np.abs(c) > SINGULAR, c, SINGULAR)
        z = weeks / (self.alpha + age + weeks)
        series = hyp2f1(a - 1, a + self.b - 1 - self.r, c, z)
        orders = c / (a - 1) * (1 - np.power(1 - z, a - 1) * series)
        expected: Floats = np.maximum(orders, 0) * self.alive(x, t_x, age)
        return expected

    def median_gap(self, x: Counts, t_x: Floats) -> Floats:
        """Weeks after the last order by which half of those who come again have come.

        The rate of a buyer with that history is gamma distributed (r + x, alpha + t_x), so the time
        to the next order follows a Pareto distribution of the second kind, whose median this is.
        """
        with np.errstate(over="ignore"):
            gap: Floats = (self.alpha + t_x) * np.expm1(np.log(2) / (self.r + x))
        return gap

    def log_likelihood(self, x: Counts, t_x: Floats, age: Floats, weights: Floats) -> float:
        """The sum over buyers (equation 6); each row stands for `weights` buyers."""
        logged = np.log([self.r, self.alpha, self.a, self.b])
        return -_Likelihood(x, t_x, age, weights)(logged)[0] * float(weights.sum())


def fit(x: Counts, t_x: Floats, age: Floats, weights: Floats) -> RepeatBuying | None:
    """The most likely parameters; None where the orders are too few to say.

    Each row stands for `weights` buyers with the same history. The same rows give the same answer.
    """
    buyers, repeaters = float(weights.sum()), float(weights[x > 0].sum())
    if buyers < FEWEST_BUYERS or repeaters < FEWEST_REPEATERS:
        return None
    unit = float(np.average(age, weights=weights))
    if unit <= 0:
        return None
    likelihood = _Likelihood(x, t_x / unit, age / unit, weights)
    bounds = np.log(BOUNDS)
    start = min((np.log(one) for one in STARTS), key=lambda one: likelihood(one)[0])
    best = minimize(likelihood, start, jac=True, method="SLSQP", bounds=bounds, options=HOW)
    if not np.isfinite(best.fun):
        return None
    r, alpha, a, b = (float(one) for one in np.exp(best.x))
    return RepeatBuying(r, alpha * unit, a, b)


class _Likelihood:
    """The negative mean log-likelihood with its gradient, in the logarithms of the parameters."""

    def __init__(self, x: Counts, t_x: Floats, age: Floats, weights: Floats) -> None:
        self.t_x, self.age, self.share = t_x, age, weights / weights.sum()
        self.x = x.astype(np.float64)
        self.repeats = x > 0
        self.counts, self.place = np.unique(self.x, return_inverse=True)
        self.share_of_count = np.bincount(self.place, self.share, len(self.counts))

    def __call__(self, logged: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = np.exp(logged)
        n, share = self.counts, self.share_of_count
        buying = gammaln(r + n) - gammaln(r) + r * np.log(alpha)
        staying = gammaln(a + b) + gammaln(b + n) - gammaln(b) - gammaln(a + b + n)
        late, early = np.log(alpha + self.age), np.log(alpha + self.t_x)
        still = -(r + self.x) * late
        past = np.maximum(self.x, 1)
        gone = np.log(a) - np.log(b + past - 1) - (r + self.x) * early
        both = np.where(self.repeats, np.logaddexp(still, gone), still)
        left = np.where(self.repeats, np.exp(np.minimum(gone - both, 0)), 0.0)
        total = share @ (buying + staying) + self.share @ both
        mean_left = 1 - left
        slopes = np.array(
            [
                share @ (psi(r + n) - psi(r) + np.log(alpha))
                - self.share @ (mean_left * late + left * early),
                r / alpha
                - self.share
                @ ((r + self.x) * (mean_left / (alpha + self.age) + left / (alpha + self.t_x))),
                share @ (psi(a + b) - psi(a + b + n)) + self.share @ left / a,
                share @ (psi(a + b) + psi(b + n) - psi(b) - psi(a + b + n))
                - self.share @ (left / (b + past - 1)),
            ]
        )
        return -float(total), -slopes * np.exp(logged)
