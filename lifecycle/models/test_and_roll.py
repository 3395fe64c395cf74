"""Test & Roll: how many readers try the variants, what that gains, and which is chosen then.

Feit and Berman, "Test & Roll: Profit-Maximizing A/B Tests", Marketing Science 38(6), 2019: readers
of a test who get the worse variant are a loss, and so is choosing wrongly for all the others. With
a normal prior, N(mean, spread^2) for the true mean of each of K variants, and answers of standard
deviation `noise`, n letters a variant and the best one for the N - K n others gain, over sending
one at random,

    (N - K n) * e(K) * spread^2 / sqrt(spread^2 + noise^2 / n),

where e(K) is the expected largest of K standard normals. Its derivative is zero at

    n = sqrt(N / (2 K) * r + (3/4 * r)^2) - 3/4 * r,   r = noise^2 / spread^2,

which for K = 2 is equation 10 of the paper; e(K) is a factor and moves it nowhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from lifecycle.models.best import expected_best, known_of
from lifecycle.models.past_tests import Prior, Sample

POWER = 0.8
"""How often a difference of the size that is called detectable is detected."""


def letters_a_variant(readers: float, variants: int, prior: Prior) -> float:
    """How many letters of each variant gain most over so many readers; no whole number."""
    ratio = (prior.noise / prior.spread) ** 2
    # The same as in the head, without the difference of two large numbers.
    inside = readers / (2 * variants) * ratio
    return inside / (math.sqrt(inside + (0.75 * ratio) ** 2) + 0.75 * ratio)


def share_to_test(readers: int, variants: int, prior: Prior) -> float:
    """The share of the readers who take part in the test, in percent; all of a tiny audience."""
    if readers <= variants:
        return 100.0
    return min(100.0, 100 * variants * letters_a_variant(readers, variants, prior) / readers)


@dataclass(frozen=True, slots=True)
class Gain:
    """What a test is expected to gain over sending all one variant at random, in the prior's unit.

    `perfect` is the same of somebody who knew the best one, and sent it to all.
    """

    expected: float
    perfect: float


def gain(readers: float, variants: int, letters: float, prior: Prior) -> Gain:
    """The gain of `letters` a variant, and then the best for the rest; over all readers."""
    best = expected_best(variants)
    perfect = readers * best * prior.spread
    rest = max(0.0, readers - variants * letters)
    if letters <= 0:
        return Gain(0.0, perfect)
    sure = prior.spread**2 / math.sqrt(prior.spread**2 + prior.noise**2 / letters)
    return Gain(rest * best * sure, perfect)


def detectable(letters: float, variants: int, confidence: float, prior: Prior) -> float:
    """The difference of two variants that one look at `letters` of each proves, at 80 % power.

    Two-sided, `confidence` in percent; comparisons with several others corrected after Bonferroni.
    """
    wrong = (1 - confidence / 100) / max(1, variants - 1)
    margin = float(-ndtri(wrong / 2) + ndtri(POWER))
    return margin * prior.noise * math.sqrt(2 / letters) if letters > 0 else math.inf


def letters_to_detect(difference: float, variants: int, confidence: float, prior: Prior) -> float:
    """How many letters of each variant prove a difference, at 80 % power, in one look."""
    return (detectable(1, variants, confidence, prior) / difference) ** 2


@dataclass(frozen=True, slots=True)
class Choice:
    """The variant to send to the rest: that with the highest posterior mean.

    `sure` is the probability that no other is better. `means` are the posterior ones, shrunk
    towards each other by the prior, in the order of the samples; `chances` likewise.
    """

    place: int
    sure: float
    means: tuple[float, ...]
    chances: tuple[float, ...]


def choose(samples: Sequence[Sample], prior: Prior) -> Choice | None:
    """Choose among variants by what they came to; None where no letter met anything.

    The level of the test is its own; the prior tells how far variants differ around it. Of equal
    posterior means the first is taken.
    """
    letters = sum(one.letters for one in samples)
    total = math.fsum(one.total for one in samples)
    if letters <= 0 or total <= 0:
        return None
    own = own_prior(samples, prior)
    sizes = np.array([[float(one.letters) for one in samples]])
    sums = np.array([[one.total for one in samples]])
    known = known_of(sizes, sums, own.noise, own.spread)
    place = int(np.argmax(known.means))
    means = tuple(own.mean + float(one) for one in known.means)
    chances = tuple(float(one) for one in known.chances)
    return Choice(place, chances[place], means, chances)


def own_prior(samples: Sequence[Sample], prior: Prior) -> Prior:
    """The prior at the level of samples that met something; of revenue with their own noise."""
    letters = sum(one.letters for one in samples)
    level = math.fsum(one.total for one in samples) / letters
    if prior.by != "revenue":
        # All of them met it, or nearly: what scatters then is less than one letter can tell.
        return prior.at(min(level, 1 - 1 / (letters + 2)))
    within = math.fsum(one.squares - one.total**2 / one.letters for one in samples if one.letters)
    free = letters - sum(1 for one in samples if one.letters)
    variance = within / free if free > 0 else 0.0
    return prior.at(level, math.sqrt(variance) if variance > 0 else None)
