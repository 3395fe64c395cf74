"""How far those let in and those held out are apart, day by day, with the zero line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lifecycle.insight import judged
from lifecycle.insight.pictures.days_axis import Days
from lifecycle.insight.pictures.line_names import LineName, write_names
from lifecycle.insight.pictures.lines import Line, Point, draw_lines, limits
from lifecycle.insight.pictures.page import QUIET, Panel, Words, remark
from lifecycle.insight.pictures.style import COLOURS, quiet
from lifecycle.insight.pictures.units import POINTS, Unit, money_unit, number_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RIGHT = 1.1


def lift_parts(
    series: Sequence[judged.Point], did: str, currency: str, who: str
) -> list[Words | Panel]:
    """A panel for the goal and one for revenue, as far as there is anything to draw.

    `did` says what the goal is, as in "ordered", and `who` the others than those held out.
    """
    parts: list[Words | Panel] = []
    how = "band: 95 % interval at every look."
    if any(one.goal is not None for one in series):
        parts += [
            remark(f"Of 100 {who}, how many more {did} than of 100 held out; {how}"),
            _panel(series, [one.goal for one in series], POINTS),
        ]
    if any(one.revenue is not None for one in series):
        parts += [
            remark(f"What each of the {who} brought more than each held out; {how}"),
            _panel(series, [one.revenue for one in series], money_unit(currency)),
        ]
    return parts


def _panel(series: Sequence[judged.Point], ends: Sequence[judged.Ends | None], unit: Unit) -> Panel:
    days = Days(series[0].day)
    points = tuple(
        Point(days.of_day(one.day), *((None,) * 3 if end is None else _three(end)))
        for one, end in zip(series, ends, strict=True)
    )
    return Panel(lambda axes: _draw(axes, days, points, unit), 1.6, 0.7, RIGHT)


def _three(end: judged.Ends) -> tuple[float, float, float]:
    return end.difference, end.low, end.high


def _draw(axes: Axes, days: Days, points: tuple[Point, ...], unit: Unit) -> None:
    line = Line(points, COLOURS[0])
    quiet(axes)
    axes.set_ylim(*limits([line], 0.0))
    days.name(axes, points[-1].at)
    axes.axhline(0, color=QUIET, linewidth=1, zorder=2.5)
    draw_lines(axes, [line])
    number_ticks(axes, unit, signed=True)
    last = line.last
    if last is not None and last.value is not None:
        write_names(axes, [LineName(unit.words(last.value, signed=True), last.value, COLOURS[0])])
