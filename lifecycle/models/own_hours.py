"""How much persons differ from the list in their hours, judged by how well that foretells them.

Each letter of a sampled person is foretold from those before it by the very formula that decides
(`core/hours.py`), under many strengths; the strengths that foretold well are kept. As only the past
foretells, it does not matter that hours were chosen by what was known (Dawid, "Statistical Theory:
The Prequential Approach", 1984).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from lifecycle.core.hours import SATURDAY
from lifecycle.core.learned_hours import HOURS, Learned
from lifecycle.models.hour_curve import Curve
from lifecycle.models.hour_evidence import Floats, Sample
from lifecycle.models.hour_kernels import DAYS, SHAPES, circle, row
from lifecycle.models.own_pasts import Pasts, Singles, pasts

STEADINESS = (0.25, 0.5, 0.8, 1.2, 1.8, 2.7, 4.0, 8.0, 25.0)
"""Shapes of the prior of how often people answer: from most uneven to all alike."""
SPREADS = (0.0, 0.06, 0.12, 0.2, 0.3, 0.4, 0.55, 0.75, 1.0, 1.4)
"""Standard deviations of a person's own hours."""
USUAL_SPREAD = 0.3
"""Before evidence larger spreads are as unlikely as half of a normal distribution of that scale."""
ACROSS = (0.0, 0.5, 1.0)
VISIT_WEIGHTS = (0.0, 0.03, 0.1, 0.3, 1.0)
HALF_LIFE = 26.0
"""In weeks: whether persons change so fast is asked; otherwise they are taken not to."""
SUREST = 0.95


@dataclass(frozen=True, slots=True)
class Differing:
    """How people differ, named as in `Learned`; `shape` is that of the kernel."""

    steadiness: float
    own_variance: float
    shape: int
    across: float
    visit_weight: float = 0.0
    half_life: float | None = None


def unlearned(shape: int) -> Differing:
    """What is taken to hold before anything is known of persons."""
    variance = float(_prior() @ np.square(SPREADS))
    return Differing(1.0, variance, shape, 0.5)


def as_before(before: Learned) -> Differing:
    """What held the night before."""
    kernels = [np.abs(row(shape) - before.kernel).max() for shape in range(len(SHAPES))]
    return Differing(
        before.steadiness,
        before.own_variance,
        int(np.argmin(kernels)),
        before.across,
        before.visit_weight,
        before.own_half_life,
    )


def learn(sample: Sample, curve: Curve, groups: Mapping[str, Floats], visits: Floats) -> Differing:
    """Weigh every strength by how well the sample's letters were foretold under it."""
    known = pasts(sample, curve, groups, None)
    found = _best(known, curve.shape, visits)
    if not found.own_variance or float(sample.weeks.max()) <= HALF_LIFE:
        return found
    fading = replace(found, half_life=HALF_LIFE)
    lately = pasts(sample, curve, groups, HALF_LIFE)
    if foretold(lately, fading, visits) > foretold(known, found, visits):
        return fading
    return found


def visits_near(visits: Floats, shape: int, across: float) -> Floats:
    """By slot, the share of all visits at or near it, as a person's are looked at."""
    total = visits.sum()
    if not total:
        return np.zeros(len(visits))
    by_day = (visits / total).reshape(DAYS, HOURS)
    kinds = np.array([by_day[:SATURDAY].sum(0), by_day[SATURDAY:].sum(0)])
    near = (kinds + across * kinds[::-1]) @ circle(row(shape))
    told: Floats = near[(np.arange(DAYS) >= SATURDAY).astype(np.int64)].reshape(-1)
    return told


def _best(known: Pasts, shape: int, visits: Floats) -> Differing:
    """The best strengths: readiness and hours together, as each may pass for the other."""
    found = unlearned(shape)
    steady = [replace(found, steadiness=one) for one in STEADINESS]
    share = _weighed(known, steady, visits)
    found = steady[int(share.sum(1).argmax())]
    shapes = [replace(found, shape=one) for one in range(len(SHAPES))]
    share = _weighed(known, shapes, visits)
    variance = float(share.sum(0) @ np.square(SPREADS))
    found = replace(shapes[int(share.sum(1).argmax())], own_variance=variance)
    found = _top(known, visits, [replace(found, across=one) for one in ACROSS])
    if known.visits.any():
        found = _top(known, visits, [replace(found, visit_weight=one) for one in VISIT_WEIGHTS])
    return found


def _weighed(known: Pasts, among: list[Differing], visits: Floats) -> Floats:
    """How likely each is, with each of SPREADS."""
    logs = np.array([_by_spread(known, one, visits) for one in among])
    share: Floats = np.exp(logs - logs.max()) * _prior()
    share /= share.sum()
    return share


def _top(known: Pasts, visits: Floats, among: list[Differing]) -> Differing:
    return among[int(np.argmax([foretold(known, one, visits) for one in among]))]


def foretold(known: Pasts, differing: Differing, visits: Floats) -> float:
    """The log-likelihood of all letters, each from those before it."""
    eager = _eager(known, differing)
    if not differing.own_variance:
        return _log_likelihood(known, known.rate * eager)
    came, due = _beside(known, differing, visits, eager)
    prior = np.float32(1.0 / differing.own_variance)
    return _log_likelihood(known, known.rate * eager * (prior + came) / (prior + due))


def _by_spread(known: Pasts, differing: Differing, visits: Floats) -> list[float]:
    """The same under each of SPREADS."""
    eager = _eager(known, differing)
    came, due = _beside(known, differing, visits, eager)
    rate = known.rate * eager
    told = []
    for spread in SPREADS:
        # The variance times both sides, so that none at all needs no other formula.
        variance = np.float32(spread**2)
        told.append(_log_likelihood(known, rate * (1 + variance * came) / (1 + variance * due)))
    return told


def _eager(known: Pasts, differing: Differing) -> Singles:
    shape = np.float32(differing.steadiness)
    told: Singles = (shape + known.came) / (shape + known.due)
    return told


def _log_likelihood(known: Pasts, told: Singles) -> float:
    np.minimum(told, np.float32(SUREST), out=told)
    missed = np.log1p(-told).sum(dtype=np.float64)
    met = told[known.met]
    return float(missed + np.log(met / (1 - met)).sum(dtype=np.float64))


def _beside(
    known: Pasts, differing: Differing, visits: Floats, eager: Singles
) -> tuple[Singles, Singles]:
    """Answers and answers foretold beside each letter's hour, by the kernel."""
    share, width = SHAPES[differing.shape]
    across, weight = np.float32(differing.across), np.float32(differing.visit_weight)
    came, due = np.zeros_like(known.rate), np.zeros_like(known.rate)
    for part, of in ((1.0 - share, 0.0), (share, width)):
        if part:
            near, scale = known.near[of], np.float32(part)
            came += scale * (near.came + across * near.came_across)
            due += scale * (near.due + across * near.due_across)
            if weight:
                came += scale * weight * (near.visits + across * near.visits_across)
    due *= eager
    if weight:
        shared = visits_near(visits, differing.shape, differing.across)
        due += weight * known.visits * shared[known.slot].astype(np.float32)
    return came, due


def _prior() -> Floats:
    told = np.exp(-np.square(SPREADS) / (2 * USUAL_SPREAD**2)) * np.gradient(SPREADS)
    prior: Floats = told / told.sum()
    return prior
