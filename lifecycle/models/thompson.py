"""Thompson sampling without dice: the share of each variant is its probability of being best.

Thompson, "On the Likelihood that One Unknown Probability Exceeds Another", Biometrika 25, 1933. A
customer's hash falls evenly, so that shares equal to the probabilities are what drawing from the
posterior would come to. Letters count less the older they are, since what is new wears off; and
only such letters are given in that have had their time to be answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from lifecycle.models.best import effects, probability_best
from lifecycle.models.past_tests import Prior, Sample
from lifecycle.models.test_and_roll import own_prior

Floats = NDArray[np.float64]

HALF_LIFE = timedelta(days=28)
"""A letter so old counts half: within months a bandit has forgotten that a variant was new."""
REMEMBERED = 7 * HALF_LIFE
"""Older ones would count less than a hundredth, and are not looked at."""
FLOOR = 0.05
"""The share that is spread evenly over all variants, whatever is known: it keeps learning."""
DIGITS = 3
BLOCK_DAYS = 7
"""Letters of one week are held against each other: weekdays are evenly in it, a season is not."""


def shares(days: Mapping[int, Sequence[Sample]], prior: Prior) -> tuple[float, ...] | None:
    """The share of new letters for each variant; None while no letter has met anything.

    `days` holds, by the age of letters in days, what each variant's letters of that day came to.
    The shares are told to a thousandth and sum to 1.
    """
    chances = favours(days, prior)
    if chances is None:
        return None
    variants = len(chances)
    found = [round(FLOOR / variants + (1 - FLOOR) * one, DIGITS) for one in chances]
    most = max(range(variants), key=found.__getitem__)
    rest = sum(one for place, one in enumerate(found) if place != most)
    found[most] = round(1 - rest, DIGITS)
    return tuple(found)


def favours(days: Mapping[int, Sequence[Sample]], prior: Prior) -> tuple[float, ...] | None:
    """The probability of each variant that it is the best one by now; None while nothing is met."""
    known = {age: found for age, found in days.items() if age <= REMEMBERED.days}
    variants = max((len(found) for found in known.values()), default=0)
    together = [_sum([found[place] for found in known.values()]) for place in range(variants)]
    if not any(one.total > 0 for one in together):
        return None
    own = own_prior(together, prior)
    blocks = max(known) // BLOCK_DAYS + 1
    letters, sums = np.zeros((blocks, variants)), np.zeros((blocks, variants))
    for age in sorted(known):
        weight = 0.5 ** (age / HALF_LIFE.days)
        for place, one in enumerate(known[age]):
            letters[age // BLOCK_DAYS, place] += weight * one.letters
            sums[age // BLOCK_DAYS, place] += weight * one.total
    chances = probability_best(effects(letters, sums, own.noise, own.spread))
    return tuple(float(one) for one in chances)


def _sum(samples: Sequence[Sample]) -> Sample:
    return Sample(
        sum(one.letters for one in samples),
        float(sum(one.total for one in samples)),
        float(sum(one.squares for one in samples)),
    )
