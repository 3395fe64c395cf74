"""The list's curve over the hours of the week: how likely an answer is, and how sure that is.

Answers of a source are multinomial over the slots given their number, so that what a letter says
and what hour it has are told apart. The curve has a Gaussian prior, smooth on the circle as far as
the evidence says so; its strength is averaged over a grid by marginal likelihood (empirical Bayes:
Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, chapters 3 and 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from lifecycle.core.learned_hours import HOURS, WEEK
from lifecycle.models.hour_blocks import Blocks, blocks_of, several_days
from lifecycle.models.hour_evidence import KEPT_WEEKS, Bools, Count, Floats
from lifecycle.models.hour_kernels import DAYS, SHAPES, circle, root, row, weekdays_alike
from lifecycle.models.quadratic import Parabola, Posterior, average, weighed

SCALES = (0.01, 0.02, 0.04, 0.07, 0.1, 0.14, 0.2, 0.3, 0.45, 0.7, 1.0)
"""Standard deviations of the hours' worth that are weighed by the evidence."""
USUAL_SCALE = 0.2
BEFORE = tuple(
    (np.exp(-np.square(np.array(SCALES) / USUAL_SCALE) / 2) * np.gradient(SCALES)).tolist()
)
"""How likely each is before: half of a normal distribution of USUAL_SCALE. That the best hour
brings half as much again is rare; that hours are all alike is not taken for granted either."""
DAY_SCALES = (0.01, 0.05, 0.15, 0.4)
TOGETHER_SCALES = (0.01, 0.05, 0.12, 0.3)
"""Likewise of weekdays, and of hours that differ by the weekday."""
HALF_LIVES: tuple[tuple[float | None, float], ...] = ((None, 0.85), (40.0, 0.1), (15.0, 0.05))
"""Weeks after which a letter counts half, that are weighed by how well they foretell; and how
likely each is before: habits last, and forgetting what is true costs more than a late change."""
LEAST_PERIODS = 6
"""With fewer periods forgetting is not asked about."""
LEAST_SHARE = 0.01
"""Scales less likely than that are left out of the average."""
STEPS = 12
"""Newton steps at most; they end when the curve stands still."""
STILL = 1e-6
WIDE = 1.0
"""The standard deviation of the prior that the curve is settled under before scales are weighed."""


ROOTS = [root(shape) for shape in range(len(SHAPES))]


@dataclass(frozen=True, slots=True)
class Curve:
    """The list's curve; over 24 hours where all letters went on one weekday, else over 168.

    Its mean over the slots is 0. `rates` are those at an hour of average worth.
    """

    mean: Floats
    covariance: Floats
    rates: dict[str, float]
    rate: float
    shape: int
    half_life: float | None
    tried: Bools
    """The slots in which letters went."""
    letters: int
    answered: int

    @property
    def worth(self) -> Floats:
        """The curve over all 168 slots."""
        return np.resize(self.mean, WEEK)


def fit(counts: Sequence[Count], week: int) -> Curve | None:
    """The curve as of a week; None where nothing was answered."""
    kept = [one for one in counts if not one.group and week - one.week <= KEPT_WEEKS]
    answered = sum(one.answered for one in kept)
    if not answered:
        return None
    letters = sum(one.letters for one in kept)
    blocks = blocks_of(kept, week)
    if not several_days(blocks):
        blocks = blocks.by_hour()
    half_life = _half_life(blocks)
    faded = blocks.faded(half_life)
    posterior, shape = _posterior(faded, settle(faded, _wide(blocks.slots)))
    centre = np.eye(blocks.slots) - 1.0 / blocks.slots
    mean = centre @ posterior.mean
    rate = answered / letters
    return Curve(
        mean,
        centre @ posterior.covariance @ centre,
        faded.rates(mean, rate),
        rate,
        shape,
        half_life,
        faded.expected.sum(0) > 0,
        letters,
        answered,
    )


def settle(blocks: Blocks, prior: Floats) -> Floats:
    """The likeliest curve under a prior, by Newton's method."""
    curve: Floats = np.zeros(blocks.slots)
    for _ in range(STEPS):
        moved: Floats = blocks.near(curve).under(prior).mean - curve
        # One step may shoot beyond the top where answers are few; half of it does not.
        curve = np.asarray(curve + np.clip(moved, -1.0, 1.0), np.float64)
        if np.abs(moved).max() < STILL:
            break
    return curve


def _wide(slots: int) -> Floats:
    return _prior(slots, WIDE, 1, WIDE, WIDE / 2)


def _prior(slots: int, scale: float, shape: int, day: float, together: float) -> Floats:
    hours = circle(row(shape))
    if slots == HOURS:
        return scale**2 * hours
    told = scale**2 * np.kron(np.ones((DAYS, DAYS)), hours)
    told = told + day**2 * np.kron(weekdays_alike(), np.ones((HOURS, HOURS)))
    return np.asarray(told + together**2 * np.kron(weekdays_alike(), hours), np.float64)


def _posterior(blocks: Blocks, mode: Floats) -> tuple[Posterior, int]:
    """The average over scales and shapes, and the shape that foretold best."""
    near = blocks.near(mode)
    hours = near if blocks.slots == HOURS else blocks.by_hour().near(_hourly(mode))
    averaged, share = weighed(hours, ROOTS, SCALES, BEFORE, LEAST_SHARE)
    shape = int(share.sum(1).argmax())
    if blocks.slots == HOURS:
        return averaged, shape
    scale = SCALES[int(share[shape].argmax())]
    days = [
        near.under(_prior(WEEK, scale, shape, day, together))
        for day in DAY_SCALES
        for together in TOGETHER_SCALES
    ]
    return average(days, LEAST_SHARE), shape


def _hourly(curve: Floats) -> Floats:
    told: Floats = curve.reshape(DAYS, HOURS).mean(0)
    return told


def _half_life(blocks: Blocks) -> float | None:
    """The half-life under which each period foretold the next one best."""
    hourly = blocks if blocks.slots == HOURS else blocks.by_hour()
    ages = sorted(set(hourly.age.tolist()), reverse=True)
    if len(ages) < LEAST_PERIODS:
        return None
    mode = settle(hourly, _wide(HOURS))
    parts = [hourly.of_age(age).near(mode) for age in ages]
    _, share = weighed(hourly.near(mode), ROOTS, SCALES, BEFORE, LEAST_SHARE)
    shape, scale = np.unravel_index(int(share.argmax()), share.shape)
    prior = _prior(HOURS, SCALES[int(scale)], int(shape), 0.0, 0.0)
    told = [_foretold(parts, ages, prior, half_life) for half_life, _ in HALF_LIVES]
    told = [one + log(likely) for one, (_, likely) in zip(told, HALF_LIVES, strict=True)]
    return HALF_LIVES[int(np.argmax(told))][0]


def _foretold(
    parts: Sequence[Parabola], ages: Sequence[int], prior: Floats, half_life: float | None
) -> float:
    """How well each period was foretold by those before it, faded."""
    linear, information = np.zeros(HOURS), np.zeros((HOURS, HOURS))
    total = 0.0
    for place, part in enumerate(parts):
        known = Parabola(linear, information).under(prior)
        total += part.under(known.covariance, known.mean).log_evidence
        gap = ages[place] - ages[place + 1] if place + 1 < len(parts) else 0
        fades = Blocks.fading(gap, half_life)
        linear = (linear + part.linear) * fades
        information = (information + part.information) * fades
    return total
