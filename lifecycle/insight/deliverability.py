"""How letters fare: bounces, complaints, what was dropped, and every letter of unknown fate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from lifecycle.core.breaker import Opened
from lifecycle.core.settings import Breaker
from lifecycle.core.words import rfc3339
from lifecycle.insight.interval import Share, share
from lifecycle.store import breaker
from lifecycle.store.tables import METADATA

MESSAGE, SUPPRESSION = METADATA.tables["message"], METADATA.tables["suppression"]
LOOKS_BACK = timedelta(days=30)
WORST_BOUNCE_RATE = 0.05
WORST_COMPLAINT_RATE = 0.001
"""Above these SES puts an account under review (Amazon SES, sender review process)."""
UNCERTAIN_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Fares:
    """The letters of one campaign, or of all, in the last 30 days."""

    campaign: str
    sent: int
    delivered: int
    bounced: Share
    complained: Share
    unsubscribed: Share


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A letter that may or may not have gone, and for how long that has not been known."""

    message_id: str
    customer: str
    campaign: str
    step: str
    since: datetime
    age_seconds: float


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


def deliverability_report(
    connection: Connection, now: datetime, rule: Breaker | None = None
) -> DeliverabilityReport:
    """The report of the 30 days up to `now`; with a `rule`, whether the breaker is open."""
    found = breaker.look(connection, rule, now) if rule is not None else None
    since = now - LOOKS_BACK
    query = (
        select(
            MESSAGE.c.campaign,
            func.count(),
            func.count(MESSAGE.c.delivered_at),
            func.count(MESSAGE.c.bounced_at),
            func.count(MESSAGE.c.complained_at),
            func.count(MESSAGE.c.unsubscribed_at),
        )
        .where(MESSAGE.c.state.in_(("accepted", "uncertain")), MESSAGE.c.attempted_at > since)
        .group_by(MESSAGE.c.campaign)
        .order_by(MESSAGE.c.campaign)
    )
    rows = [tuple(row) for row in connection.execute(query)]
    campaigns = tuple(_fares(*row) for row in rows)
    totals = [sum(row[place] for row in rows) for place in range(1, 6)]
    overall = _fares("", *totals)
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
        (*_warnings(overall), *_breaker(found)),
        found,
    )


def uncertain_letters(connection: Connection, now: datetime) -> tuple[Uncertain, ...]:
    """The letters of unknown fate, the oldest first; at most UNCERTAIN_LISTED."""
    query = (
        select(MESSAGE)
        .where(MESSAGE.c.state == "uncertain")
        .order_by(MESSAGE.c.uncertain_since, MESSAGE.c.message_id)
        .limit(UNCERTAIN_LISTED)
    )
    return tuple(
        Uncertain(
            row.message_id,
            row.customer_id,
            row.campaign,
            row.step,
            row.uncertain_since,
            (now - row.uncertain_since).total_seconds(),
        )
        for row in connection.execute(query)
    )


def _fares(
    campaign: str, sent: int, delivered: int, bounced: int, complained: int, left: int
) -> Fares:
    return Fares(
        campaign,
        sent,
        delivered,
        share(bounced, sent),
        share(complained, sent),
        share(left, sent),
    )


def _breaker(found: Opened | None) -> list[str]:
    if found is None:
        return []
    until = rfc3339(found.until)
    told = f"the breaker is open, marketing letters wait until {until}: {found.words()}"
    return [f"{told}; lifecycle resume --breaker closes it at once"]


def _warnings(overall: Fares) -> list[str]:
    told = []
    if overall.bounced.rate is not None and overall.bounced.rate >= WORST_BOUNCE_RATE:
        told.append(f"{overall.bounced.rate:.1%} of letters bounce; SES reviews accounts from 5 %")
    if overall.complained.rate is not None and overall.complained.rate >= WORST_COMPLAINT_RATE:
        rate = overall.complained.rate
        told.append(f"{rate:.2%} of letters are complained of; SES reviews accounts from 0.1 %")
    return told
