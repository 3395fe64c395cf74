"""Step by step how many letters were sent, delivered, clicked by people, and led to the goal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.insight.campaign import Letters
from lifecycle.insight.pictures.page import INK, Panel, Words, remark
from lifecycle.insight.pictures.style import COLOURS, quiet, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_STEPS = 10
NAME_LETTERS = 22
BAR, GAP = 0.17, 0.14
"""Inches of a bar, and between steps."""
STAGES = ("sent", "delivered", "clicked", "goal")
SHADES = (1.0, 0.72, 0.45, 0.25)


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    counts: tuple[int, ...]


def funnel_parts(letters: Sequence[Letters]) -> list[Words | Panel]:
    """The panel of a campaign's steps, the variants of each together; nothing where none went."""
    counts: dict[str, list[int]] = {}
    for one in letters:
        mine = counts.setdefault(one.step, [0] * len(STAGES))
        found = (one.sent, one.delivered, one.clicked.met, one.goals.met)
        counts[one.step] = [before + more for before, more in zip(mine, found, strict=True)]
    steps = [_Step(name, tuple(found)) for name, found in counts.items() if found[0]]
    if not steps:
        return []
    shown = steps[:MOST_STEPS]
    height = len(shown) * (len(STAGES) * BAR + GAP)
    parts: list[Words | Panel] = [
        remark("Letters of each step: sent, delivered, clicked in by people, and led to the goal."),
        Panel(lambda axes: _draw(axes, shown), height, 1.6, 1.75, 0.1),
    ]
    if len(steps) > len(shown):
        parts.append(remark(f"{len(steps) - len(shown)} more steps are told in the table."))
    return parts


def _draw(axes: Axes, steps: Sequence[_Step]) -> None:
    tall = len(STAGES) * BAR + GAP
    quiet(axes, across=False)
    axes.grid(visible=False)
    axes.set_xticks([])
    axes.set_xlim(0, max(one.counts[0] for one in steps))
    axes.set_ylim(len(steps) * tall, 0)
    middles = []
    for number, step in enumerate(steps):
        top = number * tall + GAP / 2
        middles.append(top + len(STAGES) * BAR / 2)
        for place, (stage, count) in enumerate(zip(STAGES, step.counts, strict=True)):
            at = top + (place + 0.5) * BAR
            colour = (COLOURS[0], SHADES[place])
            axes.barh(at, count, BAR * 0.82, color=colour, linewidth=0)
            share = f"  {count / step.counts[0]:.1%}".replace("%", " %") if place else ""
            axes.text(
                1.02,
                at,
                f"{count:,} {stage}{share}",
                color=INK,
                va="center",
                transform=axes.get_yaxis_transform(),
            )
    names = [shortened(one.name, NAME_LETTERS) for one in steps]
    axes.set_yticks(middles, labels=names)
    axes.tick_params(axis="y", labelcolor=INK)
