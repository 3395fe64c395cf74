"""The three figures of what a campaign was worth, side by side, each with what it counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.insight.attribution import Credited
from lifecycle.insight.campaign import Worth
from lifecycle.insight.pictures.page import INK, QUIET, Panel, Words, remark
from lifecycle.insight.pictures.style import COLOURS, quiet
from lifecycle.insight.pictures.units import PLAIN, number_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

THICK = 0.5


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    value: float | None
    low: float | None
    high: float | None
    told: str


def three_figures(worth: Worth) -> list[Words | Panel]:
    """The panel with the three figures; the third one has an interval, or says why it is not."""
    more = worth.incremental
    rows = (
        _credited(f"within {worth.click_within} of a click", worth.click),
        _credited(f"within {worth.touch_within} of a letter,\nclicked or not", worth.touch),
        _Row(
            "would not have come\nwithout the campaign",
            None if more.revenue is None else float(more.revenue),
            None if more.low is None else float(more.low),
            None if more.high is None else float(more.high),
            more.reason
            if more.revenue is None
            else f"about {more.revenue:,.0f}\n({more.low:,.0f} to {more.high:,.0f})",
        ),
    )
    said = (
        f"Revenue in {worth.currency}, refunds subtracted, in three ways: the first two give a "
        "letter credit for orders that came after it; the third compares with those held out."
    )
    return [remark(said), Panel(lambda axes: _draw(axes, rows), 1.45, 1.75, 1.35)]


def _credited(name: str, found: Credited) -> _Row:
    told = f"{found.revenue:,.0f}\n{found.orders:,} order{'' if found.orders == 1 else 's'}"
    return _Row(name, float(found.revenue), None, None, told)


def _draw(axes: Axes, rows: tuple[_Row, ...]) -> None:
    quiet(axes, across=False)
    axes.spines["left"].set_visible(False)
    ends = [end for row in rows for end in (row.value, row.low, row.high) if end is not None]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = 0.04 * (high - low) or 1.0
    axes.set_xlim(low - (room if low < 0 else 0), high + room)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    for place, row in enumerate(rows):
        if row.value is None:
            axes.text(
                0.02,
                place,
                row.told,
                color=QUIET,
                va="center",
                transform=axes.get_yaxis_transform(),
            )
            continue
        if row.low is None:
            axes.barh(place, row.value, THICK, color=COLOURS[place], linewidth=0, zorder=2)
        else:
            axes.hlines(place, row.low, row.high or 0.0, color=COLOURS[place], linewidth=2.5)
            axes.plot(row.value, place, "o", color=COLOURS[place], markersize=6, zorder=3)
        axes.text(
            1.03, place, row.told, color=INK, va="center", transform=axes.get_yaxis_transform()
        )
    axes.axvline(0, color=QUIET, linewidth=1, zorder=2.5)
    axes.set_yticks(range(len(rows)), labels=[row.name for row in rows])
    axes.tick_params(axis="y", labelcolor=INK)
    number_ticks(axes, PLAIN, across=True)
