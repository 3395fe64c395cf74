"""Whether a letter would go to a customer now, and what stands in its way, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from lifecycle.core.because import Because, because
from lifecycle.core.campaign import Campaign, Flow, Series
from lifecycle.core.enrollment import Enrollment, EnrollmentState
from lifecycle.core.entry import stays_out
from lifecycle.core.facts import Facts
from lifecycle.core.guard import Go, Hold, Owed, guard
from lifecycle.core.policy import Policy
from lifecycle.core.rule.tree import Rule
from lifecycle.core.step import Step
from lifecycle.insight.spoken import HOLDS, REASONS, clock, in_words
from lifecycle.store.tables import METADATA

MESSAGE = METADATA.tables["message"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One letter for one customer now; `enrollment` is None where they never entered."""

    campaign: Campaign
    step: Step
    enrollment: Enrollment | None
    facts: Facts
    policy: Policy
    now: datetime


def would_go(connection: Connection, one: Standing, stand_in: Enrollment) -> list[str]:
    """Each thing that stands in the way of a letter now; empty where it would go.

    `stand_in` is what is judged where the customer never entered: all that can be told is.
    """
    found = [*_not_due(connection, one)]
    enrollment = replace(one.enrollment or stand_in, state=EnrollmentState.ACTIVE)
    entry = enrollment.entry_event()
    if isinstance(one.campaign, Flow):
        asked = one.campaign.exit.if_ if one.enrollment is not None else None
        if asked is not None and one.policy.holds(asked, one.facts, one.now, entry):
            found.append(f"[exit] if holds: {_leaves(one, asked, enrollment)}")
    else:
        audience = one.campaign.audience
        if not one.policy.holds(audience, one.facts, one.now, None):
            found.append(f"not in the audience: {_leaves(one, audience, enrollment)}")
    only_if = one.step.only_if
    if only_if is not None and one.enrollment is None and only_if.needs().entry:
        only_if = None  # It reads the event that let them in, and there is none.
    if only_if is not None and not one.policy.holds(only_if, one.facts, one.now, entry):
        found.append(f"it would be skipped, since {_leaves(one, only_if, enrollment)}")
    return [*found, *_guarded(one, enrollment)]


def _not_due(connection: Connection, one: Standing) -> Iterator[str]:
    zone, campaign = one.facts.zone, one.campaign
    if campaign.status != "live":
        yield f"the campaign is {campaign.status}"
    if one.policy.ordered.get(campaign.id):
        yield f"the campaign is {one.policy.ordered[campaign.id]} by command"
    if stays_out(campaign, one.facts, one.policy):
        yield "the customer belongs to the holdout"
    if one.enrollment is None:
        kind = "its turn has not come" if not isinstance(campaign, Flow) else "they never entered"
        who = f"lifecycle why {one.facts.customer_id} {campaign.id}"
        yield f"nothing of this campaign is due: {kind} ({who} tells more)"
        return
    sent = _sent_at(connection, one.enrollment, one.step)
    if sent is not None:
        yield f"it was sent already, at {clock(sent, zone)}"
    elif not one.enrollment.running:
        ended = one.enrollment.ended_at
        state = str(one.enrollment.state).replace("_", " ")
        yield f"their enrollment is {state}" + (f" since {clock(ended, zone)}" if ended else "")
    elif one.enrollment.step not in (None, one.step.name) or isinstance(campaign, Series):
        due = one.enrollment.due_at
        at = f" until {clock(due, zone)}" if due is not None else ""
        yield f"they wait at “{one.enrollment.step}”{at}"
    elif one.enrollment.due_at is not None and one.enrollment.due_at > one.now:
        yield f"it is due at {clock(one.enrollment.due_at, zone)}"


def _sent_at(connection: Connection, enrollment: Enrollment, step: Step) -> datetime | None:
    query = select(MESSAGE.c.attempted_at).where(
        MESSAGE.c.enrollment_id == enrollment.id,
        MESSAGE.c.step == step.name,
        MESSAGE.c.state == "accepted",
    )
    found: datetime | None = connection.execute(query).scalar()
    return found


def _guarded(one: Standing, enrollment: Enrollment) -> Iterator[str]:
    """What the guard says, the state of the campaign apart: that is told already."""
    policy = replace(one.policy, ordered={})
    owed = Owed(
        one.campaign.model_copy(update={"status": "live"}),
        one.step,
        enrollment,
        "transactional" if one.step.transactional else one.campaign.klass,
        one.campaign.sending.caps and not one.step.transactional,
        one.now + one.campaign.sending.stale_after,
    )
    verdict = guard(owed, one.facts, policy, one.now)
    if isinstance(verdict, Go):
        return
    reason = REASONS.get(verdict.reason, verdict.reason)
    if isinstance(verdict, Hold):
        reason = HOLDS.get(verdict.reason, reason)
        told = f"it would be held until {clock(verdict.until, one.facts.zone)}: {reason}"
        leaves = _words(one, verdict.because)
        yield f"{told}: {leaves}" if leaves else told
    else:
        yield f"it would be dropped: {reason}"


def _leaves(one: Standing, rule: Rule, enrollment: Enrollment) -> str:
    view = one.policy.view(one.facts, one.now, enrollment.entry_event())
    return _words(one, because(rule, view))


def _words(one: Standing, leaves: tuple[Because, ...]) -> str:
    return in_words("; ".join(leaf.words() for leaf in leaves), one.facts.zone)
