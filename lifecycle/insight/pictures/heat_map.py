"""The picture of best hours: when the list answers, as a week of hours, and what that brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lifecycle.insight.best_hours import DAYS, BestHours, Compared
from lifecycle.insight.pictures.page import (
    INK,
    QUIET,
    SMALL_SIZE,
    Panel,
    Picture,
    Words,
    answer,
    question,
    remark,
)
from lifecycle.insight.pictures.style import COLOURS, quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ASKED = "When do readers answer?"
HOURS_ON_AXIS = range(0, 24, 3)
LEAST_SPAN = 0.05
"""Colours span at least so much, so that chance does not look like much."""


def send_time_picture(found: BestHours) -> Picture:
    """The heat map of the hours of the week, and the control's comparison."""
    told = " ".join(found.told)
    parts: list[Words | Panel] = [question(ASKED), answer(found.told[0])]
    if found.curve:
        about = f"Learned of {found.letters:,} letters and {found.answered:,} answers."
        shown = "Likelier (orange) or less likely (blue) than on average, on the readers' clocks. "
        parts += [
            remark(shown + about),
            Panel(lambda axes: _heat(axes, found), 2.1, 0.6, 1.0),
        ]
        tellable = [one for one in found.compared if one.tellable]
        parts.append(question("What do best hours bring?"))
        parts += [answer(one.told) for one in found.compared]
        if tellable:
            shown = "Answers at chosen hours against the control's; bars: true at every look."
            parts += [
                remark(shown),
                Panel(lambda axes: _lifts(axes, tellable), 0.4 * len(tellable) + 0.2, 1.6, 0.9),
            ]
    return Picture(ASKED, told, tuple(parts))


def _heat(axes: Axes, found: BestHours) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    rows = [[0.0] * 24 for _ in DAYS]
    for one in found.curve:
        rows[one.weekday][one.hour] = one.worth
    most = max(LEAST_SPAN, *(abs(worth) for row in rows for worth in row))
    colours = LinearSegmentedColormap.from_list("worth", (COLOURS[0], "#ffffff", COLOURS[1]))
    drawn = axes.pcolormesh(
        range(25), range(8), rows, cmap=colours, vmin=-most, vmax=most, edgecolors="#ffffff"
    )
    axes.invert_yaxis()
    axes.set_yticks([place + 0.5 for place in range(7)], labels=list(DAYS))
    axes.set_xticks([hour + 0.5 for hour in HOURS_ON_AXIS], [f"{h:02}:00" for h in HOURS_ON_AXIS])
    axes.tick_params(length=0, pad=4)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    highest = max(one.worth for one in found.curve)
    best = [one for one in found.curve if one.worth == highest]
    across, down = [one.hour + 0.5 for one in best], [one.weekday + 0.5 for one in best]
    axes.plot(across, down, "o", color=INK, markersize=4)
    beside = axes.inset_axes((1.03, 0.0, 0.02, 1.0))
    bar = axes.figure.colorbar(drawn, cax=beside)
    bar.outline.set_visible(False)
    bar.set_ticks([-most, 0.0, most], labels=[f"{-most:+.0%}", "average", f"{most:+.0%}"])
    beside.tick_params(length=0, labelsize=SMALL_SIZE, labelcolor=QUIET)


def _lifts(axes: Axes, compared: list[Compared]) -> None:
    quiet(axes, across=False)
    axes.axvline(0, color=QUIET, linewidth=0.8)
    axes.set_ylim(len(compared) - 0.5, -0.5)
    names = {"shop": "the shop's hour", "list": "the list's best"}
    for place, one in enumerate(compared):
        assert one.lift is not None
        axes.hlines(place, one.lift.low, one.lift.high, color=COLOURS[place], linewidth=2.5)
        axes.plot(one.lift.ratio, place, "o", color=COLOURS[place], markersize=6, zorder=3)
        axes.text(
            1.03,
            place,
            f"{one.lift.ratio:+.1%}",
            color=INK,
            va="center",
            transform=axes.get_yaxis_transform(),
        )
    axes.set_yticks(
        range(len(compared)), labels=[f"against {names[one.control]}" for one in compared]
    )
    axes.tick_params(axis="y", labelcolor=INK)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+.0%}")
