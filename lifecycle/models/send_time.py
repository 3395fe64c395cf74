"""The nightly fit of hours: the list's curve, the groups' deviations, how much persons differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lifecycle.core.learned_hours import WEEK, Learned
from lifecycle.models import hour_curve, hour_groups, own_hours
from lifecycle.models.hour_curve import Curve
from lifecycle.models.hour_evidence import Count, Floats, Sample
from lifecycle.models.hour_kernels import row
from lifecycle.models.likely_curves import DIGITS, likely
from lifecycle.models.own_hours import Differing

RATE_DIGITS = 8


def fit(
    counts: Sequence[Count],
    sample: Sample | None,
    visits: Sequence[int],
    week: int,
    before: Learned | None = None,
) -> Learned | None:
    """Learn from all letters counted by `week` (as in `Count`); None where none was answered.

    `visits` are all customers' visits by slot, 168 numbers, as in `hours.Own`. Without `sample`,
    how people differ is as `before`, the night before, had it. The cost is that of the rows in
    `counts` and of the letters in `sample`; it does not grow with the number of customers.
    """
    curve = hour_curve.fit(counts, week)
    if curve is None:
        return None
    groups = hour_groups.deviations(counts, week, curve)
    seen = np.asarray(visits, np.float64)
    if sample is not None and len(sample.slot):
        differing = own_hours.learn(sample, curve, groups, seen)
    elif before is not None:
        differing = own_hours.as_before(before)
    else:
        differing = own_hours.unlearned(curve.shape)
    return _learned(curve, groups, differing, seen)


def _learned(
    curve: Curve, groups: Mapping[str, Floats], differing: Differing, visits: Floats
) -> Learned:
    doubt = np.sqrt(np.maximum(np.diag(curve.covariance), 0.0))
    curves = likely(curve.mean, curve.covariance, curve.tried)
    shared = own_hours.visits_near(visits, differing.shape, differing.across)
    return Learned(
        rate=round(curve.rate, RATE_DIGITS),
        rates={source: round(rate, RATE_DIGITS) for source, rate in curve.rates.items()},
        worth=_plain(curve.worth),
        doubt=_plain(np.resize(doubt, WEEK)),
        likely=tuple(_plain(np.resize(one, WEEK)) for one in curves),
        steadiness=differing.steadiness,
        own_variance=round(differing.own_variance, RATE_DIGITS),
        kernel=tuple(np.round(row(differing.shape), RATE_DIGITS).tolist()),
        across=differing.across,
        groups={group: _plain(told) for group, told in groups.items()},
        visit_weight=differing.visit_weight,
        visits_near=tuple(np.round(shared, RATE_DIGITS).tolist()),
        own_half_life=differing.half_life,
        half_life=curve.half_life,
        letters=curve.letters,
        answered=curve.answered,
    )


def _plain(values: Floats) -> tuple[float, ...]:
    return tuple(np.round(values, DIGITS).tolist())
