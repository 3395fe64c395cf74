"""By the hour on the readers' own clocks: when letters went, and how many were clicked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from lifecycle.core.words import zone_of
from lifecycle.insight.interval import Share, share
from lifecycle.store.tables import METADATA

MESSAGE, EVENT = METADATA.tables["message"], METADATA.tables["event"]
CUSTOMER = METADATA.tables["customer"]
HUMAN_TRACES = ("message_clicked", "order_placed", "site_visited")
"""Events whose hour tells when a customer is there."""
HOURS = 24
STREAMED = 5_000


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the day: letters that went in it and how many of them a human clicked;
    `traces` = clicks, orders and visits of customers in that hour, whatever led to them.
    """

    hour: int
    clicked: Share
    traces: int


def send_time_report(connection: Connection, shop_zone: str, now: datetime) -> tuple[Hour, ...]:
    """All 24 hours, over all letters and traces up to `now`."""
    sent: Counter[int] = Counter()
    clicked: Counter[int] = Counter()
    traces: Counter[int] = Counter()
    letters = (
        select(CUSTOMER.c.timezone, MESSAGE.c.attempted_at, MESSAGE.c.clicked_at)
        .join(CUSTOMER, CUSTOMER.c.customer_id == MESSAGE.c.customer_id)
        .where(MESSAGE.c.state.in_(("accepted", "uncertain")), MESSAGE.c.attempted_at <= now)
    )
    streaming = {"yield_per": STREAMED}
    for zone, at, click in connection.execute(letters, execution_options=streaming):
        hour = at.astimezone(zone_of(zone, shop_zone)).hour
        sent[hour] += 1
        clicked[hour] += click is not None
    happened = (
        select(CUSTOMER.c.timezone, EVENT.c.at)
        .join(CUSTOMER, CUSTOMER.c.customer_id == EVENT.c.customer_id)
        .where(EVENT.c.name.in_(HUMAN_TRACES), EVENT.c.due_at <= now)
    )
    for zone, at in connection.execute(happened, execution_options=streaming):
        traces[at.astimezone(zone_of(zone, shop_zone)).hour] += 1
    return tuple(
        Hour(hour, share(clicked[hour], sent[hour]), traces[hour]) for hour in range(HOURS)
    )
