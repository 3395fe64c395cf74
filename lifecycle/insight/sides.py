"""Who was let in and who was held out of a campaign, and what each did within its time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Connection,
    Subquery,
    case,
    func,
    literal,
    select,
    type_coerce,
)

from lifecycle.core.enter import Goal
from lifecycle.core.kept import ORDER
from lifecycle.core.words import MICROSECOND, from_micros, micros
from lifecycle.insight.attribution import TOTAL, currency_of
from lifecycle.store.answers import named
from lifecycle.store.refunds import COLUMNS, EVENT, IN_ORDER, Worth, once_each, worths
from lifecycle.store.tables import METADATA

ENROLLMENT = METADATA.tables["enrollment"]
HELD_OUT, QUEUED = "held_out", "queued"
BEFORE = timedelta(days=90)
"""What customers bought in so long before is what they are compared by."""
NEVER = np.iinfo(np.int64).max
STREAMED = 5_000

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Customers:
    """A row for each customer; instants are in microseconds, side 1 is held out."""

    place: Mapping[str, int]
    since: Ints
    """From when on what they do counts: their first entering."""
    fresh: Ints
    """Until when nothing that is compared had been done to them: what was before may be compared
    by. Of a campaign their first entering, too."""
    side: Ints
    crossed: int = 0
    """How many are known on both sides."""


@dataclass(frozen=True, slots=True)
class Bought:
    """What customers bought, in the shop's currency, by their rows.

    `steps` are of each who bought within the time, in order, (the instant from which it was known,
    what all orders together are worth from then on).
    """

    steps: Mapping[int, tuple[tuple[datetime, Decimal], ...]]
    before: Floats
    """What was bought in the time before, as known when they entered."""
    orders_before: Floats


def first_enterings(
    connection: Connection, campaign: str, left_out: Callable[[str], bool] | None
) -> Customers:
    """Everybody who was let in or held out, by the first time; those `left_out` are not told."""
    entered = type_coerce(ENROLLMENT.c.entered_at, BigInteger)
    let_in = case((ENROLLMENT.c.state == HELD_OUT, literal(0)), else_=literal(1))
    query = (
        select(
            ENROLLMENT.c.customer_id,
            func.min(entered * 2 + let_in),
            func.min(let_in),
            func.max(let_in),
        )
        .where(ENROLLMENT.c.campaign == campaign, ENROLLMENT.c.state != QUEUED)
        .group_by(ENROLLMENT.c.customer_id)
    )
    place: dict[str, int] = {}
    codes: list[int] = []
    crossed = 0
    for customer, code, least, most in _streamed(connection, query):
        if left_out is None or not left_out(customer):
            place[customer] = len(codes)
            codes.append(int(code))
            crossed += least != most
    packed = np.array(codes, np.int64)
    return Customers(place, packed // 2, packed // 2, 1 - packed % 2, crossed)


def of_campaign(campaign: str) -> Subquery:
    """The customers of a campaign with the instant of their first entering, in microseconds."""
    since = func.min(type_coerce(ENROLLMENT.c.entered_at, BigInteger))
    return (
        select(ENROLLMENT.c.customer_id, since.label("since"), since.label("fresh"))
        .where(ENROLLMENT.c.campaign == campaign, ENROLLMENT.c.state != QUEUED)
        .group_by(ENROLLMENT.c.customer_id)
        .subquery("first_in")
    )


def met(
    connection: Connection,
    customers: Customers,
    of: Subquery,
    goal: Goal,
    within: timedelta,
    now: datetime,
) -> Ints:
    """When it was first known of each that the goal was met within the time; NEVER where not."""
    at = type_coerce(EVENT.c.at, BigInteger)
    query = (
        select(EVENT.c.customer_id, func.min(type_coerce(EVENT.c.due_at, BigInteger)))
        .where(
            EVENT.c.customer_id == of.c.customer_id,
            named(goal),
            at > of.c.since,
            at < of.c.since + literal(within // MICROSECOND, BigInteger),
            EVENT.c.due_at <= now,
        )
        .group_by(EVENT.c.customer_id)
    )
    known = np.full(len(customers.since), NEVER)
    for customer, due in _streamed(connection, query):
        row = customers.place.get(customer)
        if row is not None:
            known[row] = due
    return known


def bought(
    connection: Connection,
    customers: Customers,
    of: Subquery,
    within: timedelta,
    currency: str,
    now: datetime,
) -> Bought:
    """What each bought within the time, as it was known from day to day, and in the time before."""
    at = type_coerce(EVENT.c.at, BigInteger)
    query = (
        select(*COLUMNS)
        .where(
            EVENT.c.customer_id == of.c.customer_id,
            EVENT.c.name == ORDER,
            at > of.c.fresh - literal(BEFORE // MICROSECOND, BigInteger),
            at < of.c.since + literal(within // MICROSECOND, BigInteger),
            EVENT.c.due_at <= now,
        )
        .order_by(*IN_ORDER)
    )
    before, orders = (np.zeros(len(customers.since)) for _ in range(2))
    known: dict[int, list[Worth]] = defaultdict(list)
    rows = (
        row
        for row in once_each(_streamed(connection, query))
        if row.customer_id in customers.place and currency_of(row.properties, currency) == currency
    )
    for row, worth in worths(connection, rows, TOTAL, now):
        place = customers.place[row.customer_id]
        at_ = micros(row.at)
        if at_ > customers.since[place]:
            known[place].append(worth)
        elif at_ <= customers.fresh[place]:
            began = from_micros(int(customers.fresh[place]))
            before[place] += float(worth.known_at(began))
            orders[place] += row.due_at <= began
    return Bought({place: _steps(found) for place, found in known.items()}, before, orders)


def _steps(worths_: list[Worth]) -> tuple[tuple[datetime, Decimal], ...]:
    if len(worths_) == 1:
        return worths_[0].steps
    instants = sorted({at for worth in worths_ for at, _ in worth.steps})
    return tuple((at, sum((one.known_at(at) for one in worths_), Decimal())) for at in instants)


def _streamed(connection: Connection, query: Any) -> Any:
    return connection.execute(query, execution_options={"yield_per": STREAMED})
