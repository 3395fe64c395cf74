"""Why a customer never entered a campaign: what it waits for, and what stands in the way now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.core import dated
from lifecycle.core.anchor import AnchorTime
from lifecycle.core.because import Because, because
from lifecycle.core.campaign import Broadcast, Campaign, Flow, Series
from lifecycle.core.entry import stays_out
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.policy import Policy
from lifecycle.core.rule.tree import Rule
from lifecycle.core.words import Moment, instant_of
from lifecycle.insight.explained import Explained, explain
from lifecycle.insight.segment import facts_of
from lifecycle.insight.spoken import clock, day
from lifecycle.store import operations
from lifecycle.store.tables import METADATA

EVENT = METADATA.tables["event"]


@dataclass(frozen=True, slots=True)
class NotYet:
    """A campaign that a customer never entered: what it waits for, and the rule as it is now.

    `in_the_way` are facts that would keep a letter from going even after entering.
    """

    campaign: str
    waits_for: str
    rule: Explained | None
    in_the_way: tuple[str, ...]
    because: tuple[Because, ...] = ()
    """The leaves that make the rule's answer now."""


def why_not(
    connection: Connection, catalog: Catalog, customer_id: str, campaign: Campaign, now: datetime
) -> NotYet | None:
    """What a campaign waits for before it takes a customer in; None for an unknown customer."""
    rules = [one for one in (_rule(campaign), _segment_rule(catalog, campaign)) if one is not None]
    hold_if = catalog.settings.sending.hold_if
    if hold_if is not None:
        rules.append(hold_if)
    facts = facts_of(connection, catalog, customer_id, now, *rules)
    if facts is None:
        return None
    last = _last_way_in(connection, facts.customer_id, campaign)
    if isinstance(campaign, Flow):
        waits, asked = _flow(campaign, catalog, facts, last, now)
    else:
        when = (
            _days(campaign, facts, now)
            if isinstance(campaign, Series)
            else _at(campaign, facts, now)
        )
        waits = f"It goes to those in its audience, {when}"
        asked = campaign.audience
    ordered = operations.ordered(connection)
    policy = Policy(catalog.settings, catalog.rules, {}, ordered)
    waits += _joined_by(catalog, campaign)
    tree = None if asked is None else explain(asked, facts, catalog.rules, now, last)
    leaves = because(asked, policy.view(facts, now, last))
    in_the_way = tuple(_in_the_way(campaign, policy, facts))
    return NotYet(campaign.id, waits, tree, in_the_way, leaves)


def _joined_by(catalog: Catalog, campaign: Campaign) -> str:
    """The steps of other flows that pass customers on to this one."""
    steps = sorted(
        f"{flow.id}/{place.name}"
        for flow in catalog.campaigns.values()
        if isinstance(flow, Flow)
        for place in flow.way.places.values()
        if place.step.join == campaign.id
    )
    return f"; {' and '.join(steps)} also lets in" if steps else ""


def _flow(
    flow: Flow, catalog: Catalog, facts: Facts, last: Event | None, now: datetime
) -> tuple[str, Rule | None]:
    if flow.enter.when:
        names = " or ".join(flow.enter.when)
        waits = f"It waits for {names}, which has not happened"
        if last is not None:
            at = clock(last.at, facts.zone)
            waits = f"It waits for {names}; the last one was {last.name} at {at}"
            if not last.enters:
                waits += ", imported history, which lets nobody in"
        asked = flow.enter.only_if
        if asked is None or (last is None and asked.needs().entry):
            return waits, None
        return waits + ", and only_if must hold", asked
    if flow.enter.on_date is not None:
        return _date(flow, facts, now), flow.enter.only_if
    segment = flow.enter.joins or flow.enter.leaves
    assert segment is not None
    inside = segment in facts.segments
    if flow.enter.joins:
        waits = f"It waits for joining the segment {segment}"
        waits += ", in which the customer is already" if inside else ""
    else:
        waits = f"It waits for leaving the segment {segment}"
        waits += "" if inside else ", in which the customer is not"
    return waits, catalog.rules.get(segment)


def _date(flow: Flow, facts: Facts, now: datetime) -> str:
    """What a flow around a date waits for: the date of this customer, if one is known."""
    on = flow.enter.on_date
    name = f"the date {'.'.join(on)}" if isinstance(on, tuple) else "its day of the year"
    if not dated.value_of(flow, facts):
        return f"It waits for {name}, which is not known of the customer"
    ahead = [one for one in dated.occasions_of(flow, facts, now) if one.lets_in_at > now]
    if not ahead:
        return f"It waits for {name}, which is {dated.value_of(flow, facts)}: that is over"
    following = min(ahead, key=lambda one: one.lets_in_at)
    on_day = day(following.anchor.at(facts.zone).astimezone(facts.zone))
    lets_in = clock(following.lets_in_at, facts.zone)
    return f"It waits for {name}, which comes on {on_day}; it lets in at {lets_in}"


def _at(broadcast: Broadcast, facts: Facts, now: datetime) -> str:
    """When a broadcast goes to a customer, on their own clock."""
    if broadcast.every is not None:
        local = now.astimezone(facts.zone).replace(tzinfo=None)
        on = broadcast.every.next_on(local.date())
        if broadcast.every.local(on) <= local:
            on = broadcast.every.next_on(on + timedelta(days=1))
        at = instant_of(on, broadcast.every.at, facts.zone)
        return f"again and again, next at {clock(at, facts.zone)}"
    if broadcast.on is not None:
        return f"on {broadcast.on.isoformat()}, at each reader's best hour"
    assert isinstance(broadcast.at, Moment)
    return f"at {clock(broadcast.at.at(facts.zone), facts.zone)}"


def _days(series: Series, facts: Facts, now: datetime) -> str:
    """When the next step of a series comes for a customer, on their own clock."""
    times = [
        (step.at.at(series.anchor, facts.zone), step.name)
        for step in series.step
        if isinstance(step.at, AnchorTime)
    ]
    ahead = [one for one in times if one[0] > now]
    if not ahead:
        return "asked anew at each step; all of its steps are over"
    at, name = min(ahead)
    return f"asked anew at each step; the next is “{name}” at {clock(at, facts.zone)}"


def _in_the_way(campaign: Campaign, policy: Policy, facts: Facts) -> list[str]:
    found = []
    if campaign.status != "live":
        found.append(f"the campaign is {campaign.status}")
    if policy.ordered.get(campaign.id):
        found.append(f"the campaign is {policy.ordered[campaign.id]} by command")
    if facts.erased:
        found.append("the customer was erased")
    if stays_out(campaign, facts, policy):
        found.append("the customer belongs to the holdout")
    if facts.email is None:
        found.append("no address is known")
    if facts.suppressed:
        found.append(f"the address is suppressed ({facts.suppressed})")
    if campaign.topic is not None and not facts.consents.get(campaign.topic):
        found.append(f"there is no consent to {campaign.topic}")
    if facts.silences:
        since = min(one.since for one in facts.silences.values())
        found.append(f"marketing was stopped by a step at {clock(since, facts.zone)}")
    hold_if = policy.settings.sending.hold_if
    if hold_if is not None:
        view = policy.view(facts, facts.now)
        if hold_if.matches(view):
            leaves = "; ".join(one.words() for one in because(hold_if, view))
            found.append(f"the shop's hold_if holds: {leaves}")
    return found


def _rule(campaign: Campaign) -> Rule | None:
    found: Rule | None = campaign.enter.only_if if isinstance(campaign, Flow) else campaign.audience
    return found


def _segment_rule(catalog: Catalog, campaign: Campaign) -> Rule | None:
    if not isinstance(campaign, Flow):
        return None
    return catalog.rules.get(campaign.enter.joins or campaign.enter.leaves or "")


def _last_way_in(connection: Connection, owner: str, campaign: Campaign) -> Event | None:
    if not isinstance(campaign, Flow) or not campaign.enter.when:
        return None
    exact = [name for name in campaign.enter.when if not name.endswith("*")]
    named: Any = EVENT.c.name.in_(exact)
    for name in campaign.enter.when:
        if name.endswith("*"):
            named = named | EVENT.c.name.startswith(name[:-1], autoescape=True)
    query = (
        select(EVENT)
        .where(EVENT.c.customer_id == owner, named)
        .order_by(EVENT.c.at.desc(), EVENT.c.event_id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    return Event(row.at, row.event_id, row.name, row.properties, row.received_at, bool(row.enters))
