"""What the letters of each variant came to so far, young ones and those after a verdict too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, func, select

from lifecycle.core.answering import time_to_answer
from lifecycle.core.campaign import Campaign
from lifecycle.core.step import Step
from lifecycle.insight.attribution import currency_of
from lifecycle.insight.machines import by_machines
from lifecycle.store.answers import GONE, MESSAGE, met
from lifecycle.store.earned import credits


@dataclass(frozen=True, slots=True)
class Totals:
    """Letters of one variant: owed, sent, delivered, answered by people, and what they brought."""

    planned: int = 0
    sent: int = 0
    delivered: int = 0
    clicked: int = 0
    opened: int = 0
    opened_by_machine: int = 0
    goals: int = 0
    revenue: Decimal = Decimal()
    """In the shop's currency."""
    other_currencies: Mapping[str, Decimal] = field(default_factory=dict)


def totals(
    connection: Connection,
    campaign: Campaign,
    step: Step,
    now: datetime,
    occasion: str = "",
    *,
    currency: str = "",
) -> dict[str, Totals]:
    """The totals of each variant of a step; machines' opens are those of all its occurrences.

    `currency` is the shop's; where it is not said, currencies are not told apart.
    """
    within = time_to_answer(campaign, "goal_rate")
    gone = MESSAGE.c.state.in_(GONE)
    goal = met(campaign, "goal_rate", within, now) if campaign.goal is not None else None
    columns = [func.count(), func.count().filter(gone)]
    for name in ("delivered_at", "clicked_at", "opened_at"):
        columns.append(func.count().filter(gone, MESSAGE.c[name].is_not(None)))
    if goal is not None:
        columns.append(func.count().filter(gone, goal))
    own = [MESSAGE.c.entry == occasion] if occasion else []
    query = (
        select(MESSAGE.c.variant, *columns)
        .where(MESSAGE.c.campaign == campaign.id, MESSAGE.c.step == step.name, *own)
        .group_by(MESSAGE.c.variant)
    )
    machines = by_machines(connection, campaign.id, now)
    revenue: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for one in credits(connection, campaign, step, within, None, now, occasion):
        of = currency_of(one.properties, currency) if currency else currency
        revenue[one.variant][of] += one.worth.latest
    found = {}
    for variant, planned, sent, delivered, clicked, opened, *goals in connection.execute(query):
        by_machine = machines.get((campaign.id, step.name, variant))
        found[variant] = Totals(
            planned,
            sent,
            delivered,
            clicked,
            opened,
            by_machine.opened if by_machine else 0,
            goals[0] if goals else 0,
            revenue[variant].pop(currency, Decimal()),
            dict(sorted(revenue[variant].items())),
        )
    return found
