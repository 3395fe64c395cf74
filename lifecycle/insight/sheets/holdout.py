"""The report of the whole shop's holdout as rows: one a side, or one a day."""

from __future__ import annotations

from lifecycle.insight.global_holdout import GlobalHoldout
from lifecycle.insight.sheets.lift_days import lift_day_sheet
from lifecycle.insight.sheets.sheet import Sheet

HEADS = ("side", "customers", "ordered", "rate", "low", "high", "revenue", "currency")


def holdout_sheet(found: GlobalHoldout | None) -> Sheet:
    """One row for those whom marketing may reach, one for those held out; none without a holdout.

    Revenue is the sum over the side, refunds subtracted.
    """
    if found is None:
        return Sheet(HEADS, ())
    sides = (
        ("let_in", found.entered, found.revenue_entered),
        ("held_out", found.held_out, found.revenue_held_out),
    )
    return Sheet(
        HEADS,
        tuple(
            (name, one.of, one.met, one.rate, one.low, one.high, revenue, found.currency)
            for name, one, revenue in sides
        ),
    )


def holdout_day_sheet(found: GlobalHoldout | None) -> Sheet:
    """One row a day: how far both sides were apart."""
    return lift_day_sheet(
        found.series if found is not None else (), found.currency if found else ""
    )
