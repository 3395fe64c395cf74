"""Names at the ends of lines, moved apart where they would lie on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle.insight.pictures.page import INK, SMALL_SIZE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS_APART = SMALL_SIZE * 1.3
SAMPLE = (0.015, 0.05)
"""From where to where a piece of the line stands before its name, in widths of the axes."""
NAME_AT = 0.062


@dataclass(frozen=True, slots=True)
class LineName:
    """A name, where its line ends, and how the line is drawn."""

    text: str
    height: float
    colour: str
    dash: Any = "-"


def write_names(axes: Axes, names: Sequence[LineName]) -> None:
    """Write the names to the right of the axes, each as near to its line's end as can be."""
    if not names:
        return
    low, high = axes.get_ylim()
    figure = axes.get_figure(root=True)
    assert figure is not None
    tall = axes.get_position().height * figure.get_figheight() * 72
    ranked = sorted(names, key=lambda one: one.height)
    wanted = [min(1.0, max(0.0, (one.height - low) / (high - low))) * tall for one in ranked]
    for one, place in zip(ranked, apart(wanted, POINTS_APART, tall), strict=True):
        at = place / tall
        piece = {"color": one.colour, "linestyle": one.dash, "clip_on": False}
        axes.plot([1 + end for end in SAMPLE], (at, at), transform=axes.transAxes, **piece)
        axes.text(1 + NAME_AT, at, one.text, color=INK, va="center", transform=axes.transAxes)


def apart(wanted: Sequence[float], gap: float, most: float) -> list[float]:
    """Places in order, as near to those wanted as can be, at least `gap` apart, up to `most`.

    Neighbours that lie too near make a group, which stands around the middle of what they wanted.
    """
    groups: list[tuple[float, int]] = []
    for one in wanted:
        groups.append((one, 1))
        while len(groups) > 1 and _overlap(groups[-2], groups[-1], gap):
            (middle, count), (other, others) = groups[-2:]
            together = (middle * count + other * others) / (count + others)
            groups[-2:] = [(together, count + others)]
    found = [
        middle + (place - (count - 1) / 2) * gap
        for middle, count in groups
        for place in range(count)
    ]
    for place in range(len(found)):
        found[place] = max(found[place], found[place - 1] + gap if place else 0.0)
    over = (found[-1] - most) if found else 0.0
    if over > 0:
        found[-1] -= over
        for place in range(len(found) - 2, -1, -1):
            found[place] = min(found[place], found[place + 1] - gap)
    return found


def _overlap(one: tuple[float, int], other: tuple[float, int], gap: float) -> bool:
    return other[0] - (other[1] - 1) / 2 * gap - (one[0] + (one[1] - 1) / 2 * gap) < gap
