"""What a campaign came to: letters, clicks, goals and revenue by step and variant, and its lift."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, func, select

from lifecycle.core.action import WHATS
from lifecycle.core.campaign import Campaign
from lifecycle.core.settings import Settings
from lifecycle.core.words import length_words
from lifecycle.insight.attribution import (
    GONE,
    NOTHING,
    BothWays,
    Credited,
    Letter,
    Money,
    attributed,
    money,
    together,
)
from lifecycle.insight.goals import Reached, reached
from lifecycle.insight.holdout import Measured, measured, sure_share
from lifecycle.insight.interval import Share
from lifecycle.insight.lift_spoken import NO_HOLDOUT, NOBODY_YET, worth_told
from lifecycle.insight.machines import ByMachines, by_machines
from lifecycle.store import counted_hits
from lifecycle.store.occasions import OccasionState, states
from lifecycle.store.tables import METADATA

MESSAGE, DECISION = METADATA.tables["message"], METADATA.tables["decision"]
OCCASIONS = 20
"""So many occasions are told."""
STATE = METADATA.tables["campaign_state"]


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of one variant of a step; `opened` and `clicked` by humans.

    A goal counts for the last letter of the campaign before it, within the goal's time; `revenue`
    is what these goals were worth in the shop's currency, and what was refunded of orders is
    subtracted. `click` and `touch` are the orders that the letters are credited with, each order
    once over all campaigns.
    """

    step: str
    variant: str
    sent: int
    delivered: int
    opened: int
    clicked: Share
    bounced: int
    complained: int
    unsubscribed: int
    goals: Share
    revenue: Decimal
    opened_by_machines: int = 0
    """Letters that machines opened, or clicked in, whatever humans did."""
    clicked_by_machines: int = 0
    click: Credited = NOTHING
    touch: Credited = NOTHING
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Letters that never went, by reason."""
    other_currencies: Mapping[str, Money] = field(default_factory=dict)
    """Goals in other currencies than the shop's."""
    opened_unnamed: int = 0
    """Hits of people that were counted without a name, and not letters: one may open it often."""
    clicked_unnamed: int = 0


@dataclass(frozen=True, slots=True)
class Incremental:
    """What would not have come without the campaign: a customer's difference times those let in.

    Without a holdout it cannot be told, and `reason` says so.
    """

    revenue: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    customers: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Worth:
    """What a campaign was worth, in three ways that stand side by side."""

    currency: str
    click: Credited
    click_within: str
    touch: Credited
    touch_within: str
    incremental: Incremental
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """A campaign's numbers; `decisions` count what happened by what and reason."""

    campaign: str
    name: str
    status: str
    currency: str
    letters: tuple[Letters, ...]
    decisions: dict[str, int]
    dropped: dict[str, int]
    measured: Measured | None
    occasions: tuple[OccasionState, ...] = ()
    """How far a broadcast or a series has got, the latest last."""
    ordered: str = ""
    """Whether it is paused or stopped by command or by ourselves, and why."""
    worth: Worth | None = None


def campaign_report(
    connection: Connection, campaign: Campaign, settings: Settings, now: datetime
) -> CampaignReport:
    """The report of one campaign as of `now`."""
    decisions, dropped = _decisions(connection, campaign.id)
    credited = attributed(connection, settings, now, campaign.id)
    told = measured(connection, campaign, settings, now)
    found = Found(
        reached(connection, campaign, settings.shop.currency, now),
        credited,
        by_machines(connection, campaign.id, now),
        _dropped(connection, campaign.id),
        counted_hits.of_people(connection, campaign.id),
    )
    return CampaignReport(
        campaign.id,
        campaign.name,
        campaign.status,
        settings.shop.currency,
        tuple(_letters(connection, campaign, found)),
        decisions,
        dropped,
        told,
        tuple(_latest(connection, campaign.id)),
        _ordered(connection, campaign.id),
        _worth(credited, told, settings),
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What letters led to, by letter."""

    reached: Mapping[Letter, Reached]
    credited: Mapping[Letter, BothWays]
    machines: Mapping[Letter, ByMachines]
    dropped: Mapping[Letter, Mapping[str, int]]
    unnamed: Mapping[tuple[str, str], Mapping[str, int]]
    """What was counted without a name, by step and variant."""


def _worth(credited: Mapping[Letter, BothWays], told: Measured | None, settings: Settings) -> Worth:
    windows = settings.attribution
    found = Worth(
        settings.shop.currency,
        together(one.click for one in credited.values()),
        length_words(windows.click),
        together(one.touch for one in credited.values()),
        length_words(windows.touch),
        _incremental(told),
    )
    return replace(found, told=worth_told(found))


def _incremental(told: Measured | None) -> Incremental:
    if told is None:
        return Incremental(reason=NO_HOLDOUT)
    if told.revenue is None:
        return Incremental(reason=NOBODY_YET)
    customers = told.entered.of
    revenue, low, high = (
        money(Decimal(round(one * customers, 2)))
        for one in (told.revenue.difference, told.revenue.low, told.revenue.high)
    )
    return Incremental(revenue, low, high, customers)


def _latest(connection: Connection, campaign: str) -> list[OccasionState]:
    known = states(connection, campaign)
    known.sort(key=lambda one: (one.occasion, one.said, one.wave))
    return known[-OCCASIONS:]


def _ordered(connection: Connection, campaign: str) -> str:
    query = select(STATE.c.ordered, STATE.c.reason).where(STATE.c.campaign == campaign)
    row = connection.execute(query).first()
    return "" if row is None or not row.ordered else f"{row.ordered} ({row.reason})"


def _decisions(connection: Connection, campaign: str) -> tuple[dict[str, int], dict[str, int]]:
    query = (
        select(DECISION.c.what, DECISION.c.reason, func.count())
        .where(DECISION.c.campaign == campaign, DECISION.c.what.in_(WHATS))
        .group_by(DECISION.c.what, DECISION.c.reason)
    )
    whats: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    for what, reason, count in connection.execute(query):
        whats[what] += count
        if what == "dropped":
            dropped[reason] += count
    return dict(sorted(whats.items())), dict(dropped.most_common())


def _dropped(connection: Connection, campaign: str) -> Mapping[Letter, Mapping[str, int]]:
    query = (
        select(MESSAGE.c.step, MESSAGE.c.variant, MESSAGE.c.reason, func.count())
        .where(MESSAGE.c.campaign == campaign, MESSAGE.c.state == "dropped")
        .group_by(MESSAGE.c.step, MESSAGE.c.variant, MESSAGE.c.reason)
        .order_by(MESSAGE.c.reason)
    )
    found: dict[Letter, dict[str, int]] = defaultdict(dict)
    for step, variant, reason, count in connection.execute(query):
        found[campaign, step, variant][reason] = count
    return found


def _letters(connection: Connection, campaign: Campaign, found: Found) -> list[Letters]:
    marks = ("delivered_at", "opened_at", "clicked_at", "bounced_at", "complained_at")
    columns = [func.count(MESSAGE.c[name]) for name in (*marks, "unsubscribed_at")]
    query = (
        select(MESSAGE.c.step, MESSAGE.c.variant, func.count(), *columns)
        .where(MESSAGE.c.campaign == campaign.id, MESSAGE.c.state.in_(GONE))
        .group_by(MESSAGE.c.step, MESSAGE.c.variant)
        .order_by(func.min(MESSAGE.c.attempted_at), MESSAGE.c.step, MESSAGE.c.variant)
    )
    went = {(campaign.id, *row[:2]): tuple(row[2:]) for row in connection.execute(query)}
    never = dict.fromkeys(sorted(found.dropped.keys() - went.keys()), (0,) * (len(columns) + 1))
    return [_variant(letter, counts, found) for letter, counts in (went | never).items()]


def _variant(letter: Letter, counts: tuple[int, ...], found: Found) -> Letters:
    sent, delivered, opened, clicked, bounced, complained, left = counts
    reached = found.reached.get(letter, Reached())
    machines = found.machines.get(letter, ByMachines())
    ways = found.credited.get(letter, BothWays())
    unnamed = found.unnamed.get(letter[1:], {})
    return Letters(
        step=letter[1],
        variant=letter[2],
        sent=sent,
        delivered=delivered,
        opened=opened,
        clicked=sure_share(clicked, sent),
        bounced=bounced,
        complained=complained,
        unsubscribed=left,
        goals=sure_share(reached.letters, sent),
        revenue=reached.worth,
        opened_by_machines=machines.opened,
        clicked_by_machines=machines.clicked,
        click=ways.click,
        touch=ways.touch,
        dropped=found.dropped.get(letter, {}),
        other_currencies=reached.other_currencies,
        opened_unnamed=unnamed.get("open", 0),
        clicked_unnamed=unnamed.get("click", 0),
    )
