"""Lines over days with their intervals as bands."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.insight.pictures.style import BAND

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW = 4
"""Of so few days each is a point with a bar: a band between them would look like many."""
MANY = 3
"""Bands of more lines than these are pale, and have edges."""
SETTLED = 0.4
"""The first part of the days, whose wide intervals do not decide how tall the axes are."""
BESIDE = 6.0
"""How far bars of one day stand apart, in points."""


@dataclass(frozen=True, slots=True)
class Point:
    """What was known at a place from left to right; None where nothing was."""

    at: float
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """Points in order, and how they are drawn."""

    points: tuple[Point, ...]
    colour: str
    dash: Any = "-"
    banded: bool = True

    @property
    def last(self) -> Point | None:
        """The last point at which anything is known."""
        return next((one for one in reversed(self.points) if one.value is not None), None)


def draw_lines(axes: Axes, lines: Sequence[Line]) -> None:
    """Draw lines and bands, and set how tall the axes are."""
    few = _are_few(lines)
    for place, line in enumerate(lines):
        if few:
            _bars(axes, line, BESIDE * (place - (len(lines) - 1) / 2))
            continue
        at = [one.at for one in line.points]
        values = [_number(one.value) for one in line.points]
        axes.plot(at, values, color=line.colour, linestyle=line.dash, zorder=3)
        if line.banded:
            lows, highs = ([_number(one) for one in ends] for ends in _ends(line.points))
            pale = sum(one.banded for one in lines) > MANY
            body = BAND / 3 if pale else BAND
            axes.fill_between(at, lows, highs, color=line.colour, alpha=body, linewidth=0, zorder=2)
            for ends in (lows, highs) if pale else ():
                axes.plot(at, ends, color=line.colour, alpha=0.55, linewidth=0.6, zorder=2)


def limits(lines: Sequence[Line], *always: float) -> tuple[float, float]:
    """From where to where the axes reach: what is known late in full, and all of `always`."""
    found = list(always)
    unsettled = 0.0 if _are_few(lines) else SETTLED
    for line in lines:
        known = [one for one in line.points if one.value is not None]
        for one in known[int(unsettled * len(known)) :]:
            banded = (one.low, one.high) if line.banded else ()
            found += [end for end in (one.value, *banded) if end is not None]
    if not found:
        return 0.0, 1.0
    low, high = min(found), max(found)
    room = 0.06 * (high - low) or abs(high) * 0.1 or 0.01
    return low - room, high + room


def _are_few(lines: Sequence[Line]) -> bool:
    return all(sum(one.value is not None for one in line.points) <= FEW for line in lines)


def _bars(axes: Axes, line: Line, aside: float) -> None:
    from matplotlib.transforms import ScaledTranslation

    known = [one for one in line.points if one.value is not None]
    at = [one.at for one in known]
    figure = axes.get_figure(root=True)
    assert figure is not None
    moved = axes.transData + ScaledTranslation(aside / 72, 0, figure.dpi_scale_trans)
    axes.plot(
        at,
        [_number(one.value) for one in known],
        color=line.colour,
        linestyle=line.dash if len(known) > 1 else "none",
        marker="o",
        markersize=4.5,
        zorder=3,
        transform=moved,
        clip_on=False,
    )
    if line.banded:
        lows, highs = ([_number(one) for one in ends] for ends in _ends(known))
        axes.vlines(
            at, lows, highs, color=line.colour, alpha=0.5, linewidth=2.5, zorder=2, transform=moved
        )


def _ends(points: Sequence[Point]) -> tuple[list[float | None], list[float | None]]:
    return [one.low for one in points], [one.high for one in points]


def _number(value: float | None) -> float:
    return math.nan if value is None else value
