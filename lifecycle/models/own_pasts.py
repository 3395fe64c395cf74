"""Of each sampled letter, what was known of its person before it went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifecycle.core.hours import LIKELIEST, SATURDAY
from lifecycle.core.learned_hours import HOURS, WEEK
from lifecycle.models.hour_curve import Curve
from lifecycle.models.hour_evidence import Floats, Ints, Sample
from lifecycle.models.hour_kernels import SHAPES, circle, smooth

Singles = NDArray[np.float32]
WIDTHS = tuple(sorted({hours for share, hours in SHAPES if share}))
"""How far letters at other hours are looked at; 0 stands for the very hour."""


@dataclass(frozen=True, slots=True)
class Near:
    """Answers, and answers foretold, at hours near a letter's, before it: by its own kind of day
    (working day or weekend) and by the other kind."""

    came: Singles
    due: Singles
    came_across: Singles
    due_across: Singles
    visits: Singles
    visits_across: Singles


@dataclass(frozen=True, slots=True)
class Pasts:
    """A row for each letter."""

    met: Ints
    """The places of the letters that were answered."""
    rate: Singles
    """How likely an answer was by the list alone."""
    came: Singles
    due: Singles
    """The person's answers before, and those foretold by the list."""
    visits: Singles
    """The person's visits, at whatever hour and whenever."""
    slot: Ints
    near: Mapping[float, Near]
    """By how far is looked, of WIDTHS, and 0 for the very hour."""


def pasts(
    sample: Sample, curve: Curve, groups: Mapping[str, Floats], half_life: float | None
) -> Pasts:
    """Sum up what was known before each letter, older letters counting less."""
    slot = np.asarray(sample.slot, np.int64)
    rate = _rates(sample, curve, groups)
    weight = 1.0 / (1.0 - rate)
    fades = np.exp2(-sample.weeks / half_life) if half_life else np.ones(len(slot))
    answered = np.asarray(sample.answered, np.float64)
    # Sums are kept as if faded to this day; dividing by the letter's own fading tells its past.
    came, due = weight * answered * fades, weight * rate * fades
    # The last of the people may have visited, and have no letter yet.
    last = max(int(some.max(initial=-1)) for some in (sample.person, sample.visit_person))
    people = last + 1
    walk = _Walk(np.bincount(sample.person, minlength=people), slot)
    near, sums = walk.through(came, due)
    visits = _visits(sample, people)
    found = {}
    for width, four in near.items():
        own, own_due, across, across_due = ((one / fades).astype(np.float32) for one in four)
        seen, seen_across = _visits_near(visits, width, slot, sample.person)
        found[width] = Near(own, own_due, across, across_due, seen, seen_across)
    return Pasts(
        np.flatnonzero(answered),
        rate.astype(np.float32),
        (sums[0] / fades).astype(np.float32),
        (sums[1] / fades).astype(np.float32),
        visits.sum((1, 2))[sample.person].astype(np.float32),
        slot,
        found,
    )


def _rates(sample: Sample, curve: Curve, groups: Mapping[str, Floats]) -> Floats:
    by_source = np.array([curve.rates.get(one, curve.rate) for one in sample.sources] or [0.0])
    told = curve.worth[sample.slot]
    if sample.groups:
        nothing = np.zeros(HOURS)
        own = np.array(
            [sum((groups.get(one, nothing) for one in some), nothing) for some in sample.groups]
        )
        told = told + own[sample.person, sample.slot % HOURS]
    rates: Floats = np.minimum(by_source[sample.source] * np.exp(told), LIKELIEST)
    return rates


def _visits(sample: Sample, people: int) -> Floats:
    visits = np.zeros((people, 2, HOURS))
    slot = np.asarray(sample.visit_slot, np.int64)
    late = (slot // HOURS >= SATURDAY).astype(np.int64)
    np.add.at(visits, (sample.visit_person, late, slot % HOURS), 1.0)
    return visits


def _visits_near(visits: Floats, width: float, slot: Ints, person: Ints) -> tuple[Singles, Singles]:
    if not visits.any():
        none = np.zeros(len(slot), np.float32)
        return none, none
    spread = visits if not width else visits @ circle(smooth(width))
    late, hour = (slot // HOURS >= SATURDAY).astype(np.int64), slot % HOURS
    same, other = spread[person, late, hour], spread[person, 1 - late, hour]
    return same.astype(np.float32), other.astype(np.float32)


class _Walk:
    """Goes through all people's letters at once, the first of each, the second of each, …"""

    def __init__(self, letters: Ints, slot: Ints) -> None:
        self.letters = letters
        self.first = np.concatenate([[0], np.cumsum(letters)[:-1]]) if len(letters) else letters
        self.hour, self.late = slot % HOURS, (slot // HOURS >= SATURDAY).astype(np.int64)
        assert not len(slot) or int(slot.max()) < WEEK

    def through(
        self, came: Floats, due: Floats
    ) -> tuple[dict[float, list[Floats]], tuple[Floats, Floats]]:
        """By width four columns as in `Near`; and the sums over all hours."""
        size = len(came)
        near = {width: [np.zeros(size) for _ in range(4)] for width in (0.0, *WIDTHS)}
        sums = np.zeros(size), np.zeros(size)
        kernels = {width: circle(smooth(width)).astype(np.float32) for width in WIDTHS}
        state = np.zeros((2, len(self.letters), 2, HOURS), np.float32)
        for turn in range(int(self.letters.max(initial=0))):
            rows = np.flatnonzero(self.letters > turn)
            now = self.first[rows] + turn
            hour, late = self.hour[now], self.late[now]
            for which, values in enumerate((came, due)):
                of = state[which]
                same, other = of[rows, late], of[rows, 1 - late]
                sums[which][now] = same.sum(1) + other.sum(1)
                near[0.0][which][now] = same[np.arange(len(rows)), hour]
                near[0.0][which + 2][now] = other[np.arange(len(rows)), hour]
                for width, kernel in kernels.items():
                    beside = kernel[hour]
                    near[width][which][now] = np.einsum("ij,ij->i", same, beside)
                    near[width][which + 2][now] = np.einsum("ij,ij->i", other, beside)
                of[rows, late, hour] += values[now]
        return near, sums
