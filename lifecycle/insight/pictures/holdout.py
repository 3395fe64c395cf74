"""The picture of the whole shop's holdout: what all marketing brings, and since when that shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle.insight.global_holdout import GlobalHoldout
from lifecycle.insight.interval import Share
from lifecycle.insight.pictures.lift_days import lift_parts
from lifecycle.insight.pictures.page import INK, Panel, Picture, Words, answer, question, remark
from lifecycle.insight.pictures.style import COLOURS, quiet
from lifecycle.insight.pictures.units import SHARE, number_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ASKED = "What does all marketing bring?"


def holdout_picture(found: GlobalHoldout | None, nothing: str) -> Picture:
    """The picture of the report; `nothing` says why there is none."""
    if found is None:
        return Picture(ASKED, nothing, (question(ASKED), answer(nothing)))
    said = (
        found.told[-1] if found.ratio.alarm else " ".join(found.told[: 2 if found.ordered else 1])
    )
    parts: list[Words | Panel] = [question(ASKED), answer(said)]
    sides = (("may be written to", found.entered), ("held out", found.held_out))
    if all(share.rate is not None for _, share in sides):
        parts += [
            remark("Customers who ordered; bars: 95 % intervals, true at every look."),
            Panel(lambda axes: _draw(axes, sides), 0.75, 1.35, 1.85),
        ]
    parts += lift_parts(
        found.series, "ordered", found.currency, "customers whom marketing may reach"
    )
    return Picture(ASKED, " ".join(found.told), tuple(parts))


def _draw(axes: Axes, sides: tuple[tuple[str, Share], ...]) -> None:
    quiet(axes, across=False)
    highest = max(share.high or share.rate or 0.0 for _, share in sides)
    axes.set_xlim(0, highest * 1.05 or 1.0)
    axes.set_ylim(len(sides) - 0.5, -0.5)
    for place, (_, share) in enumerate(sides):
        rate, low, high = share.rate or 0.0, share.low or 0.0, share.high or 0.0
        axes.hlines(place, low, high, color=COLOURS[place], linewidth=2.5)
        axes.plot(rate, place, "o", color=COLOURS[place], markersize=6, zorder=3)
        axes.text(
            1.03,
            place,
            f"{SHARE.words(rate)}: {share.met:,} of {share.of:,}",
            color=INK,
            va="center",
            transform=axes.get_yaxis_transform(),
        )
    axes.set_yticks(range(len(sides)), labels=[name for name, _ in sides])
    axes.tick_params(axis="y", labelcolor=INK)
    number_ticks(axes, SHARE, across=True)
