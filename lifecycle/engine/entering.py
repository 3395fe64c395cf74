"""Who would enter a flow at once when it goes live, since they match already."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from lifecycle.core.action import Keep
from lifecycle.core.campaign import Flow
from lifecycle.core.enrollment import EnrollmentState
from lifecycle.core.entry import enter
from lifecycle.core.membership import turned_event
from lifecycle.engine.live import Live
from lifecycle.engine.ruled import policy_now
from lifecycle.store.facts import chunks, load
from lifecycle.store.rule_sql import members

PAGE = 500


@dataclass(frozen=True, slots=True)
class Entering:
    """How many would enter a flow, and how many of those who might are held out."""

    campaign: str
    entering: int
    held_out: int


def would_enter(connection: Connection, live: Live, flow: Flow, now: datetime) -> Entering:
    """Ask each member of the segment that a flow is entered by; nothing is written."""
    segment, settings = flow.enter.joins, live.catalog.settings
    assert segment is not None
    rules, zone = live.catalog.rules, settings.shop.timezone
    tiers = settings.points.ladder
    there = members(connection, rules[segment], rules, now, shop_zone=zone, tiers=tiers)
    policy = policy_now(connection, live)
    states = {EnrollmentState.ACTIVE: 0, EnrollmentState.HELD_OUT: 0}
    for page in chunks(sorted(there), PAGE):
        facts = load(connection, page, now, live.flow_reading, shop_zone=zone)
        for customer_id, known in facts.items():
            live.compute(known)
            event = turned_event(customer_id, segment, True, now)
            done = enter(flow, known, event, policy, now)
            for kept in [one.enrollment for one in done if isinstance(one, Keep)][-1:]:
                out = kept.state is EnrollmentState.HELD_OUT
                states[EnrollmentState.HELD_OUT if out else EnrollmentState.ACTIVE] += 1
    return Entering(flow.id, states[EnrollmentState.ACTIVE], states[EnrollmentState.HELD_OUT])
