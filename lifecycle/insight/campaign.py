"""What a campaign came to: letters, clicks, goals and revenue by step and variant, and its lift."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Connection, exists, func, select, type_coerce

from lifecycle.core.campaign import Campaign
from lifecycle.core.words import number
from lifecycle.insight.interval import Lift, Share, lift, share
from lifecycle.store.occasions import OccasionState, states
from lifecycle.store.tables import METADATA

MESSAGE, EVENT = METADATA.tables["message"], METADATA.tables["event"]
DECISION, ENROLLMENT = METADATA.tables["decision"], METADATA.tables["enrollment"]
GONE = ("accepted", "uncertain")
STREAMED = 2_000
OCCASIONS = 20
"""So many occasions are told."""
STATE = METADATA.tables["campaign_state"]


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of one variant of a step; `clicked` are humans, `goals` letters that led to one.

    A goal counts for the last letter of the campaign before it, within the goal's time.
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


@dataclass(frozen=True, slots=True)
class Measured:
    """Those let in against those held out: shares who met the goal within its time of entering."""

    entered: Share
    held_out: Share
    lift: Lift | None


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


def campaign_report(
    connection: Connection, campaign: Campaign, currency: str, now: datetime
) -> CampaignReport:
    """The report of one campaign as of `now`."""
    decisions, dropped = _decisions(connection, campaign.id)
    goals, revenue = _goals(connection, campaign, now)
    return CampaignReport(
        campaign.id,
        campaign.name,
        campaign.status,
        currency,
        tuple(_letters(connection, campaign, goals, revenue)),
        decisions,
        dropped,
        _measured(connection, campaign, now),
        tuple(_latest(connection, campaign.id)),
        _ordered(connection, campaign.id),
    )


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
        .where(DECISION.c.campaign == campaign)
        .group_by(DECISION.c.what, DECISION.c.reason)
    )
    whats: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    for what, reason, count in connection.execute(query):
        whats[what] += count
        if what == "dropped":
            dropped[reason] += count
    return dict(sorted(whats.items())), dict(dropped.most_common())


def _letters(
    connection: Connection,
    campaign: Campaign,
    goals: Counter[tuple[str, str]],
    revenue: dict[tuple[str, str], Decimal],
) -> list[Letters]:
    marks = ("delivered_at", "opened_at", "clicked_at", "bounced_at", "complained_at")
    columns = [func.count(MESSAGE.c[name]) for name in (*marks, "unsubscribed_at")]
    query = (
        select(MESSAGE.c.step, MESSAGE.c.variant, func.count(), *columns)
        .where(MESSAGE.c.campaign == campaign.id, MESSAGE.c.state.in_(GONE))
        .group_by(MESSAGE.c.step, MESSAGE.c.variant)
        .order_by(func.min(MESSAGE.c.attempted_at), MESSAGE.c.step, MESSAGE.c.variant)
    )
    found = []
    for (
        step,
        variant,
        sent,
        delivered,
        opened,
        clicked,
        bounced,
        complained,
        left,
    ) in connection.execute(query):
        key = (step, variant)
        found.append(
            Letters(
                step,
                variant,
                sent,
                delivered,
                opened,
                share(clicked, sent),
                bounced,
                complained,
                left,
                share(goals[key], sent),
                revenue.get(key, Decimal()),
            )
        )
    return found


def _goals(
    connection: Connection, campaign: Campaign, now: datetime
) -> tuple[Counter[tuple[str, str]], dict[tuple[str, str], Decimal]]:
    """Letters that led to a goal, and what the goals were worth, by step and variant."""
    led: set[str] = set()
    goals: Counter[tuple[str, str]] = Counter()
    revenue: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    if campaign.goal is None:
        return goals, revenue
    later = MESSAGE.alias("later")
    is_later = (
        (later.c.customer_id == MESSAGE.c.customer_id)
        & (later.c.campaign == MESSAGE.c.campaign)
        & later.c.state.in_(GONE)
        & (later.c.attempted_at > MESSAGE.c.attempted_at)
        & (later.c.attempted_at <= EVENT.c.at)
    )
    query = select(
        MESSAGE.c.message_id, MESSAGE.c.step, MESSAGE.c.variant, EVENT.c.properties
    ).where(
        MESSAGE.c.campaign == campaign.id,
        MESSAGE.c.state.in_(GONE),
        *_within(campaign, MESSAGE.c.customer_id, MESSAGE.c.attempted_at, now),
        ~exists().where(is_later),
    )
    path = campaign.goal.value.split(".") if campaign.goal.value else []
    for message_id, step, variant, properties in _streamed(connection, query):
        if message_id not in led:
            led.add(message_id)
            goals[step, variant] += 1
        worth = number(_at(properties, path)) if path else None
        if worth is not None:
            revenue[step, variant] += worth
    return goals, revenue


def _within(campaign: Campaign, customer: Any, begins: Any, now: datetime) -> list[Any]:
    assert campaign.goal is not None
    length = int(campaign.goal.within.total_seconds() * 1_000_000)
    names = [name for name in campaign.goal.when if not name.endswith("*")]
    named: Any = EVENT.c.name.in_(names)
    for name in campaign.goal.when:
        if name.endswith("*"):
            named = named | EVENT.c.name.startswith(name[:-1], autoescape=True)
    return [
        EVENT.c.customer_id == customer,
        named,
        EVENT.c.at >= begins,
        type_coerce(EVENT.c.at, BigInteger) < type_coerce(begins, BigInteger) + length,
        EVENT.c.due_at <= now,
    ]


def _measured(connection: Connection, campaign: Campaign, now: datetime) -> Measured | None:
    """Both sides counted from entering, by customer, since those held out get no letter."""
    if campaign.goal is None:
        return None
    met = exists().where(*_within(campaign, ENROLLMENT.c.customer_id, ENROLLMENT.c.entered_at, now))
    out = ENROLLMENT.c.state == "held_out"
    query = (
        select(
            out.label("out"),
            func.count(ENROLLMENT.c.customer_id.distinct()),
            func.count(ENROLLMENT.c.customer_id.distinct()).filter(met),
        )
        .where(ENROLLMENT.c.campaign == campaign.id)
        .group_by(out)
    )
    found = {bool(held): share(hit, of) for held, of, hit in connection.execute(query)}
    if True not in found:
        return None
    entered = found.get(False, share(0, 0))
    return Measured(entered, found[True], lift(entered, found[True]))


def _at(value: Any, path: list[str]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _streamed(connection: Connection, query: Any) -> Any:
    return connection.execute(query, execution_options={"yield_per": STREAMED})
