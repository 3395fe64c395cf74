"""What rewards came to: points given and owed, incentives issued and redeemed, referrals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, func, or_, select

from lifecycle.core.settings import Settings
from lifecycle.store.tables import METADATA

ENTRY, INCENTIVE = METADATA.tables["points_entry"], METADATA.tables["incentive"]
REFERRAL = METADATA.tables["referral"]


@dataclass(frozen=True, slots=True)
class Issued:
    """Incentives of one kind in one campaign."""

    campaign: str
    kind: str
    issued: int
    redeemed: int


@dataclass(frozen=True, slots=True)
class RewardsReport:
    """The rewards as of an instant; `worth` is what all usable points would cost the shop."""

    points_given: int
    points_usable: int
    points_pending: int
    customers_with_points: int
    worth: Decimal
    currency: str
    incentives: tuple[Issued, ...]
    referrals: dict[str, int]


def rewards_report(connection: Connection, settings: Settings, now: datetime) -> RewardsReport:
    """The report as of `now`."""
    usable_now = (
        (ENTRY.c.available_at <= now),
        or_(ENTRY.c.expires_at.is_(None), ENTRY.c.expires_at > now),
    )
    given = select(func.sum(ENTRY.c.points)).where(ENTRY.c.points > 0)
    usable = select(func.sum(ENTRY.c.points)).where(*usable_now)
    pending = select(func.sum(ENTRY.c.points)).where(ENTRY.c.available_at > now)
    holders = select(func.count(ENTRY.c.customer_id.distinct())).where(*usable_now)
    counts = [int(connection.execute(one).scalar() or 0) for one in (given, usable, pending)]
    issued = (
        select(
            INCENTIVE.c.campaign,
            INCENTIVE.c.kind,
            func.count(),
            func.count(INCENTIVE.c.redeemed_at),
        )
        .group_by(INCENTIVE.c.campaign, INCENTIVE.c.kind)
        .order_by(INCENTIVE.c.campaign, INCENTIVE.c.kind)
    )
    states = select(REFERRAL.c.state, func.count()).group_by(REFERRAL.c.state)
    return RewardsReport(
        counts[0],
        counts[1],
        counts[2],
        int(connection.execute(holders).scalar() or 0),
        (Decimal(counts[1]) * Decimal(str(settings.points.worth))).quantize(Decimal("0.01")),
        settings.shop.currency,
        tuple(Issued(*row) for row in connection.execute(issued)),
        dict(sorted(connection.execute(states).all())),
    )
