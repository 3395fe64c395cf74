"""How groups of people (zone, acquisition, device) deviate from the list's curve by the hour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifecycle.core.learned_hours import HOURS
from lifecycle.models.hour_blocks import Blocks, blocks_of
from lifecycle.models.hour_curve import Curve
from lifecycle.models.hour_evidence import KEPT_WEEKS, Count, Floats
from lifecycle.models.hour_kernels import circle, row
from lifecycle.models.quadratic import Parabola

SCALES = (0.002, 0.03, 0.06, 0.12, 0.24, 0.48)
"""Standard deviations of deviations that are weighed by the evidence; the first is none."""
LEAST_DEVIATION = 0.002
"""Groups that deviate less anywhere are left out."""
STEPS = 8


def deviations(counts: Sequence[Count], week: int, curve: Curve) -> dict[str, Floats]:
    """By group, what is added to the list's curve at each hour of the day.

    Each kind of group ("zone", before the colon) is compared within itself, hour by hour, so that
    letters of many sources may be summed up: what sources do to an hour they do to all its groups.
    """
    kinds: dict[str, list[Count]] = {}
    for one in counts:
        if one.group and week - one.week <= KEPT_WEEKS:
            kinds.setdefault(one.group.partition(":")[0], []).append(one)
    told: dict[str, Floats] = {}
    for _, rows in sorted(kinds.items()):
        told |= _of_kind(rows, week, curve)
    return told


def _of_kind(rows: Sequence[Count], week: int, curve: Curve) -> dict[str, Floats]:
    named = [
        Count(one.week, one.group, "", one.slot, one.letters, one.expected, one.answered)
        for one in rows
    ]
    blocks = blocks_of(named, week).faded(curve.half_life)
    together = _by_hour(blocks)
    shared = _shared(together, curve)
    names = sorted(set(blocks.source))
    shape = circle(row(curve.shape))
    parts = [_part(_of(together, name), shared) for name in names]
    grid = [[part.under(scale**2 * shape) for part in parts] for scale in SCALES]
    logs = np.array([sum(one.log_evidence for one in found) for found in grid])
    share = np.exp(logs - logs.max())
    share /= share.sum()
    told: dict[str, Floats] = {}
    for place, name in enumerate(names):
        mean = np.asarray(share @ np.array([found[place].mean for found in grid]), np.float64)
        mean = mean - mean.mean()
        if np.abs(mean).max() >= LEAST_DEVIATION:
            told[name] = mean
    return told


def _by_hour(blocks: Blocks) -> Blocks:
    """All weekdays together, so that a group is compared with others in the same hours."""
    rows = len(blocks.source)
    return Blocks(
        blocks.answered.reshape(rows, -1, HOURS).sum(1),
        blocks.expected.reshape(rows, -1, HOURS).sum(1),
        blocks.weight,
        blocks.age,
        blocks.source,
    )


def _shared(blocks: Blocks, curve: Curve) -> Floats:
    """What the hours are worth to the whole kind, sources mixed as they were."""
    whole = Blocks(
        (blocks.weight @ blocks.answered)[None],
        (blocks.weight @ blocks.expected)[None],
        np.ones(1),
        np.zeros(1, np.int64),
        ["all"],
    )
    found = np.zeros(HOURS)
    prior = circle(row(curve.shape))
    for _ in range(STEPS):
        found = found + np.clip(whole.near(found).under(prior).mean - found, -1.0, 1.0)
    return found


def _of(blocks: Blocks, name: str) -> Blocks:
    some = np.array([one == name for one in blocks.source])
    return Blocks(
        blocks.answered[some],
        blocks.expected[some],
        blocks.weight[some],
        blocks.age[some],
        [name] * int(some.sum()),
    )


def _part(blocks: Blocks, shared: Floats) -> Parabola:
    """The likelihood of a group's deviation from what is shared."""
    near = blocks.near(shared)
    return Parabola(near.linear - near.information @ shared, near.information)
