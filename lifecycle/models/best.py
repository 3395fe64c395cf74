"""Which of several variants is best: what is known of their effects, and how sure that is.

Letters of one block (a week, or a whole test) share a level of their own, which nothing is assumed
of; within it variants differ by effects with a normal prior around zero. So neither a share that
changed from block to block nor a season makes one variant look better than another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

Floats = NDArray[np.float64]

GRID = 4_001
REACH = 9.0
"""Quadrature runs so many standard deviations beyond the outermost variants."""


@dataclass(frozen=True, slots=True)
class Effects:
    """The posterior of variants' effects: means, and what each adds to a difference's variance."""

    means: Floats
    variances: Floats
    evidence: float = 0.0
    """The logarithm of how well the spread explains the answers, but for a constant."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of variants: the posterior means of their effects, and who may be best."""

    means: Floats
    chances: Floats


APART = np.log(2)
"""How uncertain the spread of one test is: by a factor of two, since some variants hardly differ
and others much."""
SPREADS = np.linspace(-2.5, 2.5, 11)


def known_of(letters: Floats, sums: Floats, noise: float, spread: float) -> Known:
    """Effects and chances of being best, over all spreads that the answers make likely.

    A log-normal prior around `spread`; a variant that is far better than usual is believed sooner
    than a normal prior alone would have it.
    """
    each = [effects(letters, sums, noise, spread * float(np.exp(APART * one))) for one in SPREADS]
    logs = np.array([one.evidence for one in each]) - SPREADS**2 / 2
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    means = np.array([one.means for one in each])
    chances = np.array([probability_best(one) for one in each])
    return Known(weights @ means, weights @ chances)


def effects(letters: Floats, sums: Floats, noise: float, spread: float) -> Effects:
    """The posterior of effects from `letters` and `sums` of answers, a row for each block.

    `noise` is the standard deviation of one letter's answer, `spread` that of the variants' true
    effects (both above 0, in the same unit). The levels of blocks are integrated out under a flat
    prior, which leaves a normal posterior (Gelman et al., "Bayesian Data Analysis", 3rd edition,
    section 14.8); of it only what concerns differences is kept.
    """
    variants = letters.shape[1]
    total = letters.sum(axis=1)
    some = total > 0
    letters, sums, total = letters[some], sums[some], total[some]
    level = sums.sum(axis=1) / total
    precision = np.eye(variants) / spread**2
    shared = np.einsum("ti,tj->ij", letters / total[:, None], letters)
    precision += (np.diag(letters.sum(axis=0)) - shared) / noise**2
    pull = (sums - letters * level[:, None]).sum(axis=0) / noise**2
    covariance: Floats = np.asarray(np.linalg.inv(precision), np.float64)
    means: Floats = covariance @ pull
    _, size = np.linalg.slogdet(precision * spread**2)
    evidence = float(pull @ means - size) / 2
    return Effects(means, _own_variances(covariance), evidence)


def _own_variances(covariance: Floats) -> Floats:
    """Variances of independent variants whose differences vary as these do: exactly up to three.

    What all variants share says nothing of which is best; of more than three it is the closest fit.
    """
    size = len(covariance)
    if size == 1:
        return np.diag(covariance).copy()
    diagonal = np.diag(covariance)
    differences = diagonal[:, None] + diagonal[None, :] - 2 * covariance
    if size == 2:
        return np.full(2, differences[0, 1] / 2)
    rows = differences.sum(axis=1)
    together = rows.sum() / (2 * (size - 1))
    found: Floats = (rows - together) / (size - 2)
    least: Floats = np.maximum(found, differences[differences > 0].min() * 1e-6)
    return least


def probability_best(known: Effects) -> Floats:
    """The probability of each variant that no other is better, by quadrature: they sum to 1."""
    means, sds = known.means, np.sqrt(known.variances)
    if len(means) == 2:
        second = float(ndtr((means[1] - means[0]) / np.hypot(sds[0], sds[1])))
        return np.array([1 - second, second])
    found = np.empty(len(means))
    unit = np.linspace(-REACH, REACH, GRID)
    for one, (mean, sd) in enumerate(zip(means, sds, strict=True)):
        x = mean + sd * unit
        others = [other for other in range(len(means)) if other != one]
        below = sum((log_ndtr((x - means[other]) / sds[other]) for other in others), np.zeros(GRID))
        found[one] = np.trapezoid(np.exp(below - unit**2 / 2), unit)
    shares: Floats = found / found.sum()
    return shares


@lru_cache(maxsize=64)
def expected_best(variants: int) -> float:
    """The expectation of the largest of so many standard normals: 0.564 of two, 0.846 of three."""
    x = np.linspace(-REACH, REACH, GRID)
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    return float(np.trapezoid(x * variants * density * ndtr(x) ** (variants - 1), x))
