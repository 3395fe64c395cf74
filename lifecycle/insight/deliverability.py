"""How letters fare: bounces, complaints, what was dropped, and every letter of unknown fate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from lifecycle.core import breaker as breaker_core
from lifecycle.core.breaker import Opened
from lifecycle.core.mailbox import OTHERS
from lifecycle.core.settings import Breaker, Settings
from lifecycle.core.words import rfc3339
from lifecycle.insight.by_provider import FEW, ByProvider, FaresWith, by_provider
from lifecycle.insight.interval import Share, share
from lifecycle.insight.uncertain import RESENT_LISTED, Uncertain, uncertain_letters
from lifecycle.store import breaker, doubts, warm_up
from lifecycle.store.doubts import Resent
from lifecycle.store.tables import METADATA

MESSAGE, SUPPRESSION = METADATA.tables["message"], METADATA.tables["suppression"]
EVENT = METADATA.tables["event"]
LOOKS_BACK = timedelta(days=30)
HIGH_BOUNCE_RATE = 0.04
HIGH_COMPLAINT_RATE = 0.0008
"""From these on it is time to look. SES puts an account under review at 5 % of bounces or 0.1 % of
complaints (Amazon SES, sender review process); only bounces for good count."""
NOT_SENT = {
    "message_rejected": "SES took them for dangerous (Reject)",
    "message_unrendered": "SES could not put them together (Rendering Failure)",
}
"""What is told of letters that SES accepted and did not send."""


@dataclass(frozen=True, slots=True)
class Fares:
    """The letters of one campaign, or of all, in the last 30 days."""

    campaign: str
    sent: int
    delivered: int
    bounced: Share
    bounced_hard: Share
    """For good; SES holds these alone against its limit."""
    complained: Share
    unsubscribed: Share


@dataclass(frozen=True, slots=True)
class DeliverabilityReport:
    """All of it; `warnings` name what endangers the account."""

    overall: Fares
    campaigns: tuple[Fares, ...]
    dropped: dict[str, int]
    suppressed: dict[str, int]
    uncertain: tuple[Uncertain, ...]
    warnings: tuple[str, ...]
    breaker: Opened | None = None
    """What keeps marketing letters back now; None where nothing does."""
    providers: tuple[FaresWith, ...] = ()
    domains: tuple[FaresWith, ...] = ()
    """The domains with the highest rates, of those that got letters enough."""
    warming: WarmingTold | None = None
    """Where warming up a sending domain stands."""
    resent: tuple[Resent, ...] = ()
    """Letters that went again though their fate was unknown, as their campaigns allow."""
    resent_count: int = 0


@dataclass(frozen=True, slots=True)
class WarmingTold:
    """Day so of so many, at most so many letters to each provider, and what went by provider."""

    domain: str
    day: int
    days: int
    limit: int
    gone: dict[str, int]
    held: int
    """How many letters wait for it."""


def warming_told(
    connection: Connection, settings: Settings | None, now: datetime
) -> WarmingTold | None:
    """Where warming up stands; None where nothing is warmed up."""
    found = warm_up.standing(connection, settings, now) if settings is not None else None
    if found is None:
        return None
    held = select(func.count()).where(MESSAGE.c.state == "planned", MESSAGE.c.reason == "warmup")
    waiting = int(connection.execute(held).scalar() or 0)
    limit = found.plan.limit(found.day) or 0
    gone = dict(found.gone)
    return WarmingTold(found.domain, found.day + 1, found.plan.days, limit, gone, waiting)


def deliverability_report(
    connection: Connection,
    now: datetime,
    rule: Breaker | None = None,
    settings: Settings | None = None,
) -> DeliverabilityReport:
    """The report of the 30 days up to `now`; with a `rule`, whether the breaker is open."""
    found = breaker.look(connection, rule, now) if rule is not None else None
    since = now - LOOKS_BACK
    rows = _by_campaign(connection, since)
    campaigns = tuple(_fares(*row) for row in rows)
    totals = [sum(row[place] for row in rows) for place in range(1, 7)]
    overall = _fares("", *totals)
    fared = by_provider(connection, since)
    dropped = (
        select(MESSAGE.c.reason, func.count())
        .where(MESSAGE.c.state == "dropped", MESSAGE.c.planned_at > since)
        .group_by(MESSAGE.c.reason)
        .order_by(func.count().desc(), MESSAGE.c.reason)
    )
    suppressed = (
        select(SUPPRESSION.c.reason, func.count())
        .group_by(SUPPRESSION.c.reason)
        .order_by(SUPPRESSION.c.reason)
    )
    return DeliverabilityReport(
        overall,
        campaigns,
        dict(connection.execute(dropped).all()),
        dict(connection.execute(suppressed).all()),
        uncertain_letters(connection, now),
        (
            *_warnings(overall),
            *_warnings_of(fared),
            *_not_sent(connection, since),
            *_breaker(found),
        ),
        found,
        fared.providers,
        fared.domains,
        warming_told(connection, settings, now),
        doubts.resent(connection, RESENT_LISTED),
        doubts.count_resent(connection),
    )


def _not_sent(connection: Connection, since: datetime) -> list[str]:
    query = (
        select(EVENT.c.name, func.count())
        .where(EVENT.c.name.in_(sorted(NOT_SENT)), EVENT.c.at > since)
        .where(EVENT.c.event_id.like("ses:%"))
        .group_by(EVENT.c.name)
        .order_by(EVENT.c.name)
    )
    counted = connection.execute(query).all()
    return [f"{n} letters were accepted and not sent: {NOT_SENT[name]}" for name, n in counted]


def _by_campaign(connection: Connection, since: datetime) -> list[tuple[Any, ...]]:
    query = (
        select(
            MESSAGE.c.campaign,
            func.count(),
            func.count(MESSAGE.c.delivered_at),
            func.count(MESSAGE.c.bounced_at),
            func.count(MESSAGE.c.bounced_hard_at),
            func.count(MESSAGE.c.complained_at),
            func.count(MESSAGE.c.unsubscribed_at),
        )
        .where(MESSAGE.c.state.in_(("accepted", "uncertain")), MESSAGE.c.attempted_at > since)
        .group_by(MESSAGE.c.campaign)
        .order_by(MESSAGE.c.campaign)
    )
    return [tuple(row) for row in connection.execute(query)]


def _fares(campaign: str, sent: int, delivered: int, *harms: int) -> Fares:
    return Fares(campaign, sent, delivered, *(share(one, sent) for one in harms))


def _breaker(found: Opened | None) -> list[str]:
    if found is None:
        return []
    until = rfc3339(found.until)
    told = f"the breaker is open, marketing letters wait until {until}: {found.words()}"
    return [f"{told}; lifecycle resume --breaker closes it at once"]


def _warnings(overall: Fares) -> list[str]:
    told = []
    bounced, complained = overall.bounced_hard.rate or 0, overall.complained.rate or 0
    if bounced >= HIGH_BOUNCE_RATE:
        told.append(f"{bounced:.1%} of letters bounce for good; SES reviews from 5 %")
    if complained >= HIGH_COMPLAINT_RATE:
        told.append(f"{complained:.2%} of letters are complained of; SES reviews from 0.1 %")
    return told


def _warnings_of(fared: ByProvider) -> list[str]:
    """Of each provider and domain that had letters enough, what is too high."""
    told = []
    several = [one for one in fared.providers if one.name != OTHERS and one.sent >= FEW]
    known = {one.name for one in several}
    for one in (*several, *(one for one in fared.domains if one.name not in known)):
        for what, harm, high in (
            ("bounce for good", one.bounced_hard, HIGH_BOUNCE_RATE),
            ("are complained of", one.complained, HIGH_COMPLAINT_RATE),
        ):
            if harm.met >= breaker_core.FEW and harm.rate is not None and harm.rate >= high:
                told.append(f"{one.name}: {harm.rate:.2%} of {one.sent} letters {what}")
    return told
