"""An experiment's report as rows: one a variant of a step, or one a variant and day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from lifecycle.core.words import MICROSECOND, zone_of
from lifecycle.insight.sheets.sheet import Cell, Sheet
from lifecycle.insight.tested import StepReport, VariantScore

HEADS = (
    *("step", "occasion", "variant", "planned", "sent", "delivered", "opened"),
    *("opened_by_machine", "clicked", "goals", "revenue", "currency"),
    *("measure", "counted", "met", "rate", "low", "high", "confidence", "probability_best"),
    *("verdict", "verdict_proven", "verdict_at", "sample_ratio_wrong", "sentence"),
)
DAY_HEADS = (
    *("step", "occasion", "day", "until", "variant", "measure", "counted", "rate", "low", "high"),
    *("leader", "leader_ahead_by", "ahead_low", "ahead_high"),
)


def experiment_sheet(found: Sequence[StepReport], currency: str) -> Sheet:
    """One row a variant of a step: `rate` is of the letters `counted`, whose time is over.

    Of a bandit, rate and interval are those corrected for shares that changed.
    """
    rows = [_row(step, one, currency) for step in found for one in step.variants]
    return Sheet(HEADS, tuple(rows))


def experiment_day_sheet(found: Sequence[StepReport], zone: str) -> Sheet:
    """One row a variant and day: what was known by the end of the day, which is one of `zone`.

    `leader_ahead_by` is the leader's rate less this variant's.
    """
    own = zone_of(zone)
    rows: list[tuple[Cell, ...]] = []
    for step in found:
        for day in step.series:
            # A day ends at midnight, which is the next day's already.
            name = _day_before(day.ends.astimezone(own))
            ahead = {one.variant: one for one in day.differences}
            for one in day.rates:
                less = ahead.get(one.variant)
                lead: tuple[Cell, ...] = (None,) * 4
                if less is not None:
                    lead = (less.leader, less.difference, less.low, less.high)
                of = (step.step, step.occasion, name, day.ends, one.variant, step.by)
                rows.append((*of, one.sent, one.rate, one.low, one.high, *lead))
    return Sheet(DAY_HEADS, tuple(rows))


def _day_before(ends: datetime) -> date:
    return (ends - MICROSECOND).date()


def _row(step: StepReport, one: VariantScore, currency: str) -> tuple[Cell, ...]:
    rate, low, high, best = one.rate, one.low, one.high, one.best
    if step.bandit is not None:
        mine = next((two for two in step.bandit.variants if two.variant == one.variant), None)
        best = mine.chance if mine is not None else None
        if mine is not None and mine.weighed is not None:
            rate, low, high = mine.weighed.rate, mine.weighed.low, mine.weighed.high
    wrong = None if step.ratio is None else step.ratio.wrong
    return (
        *(step.step, step.occasion, one.variant, one.planned, one.sent, one.delivered, one.opened),
        *(one.opened_by_machine, one.clicked, one.goals, one.revenue, currency),
        *(step.by, one.share.of, one.share.met, rate, low, high, step.confidence, best),
        *(step.verdict, step.verdict_proven, step.verdict_at, wrong, step.sentence),
    )
