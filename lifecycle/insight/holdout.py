"""What a campaign brings, told by those it held out: everybody let in against everybody held out.

By intention to treat: whoever was let in counts, written to or not, from entering for the first
time. A customer is counted once the time is over in which a goal or an order counts, on both sides
alike: who is too young is told, and not taken for somebody who did nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import numpy as np
from sqlalchemy import Connection, exists, select

from lifecycle.core.campaign import Campaign
from lifecycle.core.chance import fraction
from lifecycle.core.policy import only_transactional
from lifecycle.core.sequential import rate_interval
from lifecycle.core.settings import Settings
from lifecycle.core.words import MICROSECOND, length_words, micros, zone_of
from lifecycle.insight import in_force, sides
from lifecycle.insight.attribution import money
from lifecycle.insight.in_force import InForce
from lifecycle.insight.interval import Share
from lifecycle.insight.judged import Outcomes, Point, judge
from lifecycle.insight.lift import ALPHA, Compared
from lifecycle.insight.lift_spoken import campaign_told
from lifecycle.insight.ratio import SampleRatio, sample_ratio
from lifecycle.insight.sides import ENROLLMENT, HELD_OUT, Customers, Ints
from lifecycle.insight.span import counts_for, goal_of


@dataclass(frozen=True, slots=True)
class Measured:
    """Those let in against those held out: goals and revenue a customer, within a time of entering.

    `entered` and `held_out` are those who met the goal, of those counted; `lift` is how far the
    shares are apart, `revenue` what orders in the shop's currency brought a customer, each
    customer's no higher than `capped_at`. The sums are as they are, refunds subtracted.
    """

    entered: Share
    held_out: Share
    lift: Compared | None
    revenue: Compared | None
    revenue_entered: Decimal
    revenue_held_out: Decimal
    capped_at: Decimal | None
    within: str
    within_seconds: int
    too_young_entered: int
    too_young_held_out: int
    ratio: SampleRatio
    crossed: int
    """Customers known on both sides, since two were merged into one or a share was changed: they
    count for the side of their first entering."""
    series: tuple[Point, ...]
    told: tuple[str, ...] = ()
    """The same in sentences."""


def measured(
    connection: Connection, campaign: Campaign, settings: Settings, now: datetime
) -> Measured | None:
    """What the holdout of a campaign tells as of `now`; None where it holds out nobody.

    Those whom the holdout of the whole shop keeps from all marketing are on neither side: they miss
    more than this campaign.
    """
    some = exists().where(ENROLLMENT.c.campaign == campaign.id, ENROLLMENT.c.state == HELD_OUT)
    if not connection.execute(select(some)).scalar():
        return None
    customers = sides.first_enterings(connection, campaign.id, _left_out(campaign, settings))
    if not customers.side.any():
        return None
    said = campaign.holdout.percent if campaign.holdout else 0.0
    shares = in_force.of_campaign(connection, campaign.id, said)
    stratum = periods(shares, customers)
    within, currency = counts_for(campaign), settings.shop.currency
    of = sides.of_campaign(campaign.id)
    outcomes = Outcomes(
        customers,
        customers.since + within // MICROSECOND,
        stratum,
        len(shares.percents),
        sides.met(connection, customers, of, goal_of(campaign), within, now),
        sides.bought(connection, customers, of, within, currency, now),
    )
    judged = judge(outcomes, zone_of(settings.shop.timezone), now)
    found = Measured(
        entered=sure_share(judged.met[0], judged.counted[0]),
        held_out=sure_share(judged.met[1], judged.counted[1]),
        lift=judged.goal,
        revenue=judged.revenue,
        revenue_entered=money(judged.brought[0]),
        revenue_held_out=money(judged.brought[1]),
        capped_at=None if judged.capped_at is None else money(judged.capped_at),
        within=length_words(within),
        within_seconds=int(within.total_seconds()),
        too_young_entered=judged.too_young[0],
        too_young_held_out=judged.too_young[1],
        ratio=ratio_of(customers, stratum, shares),
        crossed=customers.crossed,
        series=judged.series,
    )
    return replace(found, told=campaign_told(campaign, found, currency))


def periods(shares: InForce, customers: Customers) -> Ints:
    """Of each customer the number of the period that they came in."""
    edges = np.array([micros(one) for one in shares.since], np.int64)
    found: Ints = np.maximum(np.searchsorted(edges, customers.since, "right") - 1, 0)
    return found


def ratio_of(customers: Customers, stratum: Ints, shares: InForce) -> SampleRatio:
    """The sample-ratio check over the periods of one share each, those too young included."""
    counts = np.bincount(stratum * 2 + customers.side, minlength=2 * len(shares.percents))
    return sample_ratio(
        [
            (int(counts[2 * number]), int(counts[2 * number + 1]), percent)
            for number, percent in enumerate(shares.percents)
        ]
    )


def sure_share(met: int, of: int) -> Share:
    """A share with an interval that holds at all looks together."""
    if not of:
        return Share(met, of, None, None, None)
    ends = rate_interval(met, of, ALPHA)
    return Share(met, of, met / of, ends.low, ends.high)


def _left_out(campaign: Campaign, settings: Settings) -> Callable[[str], bool] | None:
    percent, seed = settings.sending.global_holdout_percent, settings.shop.seed
    if not percent or only_transactional(campaign):
        return None
    return lambda customer: fraction(seed, "global_holdout", customer) * 100 < percent
