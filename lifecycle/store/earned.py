"""What the letters of a test earned: each order once, refunds subtracted, cut off at a cap.

The cap is learned from the shop's orders before the test and fixed then, so that what is compared
does not move while it is measured: without one a single order of a thousand decides.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from lifecycle.core.campaign import Campaign
from lifecycle.core.enter import Goal
from lifecycle.core.policy import Experiment
from lifecycle.core.step import Step
from lifecycle.core.words import number
from lifecycle.store.answers import EVENT, MESSAGE, led_to, letters, named
from lifecycle.store.experiments import fix_cap, fixed
from lifecycle.store.refunds import COLUMNS, IN_ORDER, Worth, once_each, worths

STREAMED = 2_000
CAPPED_ABOVE = Decimal("0.995")
"""Orders count up to the amount that this share of them does not exceed."""
LEAST_ORDERS = 200
"""Of fewer orders that share is the largest one. Then the first so many that the shop ever has are
waited for, those of the test included, whatever variant they saw; until then nothing is proven."""
MOST_ORDERS = 100_000
"""So many of the latest before the test are looked at."""


@dataclass(frozen=True, slots=True)
class Credit:
    """An order credited to a letter of a test, with its worth as it was known over time."""

    customer_id: str
    message_id: str
    variant: str
    sent_at: datetime
    worth: Worth
    properties: Mapping[str, Any]


def credits(
    connection: Connection,
    campaign: Campaign,
    step: Step,
    within: timedelta,
    until: datetime | None,
    now: datetime,
    occasion: str = "",
    *,
    decided: datetime | None = None,
    versions: Collection[str] = (),
) -> Iterator[Credit]:
    """The orders that letters of a step led to, each credited to the last of them before it.

    Of letters that went by `until`, were planned before `decided`, and are of `versions`, where
    that is said. An order that several events tell of counts once, by the first of them.
    """
    goal = campaign.goal
    if goal is None or goal.value is None:
        return
    which = letters(campaign.id, step.name, occasion, until, decided, versions)
    query = select(MESSAGE.c.message_id, MESSAGE.c.variant, MESSAGE.c.attempted_at, *COLUMNS)
    query = query.where(*which, *led_to(goal, within, now)).order_by(*IN_ORDER)
    rows = once_each(connection.execute(query, execution_options={"yield_per": STREAMED}))
    for row, worth in worths(connection, rows, goal.value.split("."), now):
        of = (row.customer_id, row.message_id, row.variant, row.attempted_at)
        yield Credit(*of, worth, row.properties)


def cap_of(
    connection: Connection,
    campaign: Campaign,
    place: Experiment,
    first_at: datetime | None,
    now: datetime,
) -> Decimal | None:
    """The amount up to which an order counts: the one that is fixed, else what it would be now.

    `first_at` is when the first letter of the test went. None while it cannot be told.
    """
    known = fixed(connection, place).capped_at
    if known is None and first_at is not None:
        known = learned_cap(connection, campaign, first_at, now)
    return known


def fixed_cap(
    connection: Connection,
    campaign: Campaign,
    place: Experiment,
    first_at: datetime | None,
    now: datetime,
) -> Decimal | None:
    """The same, and it is fixed from now on: whoever decides by it asks here."""
    known = cap_of(connection, campaign, place, first_at, now)
    if known is not None:
        fix_cap(connection, place, known)
    return known


def learned_cap(
    connection: Connection, campaign: Campaign, first_at: datetime, now: datetime
) -> Decimal | None:
    """The amount up to which an order counts in a test that began at `first_at`.

    None while the shop has had too few orders, and where a goal has no value.
    """
    goal = campaign.goal
    if goal is None or goal.value is None:
        return None
    before = _amounts(connection, goal, EVENT.c.due_at <= first_at, latest=True)
    if len(before) < LEAST_ORDERS:
        before = _amounts(connection, goal, EVENT.c.due_at <= now, latest=False)[:LEAST_ORDERS]
    if len(before) < LEAST_ORDERS:
        return None
    return sorted(before)[math.ceil(CAPPED_ABOVE * len(before)) - 1]


def _amounts(
    connection: Connection, goal: Goal, known: ColumnElement[bool], *, latest: bool
) -> list[Decimal]:
    """What orders were worth when they were placed, the latest or the first ones."""
    assert goal.value is not None
    path = goal.value.split(".")
    query = select(EVENT.c.properties).where(named(goal), known).limit(MOST_ORDERS)
    order = (EVENT.c.due_at, EVENT.c.customer_id, EVENT.c.event_id)
    query = query.order_by(*(one.desc() for one in order)) if latest else query.order_by(*order)
    found = []
    for (said,) in connection.execute(query):
        for part in path:
            said = said.get(part) if isinstance(said, dict) else None
        worth = number(said)
        if worth is not None and worth > 0:
            found.append(worth)
    return found
