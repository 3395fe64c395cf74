"""How far those let in and those held out are apart, as rows: one a day."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle.insight.judged import Ends, Point
from lifecycle.insight.sheets.sheet import Cell, Sheet

HEADS = (
    *("day", "let_in", "held_out", "goal_difference", "goal_low", "goal_high"),
    *("revenue_difference", "revenue_low", "revenue_high", "currency"),
)


def lift_day_sheet(series: Sequence[Point], currency: str) -> Sheet:
    """One row a day, of those counted by its end; differences are a customer's."""
    rows = [
        (one.day, one.let_in, one.held_out, *_three(one.goal), *_three(one.revenue), currency)
        for one in series
    ]
    return Sheet(HEADS, tuple(rows))


def _three(ends: Ends | None) -> tuple[Cell, Cell, Cell]:
    return (None, None, None) if ends is None else (ends.difference, ends.low, ends.high)
