"""What all marketing brings, told by the holdout of the whole shop, and what holding out costs.

Everybody who could be written to counts, written to or not, from the moment at which they agreed to
a topic: unsubscribing or bouncing later takes nobody out, since only those who are written to do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, Connection, Subquery, case, exists, func, literal, or_, select
from sqlalchemy import type_coerce as coerced

from lifecycle.core.chance import fraction
from lifecycle.core.enter import Goal
from lifecycle.core.kept import ORDER
from lifecycle.core.settings import Settings
from lifecycle.core.words import from_micros, micros, zone_of
from lifecycle.insight import in_force, sides
from lifecycle.insight.attribution import money
from lifecycle.insight.holdout import sure_share
from lifecycle.insight.interval import Share
from lifecycle.insight.judged import Judged, Outcomes, Point, judge
from lifecycle.insight.lift import Compared
from lifecycle.insight.lift_spoken import shop_told
from lifecycle.insight.ratio import SampleRatio, sample_ratio
from lifecycle.insight.sides import Customers
from lifecycle.store.tables import METADATA

CUSTOMER, CONSENT = METADATA.tables["customer"], METADATA.tables["consent_record"]
SUPPRESSION = METADATA.tables["suppression"]
DAYS = 90
MONTH = timedelta(days=30)
ASKED = "asked"
"""A consent that was asked to be confirmed and is none yet."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What holding out leaves unearned in 30 days, with its interval."""

    revenue: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class GlobalHoldout:
    """Those whom marketing may reach against those held out from all of it, from `begins` on.

    `in_force_since` is None where the share was ever so. `entered` and `held_out` are those who
    ordered, of all; `ordered` is how far the shares are apart, `revenue` the same a customer, each
    counting with no more than `capped_at`. The sums are as they are, refunds subtracted.
    """

    percent: float
    currency: str
    in_force_since: datetime | None
    begins: datetime
    ends: datetime
    entered: Share
    held_out: Share
    ordered: Compared | None
    revenue: Compared | None
    revenue_entered: Decimal
    revenue_held_out: Decimal
    capped_at: Decimal | None
    not_earned_a_month: Cost | None
    ratio: SampleRatio
    series: tuple[Point, ...]
    told: tuple[str, ...] = ()
    """The same in sentences."""


def global_holdout(
    connection: Connection, settings: Settings, now: datetime, days: int = DAYS
) -> GlobalHoldout | None:
    """What the last `days` days tell; None where nobody is held out or nobody can be reached."""
    percent = settings.sending.global_holdout_percent
    if not percent:
        return None
    since = in_force.everywhere_since(connection)
    of = _reachable(since, now - timedelta(days=days), now)
    customers = _customers(connection, of, settings)
    if not customers.place:
        return None
    begins = from_micros(int(customers.since.min()))
    window, currency = now - begins, settings.shop.currency
    ordering = Goal.model_validate({"when": ORDER})
    outcomes = Outcomes(
        customers,
        customers.since,
        np.zeros(len(customers.since), np.int64),
        1,
        sides.met(connection, customers, of, ordering, window + timedelta(1), now),
        sides.bought(connection, customers, of, window + timedelta(1), currency, now),
    )
    judged = judge(outcomes, zone_of(settings.shop.timezone), now)
    found = GlobalHoldout(
        percent=percent,
        currency=currency,
        in_force_since=since,
        begins=begins,
        ends=now,
        entered=sure_share(judged.met[0], judged.counted[0]),
        held_out=sure_share(judged.met[1], judged.counted[1]),
        ordered=judged.goal,
        revenue=judged.revenue,
        revenue_entered=money(judged.brought[0]),
        revenue_held_out=money(judged.brought[1]),
        capped_at=None if judged.capped_at is None else money(judged.capped_at),
        not_earned_a_month=_cost(judged, window),
        ratio=sample_ratio([(*judged.counted, percent)]),
        series=judged.series,
    )
    return replace(found, told=shop_told(found))


def _reachable(since: datetime | None, begins: datetime, now: datetime) -> Subquery:
    """Everybody with an address and a consent, from when on they count, and were still fresh.

    Whoever was suppressed before nobody could reach.
    """
    begins = begins if since is None else max(begins, since)
    agreed = func.min(coerced(CONSENT.c.at, BigInteger))
    unreachable = exists().where(
        SUPPRESSION.c.address_hash == CUSTOMER.c.address_hash, SUPPRESSION.c.at < begins
    )
    return (
        select(
            CUSTOMER.c.customer_id,
            _later(agreed, begins).label("since"),
            _later(agreed, since).label("fresh"),
        )
        .where(
            CONSENT.c.customer_id == CUSTOMER.c.customer_id,
            CONSENT.c.agreed,
            or_(CONSENT.c.step.is_(None), CONSENT.c.step != ASKED),
            CONSENT.c.at <= now,
            CUSTOMER.c.email.is_not(None),
            CUSTOMER.c.erased_at.is_(None),
            ~unreachable,
        )
        .group_by(CUSTOMER.c.customer_id)
        .subquery("reachable")
    )


def _later(one: Any, other: datetime | None) -> Any:
    if other is None:
        return one
    at = literal(micros(other), BigInteger)
    return case((one > at, one), else_=at)


def _customers(connection: Connection, of: Subquery, settings: Settings) -> Customers:
    percent, seed = settings.sending.global_holdout_percent, settings.shop.seed
    place: dict[str, int] = {}
    since: list[int] = []
    fresh: list[int] = []
    side: list[int] = []
    rows: Any = connection.execute(select(of), execution_options={"yield_per": sides.STREAMED})
    for customer, counts_from, untouched in rows:
        place[customer] = len(since)
        since.append(int(counts_from))
        fresh.append(int(untouched))
        side.append(fraction(seed, "global_holdout", customer) * 100 < percent)
    from_, until, sides_ = (np.array(one, np.int64) for one in (since, fresh, side))
    return Customers(place, from_, until, sides_)


def _cost(judged: Judged, window: timedelta) -> Cost | None:
    if judged.revenue is None or not window:
        return None
    a_month = judged.counted[1] * (MONTH / window)
    found = judged.revenue
    ends = (found.difference, found.low, found.high)
    revenue, low, high = (money(Decimal(round(one * a_month, 2))) for one in ends)
    return Cost(revenue, low, high)
