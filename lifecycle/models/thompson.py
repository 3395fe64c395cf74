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

from lifecycle.models.best import known_of
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
    ages = sorted(age for age in days if age <= REMEMBERED.days)
    if not ages:
        return None
    each = np.array([[(one.letters, one.total, one.squares) for one in days[age]] for age in ages])
    together = [Sample(int(n), float(total), float(sq)) for n, total, sq in each.sum(axis=0)]
    if not any(one.total > 0 for one in together):
        return None
    own = own_prior(together, prior)
    block = np.array(ages) // BLOCK_DAYS
    weight = 0.5 ** (np.array(ages) / HALF_LIFE.days)
    weighed = np.zeros((block[-1] + 1, len(together), 2))
    np.add.at(weighed, block, weight[:, None, None] * each[:, :, :2])
    known = known_of(weighed[:, :, 0], weighed[:, :, 1], own.noise, own.spread)
    return tuple(float(one) for one in known.chances)
