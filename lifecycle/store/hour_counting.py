"""Counts letters whose hour was chosen, once their time to be answered is over: set by set.

The database sums by source, quarter of an hour and zone; a few thousand rows come back whatever
the number of customers, and each is put in its place on the customers' clock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from lifecycle.core.hours import ANSWERED_WITHIN, slot_of
from lifecycle.core.known_hours import LONGEST_GROUP, ORDER, ZONE
from lifecycle.core.learned_hours import HOURS
from lifecycle.core.words import from_micros, zone_of
from lifecycle.store.handed import GONE
from lifecycle.store.rule_sql.stands import DIALECTS
from lifecycle.store.tables import METADATA

MESSAGE, CUSTOMER, EVENT = (METADATA.tables[name] for name in ("message", "customer", "event"))
ANSWER = ANSWERED_WITHIN // timedelta(microseconds=1)
QUARTER = 15 * 60 * 1_000_000
"""In microseconds: no zone is apart from others by less."""
LEAST_IN_GROUP = 100
"""Smaller groups are not counted: their sums might tell of one person."""
MOST_GROUPS = 30
"""So many of the largest groups of a kind are counted."""


@dataclass
class Counted:
    """Sums by (source, group, week, slot) and by (source, day, timing)."""

    hours: dict[tuple[str, str, int, int], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0, 0])
    )
    """Letters, the sum of their leans, and answers."""
    trials: dict[tuple[str, int, str], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0])
    )

    def count_rows(self) -> Iterable[dict[str, Any]]:
        """The rows of `hour_count`, in order."""
        names = ("source", "of_group", "week", "slot", "letters", "expected", "answered")
        for key, sums in sorted(self.hours.items()):
            yield dict(zip(names, (*key, *sums), strict=True))

    def trial_rows(self) -> Iterable[dict[str, Any]]:
        """The rows of `hour_trial`, in order."""
        names = ("source", "day", "timing", "letters", "answered")
        for key, sums in sorted(self.trials.items()):
            yield dict(zip(names, (*key, *sums), strict=True))


def count(
    connection: Connection,
    after: datetime,
    to: datetime,
    shop_zone: str,
    kinds: Sequence[str],
) -> Counted:
    """Count the letters handed over after an instant and up to another, ANSWERED_WITHIN ago."""
    found = Counted()
    zones = _large(connection, CUSTOMER.c.timezone)
    for row in connection.execute(_sums(after, to, None)):
        _add(found, row, shop_zone, f"{ZONE}:{row.timezone}" if row.timezone in zones else "")
    for kind in kinds:
        value = _text(connection, kind)
        if value is None:
            continue
        large = _large(connection, value)
        for row in connection.execute(_sums(after, to, value)) if large else ():
            if row.value in large:
                _place(found, row, shop_zone, "", f"{kind}:{row.value}")
    return found


def _add(found: Counted, row: Any, shop_zone: str, zone_group: str) -> None:
    source = f"{row.campaign}/{row.step}"
    day = _place(found, row, shop_zone, source, "")
    if zone_group:
        _place(found, row, shop_zone, "", zone_group)
    decided = day - (day - 1 - row.slot // HOURS) % 7
    sums = found.trials[source, decided, row.timing]
    sums[0] += int(row.letters)
    sums[1] += int(row.answered)


def _place(found: Counted, row: Any, shop_zone: str, source: str, group: str) -> int:
    """Add a row to the sums of its hour; gives the ordinal of its day on the customer's clock."""
    local = from_micros(row.quarter * QUARTER).astimezone(zone_of(row.timezone, shop_zone))
    day = local.toordinal()
    week = (day - local.weekday()) // 7
    sums = found.hours[source, group, week, slot_of(local)]
    for place, one in enumerate((row.letters, row.lean, row.answered)):
        sums[place] += int(one)
    return day


def _sums(after: datetime, to: datetime, value: ColumnElement[Any] | None) -> Any:
    at = type_coerce(MESSAGE.c.attempted_at, BigInteger)
    named: list[Any] = [
        at.op("/", return_type=BigInteger())(literal(QUARTER, BigInteger)).label("quarter"),
        CUSTOMER.c.timezone,
    ]
    if value is None:
        named += [MESSAGE.c.campaign, MESSAGE.c.step, MESSAGE.c.timing, MESSAGE.c.slot]
    else:
        named.append(value.label("value"))
    sums = (
        func.count().label("letters"),
        func.sum(cast(MESSAGE.c.lean, BigInteger)).label("lean"),
        func.sum(case((_answered(), 1), else_=0), type_=Integer).label("answered"),
    )
    return (
        select(*named, *sums)
        .join(CUSTOMER, CUSTOMER.c.customer_id == MESSAGE.c.customer_id)
        .where(
            MESSAGE.c.slot.is_not(None),
            MESSAGE.c.attempted_at > after,
            MESSAGE.c.attempted_at <= to,
            MESSAGE.c.state == GONE[0],
        )
        .group_by(*(one.name for one in named))
    )


def _answered() -> ColumnElement[bool]:
    """Whether a human clicked in time, or an order came of it: no later letter went before."""
    later, order = MESSAGE.alias("later"), EVENT.alias("bought")
    at = type_coerce(MESSAGE.c.attempted_at, BigInteger)
    bought_at = type_coerce(order.c.at, BigInteger)
    between = select(later.c.message_id).where(
        later.c.customer_id == order.c.customer_id,
        later.c.attempted_at > MESSAGE.c.attempted_at,
        later.c.attempted_at <= order.c.at,
        or_(*(later.c.state == state for state in GONE)),
    )
    bought = select(order.c.event_id).where(
        order.c.customer_id == MESSAGE.c.customer_id,
        order.c.name == ORDER,
        bought_at >= at,
        bought_at <= at + ANSWER,
        ~between.correlate(order, MESSAGE).exists(),
    )
    clicked = type_coerce(MESSAGE.c.clicked_at, BigInteger) <= at + ANSWER
    bought = bought.correlate(MESSAGE)
    return or_(and_(MESSAGE.c.clicked_at.is_not(None), clicked), bought.exists())


def _text(connection: Connection, kind: str) -> ColumnElement[Any] | None:
    """An attribute of a customer where it is a text that may name a group, else NULL."""
    values = DIALECTS[connection.dialect.name]()
    if not values.can_read((kind,)):
        return None
    read = values.read(values.document(CUSTOMER.c.attributes), (kind,))
    text = cast(read.text, CUSTOMER.c.customer_id.type)
    return case((and_(read.kind == values.text, func.length(text) <= LONGEST_GROUP), text))


def _large(connection: Connection, value: ColumnElement[Any]) -> set[str]:
    """The largest groups of a kind, of those that many customers are in."""
    counted = func.count().label("counted")
    query = (
        select(value.label("value"), counted)
        .where(value.is_not(None), CUSTOMER.c.erased_at.is_(None))
        .group_by("value")
        .having(counted >= LEAST_IN_GROUP)
    )
    found = sorted(connection.execute(query), key=lambda row: (-row.counted, row.value))
    return {row.value for row in found[:MOST_GROUPS]}
