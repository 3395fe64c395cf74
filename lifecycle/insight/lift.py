"""By how much one side of a comparison lies above the other, with an interval for every look.

The interval holds at all looks together: the confidence sequence of `core/sequential.py`. Few and
skewed figures are kept from looking surer than they are as Wilson (1927) does it for shares: each
side's variance is the one it would have at the end of its interval, and the ends are joined as by
Newcombe (1998), method 10. Times with other shares held out are averaged with the weights of Mantel
and Haenszel (1959).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace

from lifecycle.core.sequential import half_width, together
from lifecycle.insight.interval import wilson
from lifecycle.models.cuped import Cell, theta, variance_of_mean

ALPHA = 0.05
"""So often, at most, an interval misses the truth at any of all looks."""
LARGER_EFFECTS = 14.0
"""The mixture is as many times wider, in variance, than that of variants: a holdout is small, and
the interval is to be at its sharpest at some 250 held out of many, not at thousands."""
PSEUDO = 30
"""Each side's idea of how large what is measured is, begins with so many of both sides."""
LARGEST = 2
"""And with so many of the largest there are, since few figures have not shown it yet."""
FEWEST_TO_NARROW = 30
"""What was before is used where so many on each side have something, then and now."""
WORTH_NARROWING = 0.01
"""An interval less than 1 % narrower is left as it is."""
MOST_NEEDED = 10_000_000
"""No shop's list is larger: more than these are not told."""
_BITS = 20

Stratum = tuple[Cell, Cell]
"""Those let in and those held out of one time, in which the share held out did not change."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What is measured a customer on both sides, and how far they are apart.

    `difference` is that of those let in above those held out, from `low` to `high` in 95 of 100
    cases however often one looks. `proven`: it is not 0. `needed` more held out would be about
    enough to tell this difference; None where it is told, or where there is none. `narrower` is the
    share by which what customers bought before makes the interval narrower.
    """

    let_in: float
    held_out: float
    difference: float
    low: float
    high: float
    proven: bool
    needed: int | None = None
    narrower: float | None = None


def compare(strata: Sequence[Stratum], largest: float = 1.0) -> Compared | None:
    """The comparison of both sides; None while one of them has nobody, or nobody has anything.

    `largest` is what a customer can come to, or the most that one has come to.

    The differences of the strata are averaged, so that a share that was changed in between does
    not lend one side the better months.
    """
    told = [one for one in strata if one[0].customers >= 1 and one[1].customers >= 1]
    cells = [cell for one in told for cell in one]
    if not told or not any(cell.y for cell in cells):
        return None
    found = _compared(told, largest)
    return replace(found, needed=_needed(told, found, largest))


def _compared(strata: Sequence[Stratum], largest: float) -> Compared:
    weights = [_weight(one) for one in strata]
    expected = _expected([cell for one in strata for cell in one], largest)
    plain = _difference(strata, weights, expected)
    return _narrowed(strata, weights, expected, plain)


def multiplier(size: float) -> float:
    """How many standard errors the interval is wide at `size`, either way, at this and any look.

    `size` is that of a single sample with the variance of the difference: n m / (n + m).
    """
    return half_width(1.0, size * LARGER_EFFECTS, ALPHA)


def _weight(stratum: Stratum) -> float:
    one, other = stratum
    return together(one.customers, other.customers)


def _expected(cells: Sequence[Cell], largest: float) -> tuple[float, float]:
    """Sums of y and yy that each side begins with: of some of both sides, and of the largest."""
    share = PSEUDO / sum(cell.some for cell in cells)
    y = share * sum(cell.y for cell in cells) + LARGEST * largest
    return y, share * sum(cell.yy for cell in cells) + LARGEST * largest * largest


def _difference(
    strata: Sequence[Stratum],
    weights: Sequence[float],
    expected: tuple[float, float],
    slope: float = 0.0,
    scale: float = 1.0,
) -> Compared:
    size = sum(weights)
    z = multiplier(size)
    ones = others = difference = below = above = 0.0
    for (one, other), weight in zip(strata, weights, strict=True):
        part = weight / size
        before = one.mean_before - other.mean_before
        ones += part * one.mean
        others += part * other.mean
        difference += part * (one.mean - other.mean - slope * before)
        ends = [_ends(cell, expected, z) for cell in (one, other)]
        below += part**2 * (ends[0][0] ** 2 + ends[1][1] ** 2)
        above += part**2 * (ends[0][1] ** 2 + ends[1][0] ** 2)
    low = difference - scale * math.sqrt(below)
    high = difference + scale * math.sqrt(above)
    return Compared(ones, others, difference, low, high, low > 0 or high < 0)


def _ends(cell: Cell, expected: tuple[float, float], z: float) -> tuple[float, float]:
    """How far below and above its mean a cell's true mean may lie.

    A customer's figure is taken for `unit` or nothing, where unit is E[y²] / E[y]: that has the
    true mean and the true second moment, and is a share of 0 or 1 where y is.
    """
    unit = (cell.yy + expected[1]) / (cell.y + expected[0])
    rate = min(1.0, cell.y / cell.customers / unit)
    low, high = wilson(rate, cell.customers, z)
    return max(0.0, rate - low) * unit, max(0.0, high - rate) * unit


def _narrowed(
    strata: Sequence[Stratum],
    weights: Sequence[float],
    expected: tuple[float, float],
    plain: Compared,
) -> Compared:
    """The same with what was before taken out, where that makes the interval narrower."""
    sides = [[one[side] for one in strata] for side in (0, 1)]
    for side in sides:
        if sum(cell.some for cell in side) < FEWEST_TO_NARROW:
            return plain
    cells = [cell for one in strata for cell in one]
    slope = theta(cells)
    size = sum(weights)
    spreads = [
        sum(
            (weight / size) ** 2 * sum(variance_of_mean(cell, by) for cell in one)
            for one, weight in zip(strata, weights, strict=True)
        )
        for by in (0.0, slope)
    ]
    if spreads[0] <= 0 or spreads[1] >= spreads[0]:
        return plain
    scale = math.sqrt(spreads[1] / spreads[0])
    if 1 - scale < WORTH_NARROWING:
        return plain
    found = _difference(strata, weights, expected, slope, scale)
    return replace(found, narrower=1 - scale)


def _needed(strata: Sequence[Stratum], found: Compared, largest: float) -> int | None:
    """How many more held out would tell this difference, if all goes on as it is.

    As many times the people, with as many times their goals: the number at which the interval
    comes to spare 0 is found by halving.
    """
    if found.proven or found.difference == 0:
        return None
    held_out = sum(other.customers for _, other in strata)

    def tells(times: float) -> bool:
        many = [(_times(one, times), _times(other, times)) for one, other in strata]
        return _compared(many, largest).proven

    few, many = 1.0, 2.0
    while not tells(many):
        few, many = many, many * 2
        if held_out * many > MOST_NEEDED * 2:
            return MOST_NEEDED
    for _ in range(_BITS):
        middle = (few + many) / 2
        few, many = (few, middle) if tells(middle) else (middle, many)
    return min(MOST_NEEDED, max(1, math.ceil(held_out * (many - 1))))


def _times(cell: Cell, times: float) -> Cell:
    """So many times the same people."""
    return Cell(*(times * one for one in astuple(cell)))
