"""A broadcast: who gets it, and when, each on his own clock where it is local time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lifecycle.core.action import Action, Decided, Keep
from lifecycle.core.campaign import Broadcast
from lifecycle.core.chance import fraction
from lifecycle.core.enrollment import Enrollment, EnrollmentState, enrollment_id
from lifecycle.core.entry import hold_out
from lifecycle.core.facts import Facts
from lifecycle.core.owing import plan_letter
from lifecycle.core.policy import Policy
from lifecycle.core.walk import leave, settled
from lifecycle.core.words import Moment, rfc3339

EAST = timedelta(hours=14)
"""How far the earliest zone is ahead of UTC: a local time comes there first."""
STEP = "letter"


def opens_at(broadcast: Broadcast) -> datetime:
    """The instant at which the broadcast's moment comes for the first customer anywhere."""
    assert isinstance(broadcast.at, Moment)
    at = broadcast.at.value
    if at.tzinfo is not None:
        return at.astimezone(UTC)
    return at.replace(tzinfo=UTC) - EAST


def enroll(broadcast: Broadcast, facts: Facts, policy: Policy, now: datetime) -> list[Action]:
    """Let a customer of the audience in: to the letter at the customer's own instant."""
    if not policy.holds(broadcast.audience, facts, now, None):
        return []
    assert isinstance(broadcast.at, Moment)
    entry = broadcast.at.value.date().isoformat()
    if any(one.campaign == broadcast.id and one.entry == entry for one in facts.enrollments):
        return []
    due = broadcast.at.at(facts.zone)
    if not _in_test(broadcast, facts, policy):
        assert broadcast.winner is not None and broadcast.winner.decide_after is not None
        due += broadcast.winner.decide_after
    due = max(due, now)
    started = Enrollment(
        id=enrollment_id(broadcast.id, facts.customer_id, entry, 1),
        campaign=broadcast.id,
        version=broadcast.version,
        entry=entry,
        key={},
        visit=1,
        entered_at=now,
        event_id="",
        event_name="",
        event_at=now,
        properties={},
        step=STEP,
        due_at=due,
    )
    if policy.held_out(broadcast, facts.customer_id):
        return hold_out(started, now)
    return [Keep(started), Decided(now, broadcast.id, entry, "entered")]


def _in_test(broadcast: Broadcast, facts: Facts, policy: Policy) -> bool:
    winner = broadcast.winner
    if winner is None or winner.test_percent is None or winner.decide_after is None:
        return True
    assert winner.test_percent != "auto"
    seed = policy.settings.shop.seed
    return fraction(seed, "test", broadcast.id, facts.customer_id) * 100 < winner.test_percent


def on_due(
    broadcast: Broadcast, enrollment: Enrollment, facts: Facts, policy: Policy, now: datetime
) -> list[Action]:
    """The letter's moment has come: hold it over quiet hours, or owe it now."""
    assert enrollment.due_at is not None
    if policy.stopped(broadcast):
        return leave(enrollment, EnrollmentState.LEFT, now, "stopped", "")
    step = broadcast.letter()
    fell_due = enrollment.fell_due_at or enrollment.due_at
    quiet = policy.quiet_hours(broadcast, step)
    ends = quiet.covering(now, facts.zone) if quiet else None
    if ends is not None:
        stale_at = fell_due + broadcast.sending.stale_after
        if enrollment.fell_due_at is not None and now >= stale_at:
            told = Decided(now, broadcast.id, enrollment.entry, "dropped", "stale", "", STEP)
            return [told, *settled(replace(enrollment, step=None, due_at=None), now)]
        wait = ("held", "quiet_hours", f"until {rfc3339(ends)}", STEP)
        held = Decided(now, broadcast.id, enrollment.entry, *wait, of=enrollment.id)
        until = min(ends, max(stale_at, now))
        return [Keep(replace(enrollment, due_at=until, fell_due_at=fell_due)), held]
    plan = plan_letter(broadcast, step, STEP, enrollment, fell_due, facts, policy, now)
    owing = replace(
        enrollment,
        step=None,
        due_at=None,
        decided_at=now,
        decided_steps=(STEP,),
        open_messages=(plan.message_id,),
    )
    return [*settled(owing, now), plan]
