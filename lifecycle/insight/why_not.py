"""Why a customer never entered a campaign: what it waits for, and what stands in the way now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.core import broadcast as core_broadcast
from lifecycle.core.campaign import Broadcast, Campaign, Flow, Series
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.policy import Policy
from lifecycle.core.rule.tree import Rule
from lifecycle.core.words import rfc3339
from lifecycle.insight.explained import Explained, explain
from lifecycle.insight.segment import facts_of
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


def why_not(
    connection: Connection, catalog: Catalog, customer_id: str, campaign: Campaign, now: datetime
) -> NotYet | None:
    """What a campaign waits for before it takes a customer in; None for an unknown customer."""
    rules = [one for one in (_rule(campaign), _segment_rule(catalog, campaign)) if one is not None]
    facts = facts_of(connection, catalog, customer_id, now, *rules)
    if facts is None:
        return None
    last = _last_way_in(connection, facts.customer_id, campaign)
    if isinstance(campaign, Series):
        waits = "It goes to those in its audience, day by day around its anchor"
        rule: Explained | None = explain(campaign.audience, facts, catalog.rules, now, None)
    elif isinstance(campaign, Broadcast):
        opens = rfc3339(core_broadcast.opens_at(campaign))
        waits = f"It goes to those in its audience, from {opens} on"
        rule = explain(campaign.audience, facts, catalog.rules, now, None)
    else:
        waits, rule = _flow(campaign, catalog, facts, last, now)
    ordered = operations.ordered(connection)
    policy = Policy(catalog.settings, catalog.rules, {}, ordered)
    return NotYet(campaign.id, waits, rule, tuple(_in_the_way(campaign, policy, facts)))


def _flow(
    flow: Flow, catalog: Catalog, facts: Facts, last: Event | None, now: datetime
) -> tuple[str, Explained | None]:
    if flow.enter.when:
        names = " or ".join(flow.enter.when)
        waits = f"It waits for {names}, which has not happened"
        if last is not None:
            waits = f"It waits for {names}; the last one was {last.name} at {rfc3339(last.at)}"
            if not last.enters:
                waits += ", imported history, which lets nobody in"
        asked = flow.enter.only_if
        if asked is None or (last is None and asked.needs().entry):
            return waits, None
        return waits + ", and only_if must hold", explain(asked, facts, catalog.rules, now, last)
    segment = flow.enter.joins or flow.enter.leaves
    assert segment is not None
    rule = catalog.rules.get(segment)
    tree = None if rule is None else explain(rule, facts, catalog.rules, now, None)
    inside = segment in facts.segments
    if flow.enter.joins:
        waits = f"It waits for joining the segment {segment}"
        waits += ", in which the customer is already" if inside else ""
    else:
        waits = f"It waits for leaving the segment {segment}"
        waits += "" if inside else ", in which the customer is not"
    return waits, tree


def _in_the_way(campaign: Campaign, policy: Policy, facts: Facts) -> list[str]:
    found = []
    if campaign.status != "live":
        found.append(f"the campaign is {campaign.status}")
    if policy.ordered.get(campaign.id):
        found.append(f"the campaign is {policy.ordered[campaign.id]} by command")
    if facts.erased:
        found.append("the customer was erased")
    if policy.held_out(campaign, facts.customer_id):
        found.append("the customer belongs to the holdout")
    if facts.email is None:
        found.append("no address is known")
    if facts.suppressed:
        found.append(f"the address is suppressed ({facts.suppressed})")
    if campaign.topic is not None and not facts.consents.get(campaign.topic):
        found.append(f"there is no consent to {campaign.topic}")
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
