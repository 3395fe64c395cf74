"""A campaign's report as rows: one a step and variant, or one a day of its holdout."""

from __future__ import annotations

from lifecycle.insight.campaign import CampaignReport, Letters
from lifecycle.insight.sheets.lift_days import lift_day_sheet
from lifecycle.insight.sheets.sheet import Cell, Sheet

HEADS = (
    *("step", "variant", "sent", "delivered", "opened", "opened_by_machines"),
    *("clicked", "clicked_rate", "clicked_low", "clicked_high", "clicked_by_machines"),
    *("bounced", "complained", "unsubscribed", "dropped"),
    *("goals", "goal_rate", "goal_low", "goal_high", "goal_revenue"),
    *("orders_after_click", "revenue_after_click", "refunded_after_click"),
    *("orders_after_letter", "revenue_after_letter", "refunded_after_letter", "currency"),
    *("opened_unnamed", "clicked_unnamed"),
)


def campaign_sheet(found: CampaignReport) -> Sheet:
    """One row a step and variant; amounts are in the shop's currency, refunds subtracted."""
    return Sheet(HEADS, tuple(_row(one, found.currency) for one in found.letters))


def campaign_day_sheet(found: CampaignReport) -> Sheet:
    """One row a day: how far those let in and those held out were apart; none without a holdout."""
    series = found.measured.series if found.measured is not None else ()
    return lift_day_sheet(series, found.currency)


def _row(one: Letters, currency: str) -> tuple[Cell, ...]:
    clicked, goals, click, touch = one.clicked, one.goals, one.click, one.touch
    return (
        *(one.step, one.variant, one.sent, one.delivered, one.opened, one.opened_by_machines),
        *(clicked.met, clicked.rate, clicked.low, clicked.high, one.clicked_by_machines),
        *(one.bounced, one.complained, one.unsubscribed, sum(one.dropped.values())),
        *(goals.met, goals.rate, goals.low, goals.high, one.revenue),
        *(click.orders, click.revenue, click.refunded),
        *(touch.orders, touch.revenue, touch.refunded, currency),
        *(one.opened_unnamed, one.clicked_unnamed),
    )
