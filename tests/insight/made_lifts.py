"""Reports of campaigns and holdouts as they come from real ones, made of stated shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from lifecycle.catalog.load import from_files
from lifecycle.core.campaign import Campaign
from lifecycle.insight.attribution import Credited
from lifecycle.insight.campaign import CampaignReport, Incremental, Letters, Worth
from lifecycle.insight.global_holdout import Cost, GlobalHoldout
from lifecycle.insight.holdout import Measured, sure_share
from lifecycle.insight.interval import share
from lifecycle.insight.judged import Ends, Point
from lifecycle.insight.lift import Compared, compare
from lifecycle.insight.lift_spoken import (
    NO_HOLDOUT,
    NOBODY_YET,
    campaign_told,
    shop_told,
    worth_told,
)
from lifecycle.insight.ratio import sample_ratio
from lifecycle.models.cuped import Cell
from tests.cli.shop import FILES

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
SPENT = 40.0


def hello() -> Campaign:
    """The campaign of the small shop."""
    catalog = from_files(FILES).catalog
    assert catalog is not None
    return catalog.campaigns["hello"]


def _cell(customers: int, rate: float, amount: float) -> Cell:
    some = round(customers * rate)
    return Cell(customers, some, some * amount, some * amount * amount, 0.0, 0.0, 0.0)


def _compared(
    let_in: int, held_out: int, rates: tuple[float, float], amount: float
) -> Compared | None:
    sides = _cell(let_in, rates[0], amount), _cell(held_out, rates[1], amount)
    return compare([sides], amount)


def made_series(
    days: int, a_day: int, percent: float, rates: tuple[float, float]
) -> tuple[Point, ...]:
    """Each day's differences, of so many more customers a day."""
    found = []
    for day in range(days):
        out = round(a_day * (day + 1) * percent / 100)
        into = a_day * (day + 1) - out
        ends = [_compared(into, out, rates, amount) for amount in (1.0, SPENT)]
        told = [None if one is None else Ends(one.difference, one.low, one.high) for one in ends]
        found.append(Point((FIRST + timedelta(days=day)).date(), into, out, *told))
    return tuple(found)


def made_measured(days: int, a_day: int, percent: float, rates: tuple[float, float]) -> Measured:
    """What a campaign's holdout tells after so many days."""
    series = made_series(days, a_day, percent, rates)
    into, out = (series[-1].let_in, series[-1].held_out) if series else (0, 0)
    bought = round(into * rates[0]), round(out * rates[1])
    found = Measured(
        entered=sure_share(bought[0], into),
        held_out=sure_share(bought[1], out),
        lift=_compared(into, out, rates, 1.0),
        revenue=_compared(into, out, rates, SPENT),
        revenue_entered=Decimal(bought[0] * SPENT),
        revenue_held_out=Decimal(bought[1] * SPENT),
        capped_at=None,
        within="5 days",
        within_seconds=5 * 86400,
        too_young_entered=a_day,
        too_young_held_out=a_day // 10,
        ratio=sample_ratio([(into, out, percent)]),
        crossed=0,
        series=series,
    )
    return replace(found, told=campaign_told(hello(), found, "EUR"))


def made_letters(steps: Mapping[str, int]) -> tuple[Letters, ...]:
    """Steps, each with so many letters."""
    return tuple(
        Letters(
            step=name,
            variant="",
            sent=sent,
            delivered=sent - sent // 60,
            opened=sent // 4,
            clicked=share(sent // 17, sent),
            bounced=sent // 60,
            complained=0,
            unsubscribed=sent // 300,
            goals=share(sent // 50, sent),
            revenue=Decimal(sent // 50 * 40),
            clicked_by_machines=sent // 9,
            click=Credited(sent // 40, Decimal(sent) + Decimal("0.50")),
            touch=Credited(sent // 12, Decimal(sent * 3)),
        )
        for name, sent in steps.items()
    )


def made_campaign(
    steps: Mapping[str, int], measured: Measured | None, name: str = "Hello", currency: str = "EUR"
) -> CampaignReport:
    """A campaign's report with these steps and this holdout."""
    letters = made_letters(steps)
    sent = sum(steps.values())
    more = Incremental(reason=NO_HOLDOUT if measured is None else NOBODY_YET)
    if measured is not None and measured.revenue is not None:
        each, customers = measured.revenue, measured.entered.of
        more = Incremental(
            Decimal(round(each.difference * customers)),
            Decimal(round(each.low * customers)),
            Decimal(round(each.high * customers)),
            customers,
        )
    click, touch = Credited(sent // 40, Decimal(sent)), Credited(sent // 12, Decimal(sent * 3))
    worth = Worth(currency, click, "5 days", touch, "5 days", more)
    return CampaignReport(
        "hello",
        name,
        "live",
        currency,
        letters,
        {"entered": sent},
        {},
        measured,
        worth=replace(worth, told=worth_told(worth)),
    )


def made_holdout(days: int, a_day: int, rates: tuple[float, float]) -> GlobalHoldout:
    """The report of the whole shop's holdout after so many days."""
    found = made_measured(days, a_day, 5.0, rates)
    whole = GlobalHoldout(
        percent=5.0,
        currency="EUR",
        in_force_since=None,
        begins=FIRST,
        ends=FIRST + timedelta(days=days),
        entered=found.entered,
        held_out=found.held_out,
        ordered=found.lift,
        revenue=found.revenue,
        revenue_entered=found.revenue_entered,
        revenue_held_out=found.revenue_held_out,
        capped_at=None,
        not_earned_a_month=Cost(Decimal(800), Decimal(-100), Decimal(1700)),
        ratio=found.ratio,
        series=found.series,
    )
    return replace(whole, told=shop_told(whole))
