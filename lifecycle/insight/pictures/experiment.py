"""The picture of an experiment: each variant over the days, and the leader beside the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, cast

from lifecycle.core.campaign import LETTER
from lifecycle.core.words import zone_of
from lifecycle.insight.pictures.days_axis import Days
from lifecycle.insight.pictures.line_names import LineName, write_names
from lifecycle.insight.pictures.lines import Line, Point, draw_lines, limits
from lifecycle.insight.pictures.page import (
    QUIET,
    SMALL_SIZE,
    Panel,
    Picture,
    Words,
    answer,
    question,
    remark,
)
from lifecycle.insight.pictures.shares import draw_shares
from lifecycle.insight.pictures.style import (
    AXIS,
    SHADE,
    colour_of,
    dash_of,
    quiet,
    shortened,
)
from lifecycle.insight.pictures.units import POINTS, SHARE, Unit, money_unit, number_ticks
from lifecycle.insight.tested import DayDifference, DayRate, StepReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_TESTS = 4
"""So many tests are drawn, the first ones told: a longer picture nobody reads."""
NAME_LETTERS = 16
RIGHT = 1.85
"""Inches for names beside the lines."""
ASKS = {
    "click_rate": "is clicked in most",
    "goal_rate": "leads to the goal most often",
    "open_rate": "is opened most",
    "revenue": "brings most",
}
MEASURES = {
    "click_rate": "Letters that a person clicked in",
    "goal_rate": "Letters that led to the goal",
    "open_rate": "Letters that a person opened",
    "revenue": "What a letter brought",
}


def experiment_picture(
    found: Sequence[StepReport],
    campaign: str,
    zone: str,
    currency: str,
    *,
    nothing: str = "No step of this campaign has variants.",
) -> Picture:
    """The picture of a campaign's tests; days are those of `zone`, amounts are in `currency`.

    `nothing` is what is said where there is none.
    """
    if not found:
        title = f"Which variant of “{campaign}” does best?"
        return Picture(title, nothing, (question(title), answer(nothing)))
    parts: list[Words | Panel] = []
    for step in found[:MOST_TESTS]:
        parts += [Words("", SMALL_SIZE)] if parts else []
        parts += _parts(step, campaign, zone, currency)
    if len(found) > MOST_TESTS:
        parts.append(remark(f"{len(found) - MOST_TESTS} more tests are told in the table."))
    told = " ".join(f"{_question(one, campaign)} {one.sentence}" for one in found[:MOST_TESTS])
    return Picture(_question(found[0], campaign), told, tuple(parts))


def _question(step: StepReport, campaign: str) -> str:
    name = campaign if step.step == LETTER else f"{campaign}: {step.step}"
    which = f"“{name}”" + (f" of {step.occasion}" if step.occasion else "")
    return f"Which variant of {which} {ASKS.get(step.by, 'does best')}?"


def _parts(step: StepReport, campaign: str, zone: str, currency: str) -> list[Words | Panel]:
    unit = money_unit(currency) if step.by == "revenue" else SHARE
    apart = unit if step.by == "revenue" else POINTS
    each = f"{step.confidence:g} % interval of each, true at every look"
    parts: list[Words | Panel] = [question(_question(step, campaign)), answer(step.sentence)]
    if not step.series:
        return [*parts, remark("No letter of it has gone yet.")]
    days = _days(step, zone)
    if not any(one.rate is not None for day in step.series for one in day.rates):
        return [*parts, remark("No letter has had its time to be answered yet.")]
    raw = " Not corrected for shares that changed." if step.bandit is not None else ""
    parts += [
        remark(f"{MEASURES.get(step.by, step.by)}, all until then; bands: the {each}.{raw}"),
        *_room_above(step),
        Panel(lambda axes: _rates(axes, step, days, unit), 2.35, 0.62, RIGHT),
    ]
    if step.bandit is not None:
        bandit, begins = step.bandit, step.first_at or step.series[0].ends
        last = days.of_instant(step.series[-1].ends)
        parts += [
            remark("Shares by which readers get the variants: they follow the answers."),
            Panel(lambda axes: draw_shares(axes, bandit, days, begins, last), 1.5, 0.62, RIGHT),
        ]
    elif any(one.low is not None for day in step.series for one in day.differences):
        leader = shortened(step.series[-1].differences[0].leader, 30)
        band = " The band is that of the closest." if len(step.variants) > 2 else ""
        parts += [
            remark(
                f"“{leader}” less each other variant: once a band leaves 0 there is a difference."
                + band
            ),
            Panel(lambda axes: _differences(axes, step, days, apart), 1.75, 0.62, RIGHT),
        ]
    return parts


def _room_above(step: StepReport) -> list[Words]:
    """Room for what is said above the axes: of the early time, and of the verdict."""
    said = (_decides_from(step) is not None) + (step.verdict_at is not None)
    return [Words("", SMALL_SIZE, gap=0.02)] * said


def _decides_from(step: StepReport) -> datetime | None:
    """Until when nothing is decided; of a bandit nothing ever is."""
    return None if step.bandit is not None else step.decides_from


def _days(step: StepReport, zone: str) -> Days:
    own = zone_of(zone)
    first = step.first_at if step.first_at is not None else step.series[0].ends
    return Days(min(first, step.series[0].ends).astimezone(own).date(), own)


def _rates(axes: Axes, step: StepReport, days: Days, unit: Unit) -> None:
    at = [days.of_instant(one.ends) for one in step.series]
    names = [one.variant for one in step.variants]
    lines = []
    for place, name in enumerate(names):
        each = [_of(name, one.rates) for one in step.series]
        points = tuple(_point(x, one) for x, one in zip(at, each, strict=True))
        lines.append(Line(points, colour_of(place), dash_of(place)))
    low, high = limits(lines)
    _frame(axes, step, days, at[-1], (max(low, 0.0), high))
    draw_lines(axes, lines)
    number_ticks(axes, unit)
    _name(axes, names, lines, lambda name, last: f"{_short(name)} {unit.words(last)}")


def _differences(axes: Axes, step: StepReport, days: Days, unit: Unit) -> None:
    at = [days.of_instant(one.ends) for one in step.series]
    places = {one.variant: place for place, one in enumerate(step.variants)}
    others = [one.variant for one in step.series[-1].differences]
    closest = step.comparisons[0].variant if step.comparisons else others[0]
    lines = []
    for name in others:
        each = [_of(name, one.differences) for one in step.series]
        points = tuple(_point(x, one) for x, one in zip(at, each, strict=True))
        colour, dash = colour_of(places[name]), dash_of(places[name])
        lines.append(Line(points, colour, dash, banded=name == closest))
    _frame(axes, step, days, at[-1], limits(lines, 0.0), named=False)
    axes.axhline(0, color=QUIET, linewidth=1, zorder=2.5)
    draw_lines(axes, lines)
    number_ticks(axes, unit, signed=True)
    _name(
        axes,
        others,
        lines,
        lambda name, last: f"vs {_short(name, 4)} {unit.words(last, signed=True)}",
    )


def _short(name: str, fewer: int = 0) -> str:
    return shortened(name, NAME_LETTERS - fewer)


def _name(
    axes: Axes, names: Sequence[str], lines: Sequence[Line], words: Callable[[str, float], str]
) -> None:
    """Write the names of lines beside their ends."""
    found = []
    for name, line in zip(names, lines, strict=True):
        if line.last is not None and (last := line.last.value) is not None:
            found.append(LineName(words(name, last), last, line.colour, line.dash))
    write_names(axes, found)


def _frame(
    axes: Axes,
    step: StepReport,
    days: Days,
    last: float,
    reach: tuple[float, float],
    *,
    named: bool = True,
) -> None:
    """The days, the time before which nothing is decided, and the moment of the verdict."""
    quiet(axes)
    axes.set_ylim(*reach)
    starts = _decides_from(step)
    early = None if starts is None else days.of_instant(starts)
    verdict = None if step.verdict_at is None else days.of_instant(step.verdict_at)
    soon = early if early is not None and early < 2 * last + 7 else None
    days.name(axes, max(last, verdict or 0.0), soon)
    if early is not None:
        axes.axvspan(0, early, color=SHADE, linewidth=0, zorder=0)
        if named:
            _say(axes, 0, "nothing is decided this early", 0)
    if verdict is not None:
        axes.axvline(verdict, color=AXIS, linewidth=1.4, zorder=2.4)
        if named:
            _say(axes, verdict, f"decided: {shortened(step.verdict, 30)}", early is not None)


def _say(axes: Axes, at: float, text: str, row: int) -> None:
    """A word above the axes, at a place; to the left of it where the right has no room."""
    low, high = axes.get_xlim()
    right = at > low + 0.6 * (high - low)
    axes.annotate(
        text,
        (max(at, low), 1),
        xycoords=("data", "axes fraction"),
        xytext=(4 if right else -1, 3 + row * SMALL_SIZE * 1.35),
        textcoords="offset points",
        ha="right" if right else "left",
        va="bottom",
        color=QUIET,
        fontsize=SMALL_SIZE - 0.5,
        annotation_clip=False,
    )


def _of(name: str, listed: Sequence[DayRate] | Sequence[DayDifference]) -> DayRate | DayDifference:
    return next(
        one for one in cast("Sequence[DayRate | DayDifference]", listed) if one.variant == name
    )


def _point(at: float, one: DayRate | DayDifference) -> Point:
    value = one.rate if isinstance(one, DayRate) else one.difference
    return Point(at, value, one.low, one.high)
