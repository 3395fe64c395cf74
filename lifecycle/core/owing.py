"""The message that a step owes from the moment at which it was decided."""

from __future__ import annotations

from datetime import datetime

from lifecycle.core.action import Plan
from lifecycle.core.campaign import Campaign, Flow
from lifecycle.core.enrollment import Enrollment, message_id
from lifecycle.core.facts import Facts
from lifecycle.core.policy import Policy
from lifecycle.core.step import Step
from lifecycle.core.timed import SAID, Timed, read_timed
from lifecycle.core.timing import last_moment

_SAID = Timed(SAID)
"""Broadcasts and series go at an hour that the file says, where none is chosen."""


def plan_letter(
    campaign: Campaign,
    step: Step,
    place: str,
    enrollment: Enrollment,
    fell_due: datetime,
    facts: Facts,
    policy: Policy,
    now: datetime,
) -> Plan:
    """The message that a step owes from now on; `place` tells branches of one step apart.

    It may be held for `stale_after`, and never past the step's `not_after`.
    """
    stale_at = fell_due + campaign.sending.stale_after
    last = last_moment(campaign, step, enrollment, facts.zone)
    variant = policy.variant(campaign, step, facts, enrollment.entry)
    by_itself = isinstance(campaign, Flow) or bool(enrollment.timed)
    return Plan(
        message_id=message_id(enrollment.id, place),
        enrollment=enrollment,
        step=step.name,
        place=place,
        variant=variant.name if variant else "",
        klass="transactional" if step.transactional else campaign.klass,
        counts=campaign.sending.caps and not step.transactional,
        transactional=step.transactional,
        priority=campaign.priority,
        at=now,
        fell_due_at=fell_due,
        stale_at=stale_at if last is None else min(stale_at, last),
        timed=read_timed(enrollment.timed) if by_itself else _SAID,
    )
