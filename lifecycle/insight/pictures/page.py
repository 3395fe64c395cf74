"""What a picture is made of: words and panels, one below the other, on a page of one width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import category

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, QUIET = "#1f2328", "#59636e"
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 12.5, 9.5, 8.5
TURNING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""What turns the direction of the text after it, numbers too."""
BREAKING = ("Cc", "Zl", "Zp")
"""Categories of what breaks a line, or has no shape."""


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph, broken where it is too wide; sizes are in points, gaps in inches."""

    text: str
    size: float = TEXT_SIZE
    bold: bool = False
    colour: str = INK
    gap: float = 0.08
    """What is left free below it."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A drawing with axes: `draw` fills them; all lengths are in inches."""

    draw: Callable[[Axes], None]
    height: float
    left: float = 0.7
    right: float = 0.25
    below: float = 0.45
    """What is left free for the labels of the axes."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its text alternative: `title` asks, `told` answers in words."""

    title: str
    told: str
    parts: tuple[Words | Panel, ...]


def one_line(text: str) -> str:
    """A text as names are written in pictures: on one line, and nothing in it turns the others."""
    return "".join(" " if category(one) in BREAKING else one for one in text if one not in TURNING)


def question(text: str) -> Words:
    """What a picture, or a part of one, is to answer."""
    return Words(text, TITLE_SIZE, bold=True, gap=0.06)


def answer(text: str) -> Words:
    """What it answers."""
    return Words(text, TEXT_SIZE, colour=INK, gap=0.16)


def remark(text: str) -> Words:
    """What a panel shows, and how it is to be read."""
    return Words(text, SMALL_SIZE, colour=QUIET, gap=0.1)
