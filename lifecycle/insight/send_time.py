"""By the hour on the readers' own clocks: when letters went, and how many were clicked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from lifecycle.core.event import by_machine
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
    """One hour of the day: letters that went in it and how many of them a human clicked.

    `at_hours` are those of them that were to go at an hour, said or chosen: what goes at once upon
    an event goes when people are there anyway. `traces` are the clicks, orders and visits of
    humans in that hour, whatever led to them.
    """

    hour: int
    clicked: Share
    at_hours: Share
    traces: int


def send_time_report(connection: Connection, shop_zone: str, now: datetime) -> tuple[Hour, ...]:
    """All 24 hours, over all letters and traces up to `now`."""
    sent: Counter[tuple[int, bool]] = Counter()
    clicked: Counter[tuple[int, bool]] = Counter()
    traces: Counter[int] = Counter()
    letters = (
        select(CUSTOMER.c.timezone, MESSAGE.c.attempted_at, MESSAGE.c.clicked_at, MESSAGE.c.timing)
        .join(CUSTOMER, CUSTOMER.c.customer_id == MESSAGE.c.customer_id)
        .where(MESSAGE.c.state.in_(("accepted", "uncertain")), MESSAGE.c.attempted_at <= now)
    )
    streaming = {"yield_per": STREAMED}
    for zone, at, click, timing in connection.execute(letters, execution_options=streaming):
        when = at.astimezone(zone_of(zone, shop_zone)).hour, bool(timing)
        sent[when] += 1
        clicked[when] += click is not None
    happened = (
        select(CUSTOMER.c.timezone, EVENT.c.at, EVENT.c.name, EVENT.c.properties)
        .join(CUSTOMER, CUSTOMER.c.customer_id == EVENT.c.customer_id)
        .where(EVENT.c.name.in_(HUMAN_TRACES), EVENT.c.due_at <= now)
    )
    for zone, at, name, said in connection.execute(happened, execution_options=streaming):
        if not by_machine(name, said):
            traces[at.astimezone(zone_of(zone, shop_zone)).hour] += 1
    told = []
    for hour in range(HOURS):
        (once, said_or_chosen), (met_once, met) = (
            [found[hour, timed] for timed in (False, True)] for found in (sent, clicked)
        )
        every = share(met_once + met, once + said_or_chosen)
        told.append(Hour(hour, every, share(met, said_or_chosen), traces[hour]))
    return tuple(told)
