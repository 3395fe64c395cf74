"""By which shares a bandit gave out its variants, from day to day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from lifecycle.insight.bandit import BanditReport
from lifecycle.insight.pictures.days_axis import Days
from lifecycle.insight.pictures.line_names import LineName, write_names
from lifecycle.insight.pictures.style import colour_of, dash_of, quiet, shortened
from lifecycle.insight.pictures.units import Unit, number_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WHOLE = Unit(" %", 100)
NAME_LETTERS = 16


def draw_shares(axes: Axes, found: BanditReport, days: Days, begins: datetime, last: float) -> None:
    """Draw each variant's share since it follows the answers, in steps: it changes overnight."""
    quiet(axes)
    axes.set_ylim(0, 1)
    days.name(axes, last)
    names = []
    for place, one in enumerate(found.variants):
        at, shares = _steps(found, one.variant, one.share, days, begins, last)
        look = {"color": colour_of(place), "linestyle": dash_of(place), "where": "post"}
        axes.step(at, shares, **look)
        told = f"{shortened(one.variant, NAME_LETTERS)} {one.share:.0%}".replace("%", " %")
        names.append(LineName(told, one.share, colour_of(place), dash_of(place)))
    number_ticks(axes, WHOLE)
    write_names(axes, names)


def _steps(
    found: BanditReport, variant: str, now: float, days: Days, begins: datetime, last: float
) -> tuple[Sequence[float], Sequence[float]]:
    """Where the share of a variant changed, and to what; since `begins` where it never did."""
    if not found.periods:
        return [days.of_instant(begins), last], [now, now]
    at = [days.of_instant(period.since) for period in found.periods]
    shares = [dict(period.shares).get(variant, 0.0) for period in found.periods]
    return [*at, max(last, at[-1])], [*shares, now]
