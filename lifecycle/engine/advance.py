"""The second stage of a tick: walks the enrollments whose moment has come one step on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from lifecycle import log
from lifecycle.core import broadcast, flow, series
from lifecycle.core.action import Action, Join, Keep, bring_up_to_date, takes_in_first
from lifecycle.core.campaign import Broadcast, Flow
from lifecycle.core.enrollment import Enrollment, EnrollmentState
from lifecycle.core.entry import enter
from lifecycle.core.facts import Facts
from lifecycle.core.migration import STAYS, let_go
from lifecycle.core.policy import Policy
from lifecycle.core.walk import leave
from lifecycle.core.words import from_micros
from lifecycle.engine.deeds import carry_out, provided
from lifecycle.engine.hooked import Wanted, ask
from lifecycle.engine.parts import Parts
from lifecycle.engine.running import look_again
from lifecycle.failpoints import reach
from lifecycle.store import claims
from lifecycle.store.apply import Writing
from lifecycle.store.claims import Claim
from lifecycle.store.facts import load, variants_seen
from lifecycle.store.turns import in_turn

MOVED_SOON = timedelta(minutes=1)
"""How soon an enrollment is looked at again that a change of its flow is about to move."""


def advance(parts: Parts, policy: Policy, now: datetime, batch: int = claims.BATCH) -> int:
    """Walk one batch of enrollments that are due; says of how many it was the turn."""
    with parts.database.write() as connection:
        claimed = claims.claim(connection, "enrollment", now, batch, parts.turns)
    if not claimed:
        return 0
    reach("enrollments_claimed")
    try:
        return _walk(parts, policy, claimed, now)
    except Exception:
        if not parts.outside:
            raise
        log.failed("enrollments_failed", enrollments=len(claimed))
        for one in claimed:
            _alone(parts, policy, one, now)
    return len(claimed)


def _alone(parts: Parts, policy: Policy, one: Claim, now: datetime) -> None:
    try:
        _walk(parts, policy, [one], now)
    except Exception:
        log.failed("enrollment_failed", customer=one.customer_id, enrollment=one.id)
        with parts.database.write() as connection:
            if claims.quarantine(connection, "enrollment", one, now):
                log.warned("enrollment_quarantined", customer=one.customer_id, enrollment=one.id)


def _walk(parts: Parts, policy: Policy, claimed: Sequence[Claim], now: datetime) -> int:
    """Walk what was claimed; says of how many of them it was the turn."""
    ids = sorted({one.customer_id for one in claimed})
    with parts.database.write() as connection:
        claims.have_alone(connection, ids)
        ours = in_turn(connection, claimed, now) if parts.outside else claimed
        reading = parts.live.flow_reading
        # A wait that begins in the past, for a late entry, looks at what has come since then.
        anchor = min(from_micros(one.due_at) for one in claimed)
        facts = load(connection, ids, now, reading, shop_zone=parts.shop_zone, anchor=anchor)
        if parts.live.has_variants:
            variants_seen(connection, facts)
        writing = Writing(now)
        unsettled: set[str] = set()
        asking: dict[str, Wanted] = {}
        for customer_id, found in _in_order(ours, facts):
            if customer_id in unsettled:
                continue  # What the customer's last step did is taken in first, whatever the batch.
            known = facts[customer_id]
            parts.live.compute(known)
            decided = _decide(parts, policy, found, known, now)
            actions, wanted = provided(connection, parts, known, found, decided, now)
            if wanted is not None:
                asking[found.id] = wanted
                unsettled.add(customer_id)  # What is left out here is decided once it is there.
            if _to_be_taken_in(parts, actions, now):
                unsettled.add(customer_id)
            writing.add(known, actions, None)
        reach("enrollments_decided")
        writing.write(connection)
        carry_out(connection, parts, facts, writing, now)
        look_again(connection, parts.live, writing, now)
        settled = [one for one in claimed if one.id not in asking]
        claims.release(connection, "enrollment", settled)
        reach("enrollments_written")
    reach("enrollments_committed")
    if asking:
        ask(parts, list(asking.values()), now)
        with parts.database.write() as connection:
            left = [one for one in claimed if one.id in asking]
            claims.release(connection, "enrollment", left)
    return len(ours)


def _in_order(claimed: Sequence[Claim], facts: Mapping[str, Facts]) -> list[tuple[str, Enrollment]]:
    """The claimed enrollments, each customer's in the order in which they would be taken alone."""
    ids = {(one.customer_id, one.id) for one in claimed}
    found = [
        (customer_id, one)
        for customer_id in sorted({one.customer_id for one in claimed})
        if customer_id in facts
        for one in facts[customer_id].enrollments
        if (customer_id, one.id) in ids and one.due_at is not None
    ]
    return sorted(found, key=lambda pair: (pair[0], pair[1].due_at, pair[1].campaign, pair[1].id))


def _to_be_taken_in(parts: Parts, actions: Sequence[Action], now: datetime) -> bool:
    """Whether something is to be taken in before the customer's next enrollment is walked."""
    if any(takes_in_first(one) for one in actions):
        return True
    kept = [one.enrollment for one in actions if isinstance(one, Keep)]
    queues = {flow.id for flow in parts.live.flows_with_queue}
    return any(
        (not one.running or one.entered_at == now)
        and (parts.live.reads_running or one.campaign in queues)
        for one in kept
    )


def _decide(
    parts: Parts, policy: Policy, enrollment: Enrollment, facts: Facts, now: datetime
) -> list[Action]:
    if not enrollment.running or enrollment.due_at is None or enrollment.due_at > now:
        return []
    moving = parts.live.versions.moving.get(enrollment.campaign)
    said = STAYS if moving is None else moving.going(enrollment)
    campaign = parts.live.campaign(enrollment.campaign, enrollment.version)
    actions: list[Action] = []
    if said.what == "leaves":
        actions = let_go(enrollment, now)
    elif said.what == "moves":
        # It is moved in a moment, and its own moment reckoned anew then.
        actions = [Keep(replace(enrollment, due_at=now + MOVED_SOON))]
    elif campaign is None:
        actions = leave(enrollment, EnrollmentState.LEFT, now, "stopped", "the campaign is gone")
    elif isinstance(campaign, Flow):
        actions = flow.on_due(campaign, enrollment, facts, policy, now)
    elif isinstance(campaign, Broadcast):
        actions = broadcast.on_due(campaign, enrollment, facts, policy, now)
    else:
        actions = series.on_due(campaign, enrollment, facts, policy, now)
    bring_up_to_date(facts, actions)
    for joining in [one for one in actions if isinstance(one, Join)]:
        other = parts.live.campaign(joining.campaign)
        if isinstance(other, Flow):
            entered = enter(other, facts, joining.event, policy, now)
            bring_up_to_date(facts, entered)
            actions += entered
    return actions
