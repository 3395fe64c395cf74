"""The report on hours as rows: one an hour of the week."""

from __future__ import annotations

from lifecycle.insight.best_hours import DAYS, BestHours
from lifecycle.insight.sheets.sheet import Sheet

HEADS = ("weekday", "hour", "worth", "low", "high")


def send_time_sheet(found: BestHours) -> Sheet:
    """One row for each hour of the week; none while nothing is learned."""
    rows = ((DAYS[one.weekday], one.hour, one.worth, one.low, one.high) for one in found.curve)
    return Sheet(HEADS, tuple(rows))
