"""Letters that led to a campaign's goal, and what these goals were worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Connection, exists, literal, select, type_coerce

from lifecycle.core.campaign import Campaign
from lifecycle.core.words import MICROSECOND
from lifecycle.insight.attribution import GONE, Letter, Money, currency_of, money
from lifecycle.store.answers import is_after, named, told_before
from lifecycle.store.refunds import COLUMNS, EVENT, IN_ORDER, once_each, worths
from lifecycle.store.tables import METADATA

MESSAGE = METADATA.tables["message"]
STREAMED = 2_000


@dataclass(frozen=True, slots=True)
class Reached:
    """How many letters led to a goal, and what the goals were worth after refunds.

    `worth` is in the shop's currency; goals in other currencies are told apart.
    """

    letters: int = 0
    worth: Decimal = Decimal("0.00")
    other_currencies: Mapping[str, Money] = field(default_factory=dict)


def reached(
    connection: Connection, campaign: Campaign, currency: str, now: datetime
) -> Mapping[Letter, Reached]:
    """The goals that followed the last letter of the campaign within the goal's time, by letter.

    `currency` is the shop's, and that of every goal which says none.
    """
    goal = campaign.goal
    if goal is None:
        return {}
    instant, begins = (type_coerce(c, BigInteger) for c in (EVENT.c.at, MESSAGE.c.attempted_at))
    later = MESSAGE.alias("later")
    is_later = (
        (later.c.customer_id == MESSAGE.c.customer_id)
        & (later.c.campaign == MESSAGE.c.campaign)
        & later.c.state.in_(GONE)
        & is_after(later)
        & (later.c.attempted_at < EVENT.c.at)
    )
    query = select(*COLUMNS, MESSAGE.c.message_id, MESSAGE.c.step, MESSAGE.c.variant).where(
        MESSAGE.c.campaign == campaign.id,
        MESSAGE.c.state.in_(GONE),
        EVENT.c.customer_id == MESSAGE.c.customer_id,
        named(goal),
        instant > begins,
        instant < begins + literal(goal.within // MICROSECOND, BigInteger),
        EVENT.c.due_at <= now,
        ~exists().where(is_later),
        ~told_before(goal, now),
    )
    query = query.order_by(*IN_ORDER)
    path = goal.value.split(".") if goal.value else []
    led: dict[Letter, set[str]] = defaultdict(set)
    sums: dict[Letter, dict[str, Money]] = defaultdict(dict)
    rows = once_each(connection.execute(query, execution_options={"yield_per": STREAMED}))
    for row, value in worths(connection, rows, path, now):
        letter = (campaign.id, row.step, row.variant)
        led[letter].add(row.message_id)
        if path:
            of = currency_of(row.properties, currency)
            before = sums[letter].get(of, Money(0, Decimal()))
            left = value.latest
            undone = left == 0 and bool(value.steps) and value.steps[0][1] > 0
            sums[letter][of] = Money(before.orders + (not undone), before.revenue + left)
    return {letter: _told(len(all_), sums[letter], currency) for letter, all_ in led.items()}


def _told(letters: int, sums: Mapping[str, Money], currency: str) -> Reached:
    rounded = {name: Money(one.orders, money(one.revenue)) for name, one in sorted(sums.items())}
    own = rounded.pop(currency, None)
    return Reached(letters, own.revenue if own is not None else Decimal("0.00"), rounded)
