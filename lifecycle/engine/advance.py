"""The second stage of a tick: walks the enrollments whose moment has come one step on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lifecycle import log
from lifecycle.core import broadcast, flow
from lifecycle.core.action import Action, bring_up_to_date
from lifecycle.core.campaign import Flow
from lifecycle.core.enrollment import Enrollment, EnrollmentState
from lifecycle.core.facts import Facts
from lifecycle.core.policy import Policy
from lifecycle.engine.parts import Parts
from lifecycle.engine.running import look_again
from lifecycle.store import claims
from lifecycle.store.apply import Writing
from lifecycle.store.claims import Claim
from lifecycle.store.facts import load, variants_seen


def advance(parts: Parts, policy: Policy, now: datetime, batch: int = claims.BATCH) -> int:
    """Walk one batch of enrollments that are due; says how many there were."""
    with parts.database.write() as connection:
        claimed = claims.claim(connection, "enrollment", now, batch)
    if not claimed:
        return 0
    try:
        _walk(parts, policy, claimed, now)
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


def _walk(parts: Parts, policy: Policy, claimed: Sequence[Claim], now: datetime) -> None:
    ids = sorted({one.customer_id for one in claimed})
    with parts.database.write() as connection:
        claims.have_alone(connection, ids)
        reading = parts.live.flow_reading
        facts = load(connection, ids, now, reading, shop_zone=parts.shop_zone)
        if policy.verdicts:
            variants_seen(connection, facts)
        writing = Writing(now)
        for one in sorted(claimed, key=lambda one: (one.customer_id, one.id)):
            known = facts.get(one.customer_id)
            if known is None:
                continue
            found = next((each for each in known.enrollments if each.id == one.id), None)
            if found is None:
                continue
            parts.live.compute(known)
            actions = _decide(parts, policy, found, known, now)
            bring_up_to_date(known, actions)
            writing.add(known, actions, None)
        writing.write(connection)
        look_again(connection, parts.live, writing, now)
        claims.release(connection, "enrollment", claimed)


def _decide(
    parts: Parts, policy: Policy, enrollment: Enrollment, facts: Facts, now: datetime
) -> list[Action]:
    if not enrollment.running or enrollment.due_at is None or enrollment.due_at > now:
        return []
    campaign = parts.live.campaign(enrollment.campaign)
    if campaign is None:
        return flow.leave(enrollment, EnrollmentState.LEFT, now, "stopped", "the campaign is gone")
    if isinstance(campaign, Flow):
        return flow.on_due(campaign, enrollment, facts, policy, now)
    return broadcast.on_due(campaign, enrollment, facts, policy, now)
