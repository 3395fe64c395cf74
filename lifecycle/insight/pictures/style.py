"""How pictures look: one quiet style, read with any eyes, on any machine the same."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from lifecycle.insight.pictures.page import INK, QUIET, SMALL_SIZE, one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAPER, GRID, SHADE, AXIS = "#ffffff", "#e6e8eb", "#f1f2f4", "#b4bac2"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Told apart by colour-blind eyes too: Okabe and Ito, Color Universal Design (2008)."""
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
"""Beside the colour, so that lines are told apart in grey, and beyond the colours there are."""
BAND = 0.14
"""How much colour an interval has."""
SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": SMALL_SIZE,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": AXIS,
    "axes.labelcolor": QUIET,
    "axes.linewidth": 0.8,
    "axes.unicode_minus": True,
    "xtick.color": AXIS,
    "ytick.color": AXIS,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "lines.linewidth": 1.7,
    "svg.fonttype": "path",
    "svg.hashsalt": "lifecycle",
    "path.simplify": False,
    "axes.formatter.use_locale": False,
}
"""Of matplotlib; the font comes with it, and letters are drawn as shapes."""


def colour_of(place: int) -> str:
    """The colour of the variant at a place."""
    return COLOURS[place % len(COLOURS)]


def dash_of(place: int) -> Any:
    """The dashes of the variant at a place: no two of one colour have the same."""
    again, first = divmod(place, len(COLOURS))
    own = first if first < len(DASHES) else 0
    return DASHES[(own + again) % len(DASHES)]


def quiet(axes: Axes, *, across: bool = True) -> None:
    """Leave of the axes what is read: lines at the ticks of one side, and no frame.

    `across`: lines go from left to right, at the ticks of the left side.
    """
    for side in ("top", "right", "left" if across else "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(visible=True, axis="y" if across else "x", color=GRID, linewidth=0.8)
    axes.tick_params(length=0, pad=4)


def shortened(text: str, most: int) -> str:
    """A name in the width of so many Latin letters at most; a wide letter takes that of two."""
    text = one_line(text)
    ends = list(accumulate(2 if east_asian_width(one) in "WF" else 1 for one in text))
    if not ends or ends[-1] <= most:
        return text
    return f"{text[: sum(end < most for end in ends)].rstrip()}…"
