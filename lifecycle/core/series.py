"""A series: dated steps around an anchor day, each asking its audience anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from lifecycle.core.action import Action, Decided, Keep, bring_up_to_date
from lifecycle.core.because import because
from lifecycle.core.broadcast import (
    awaits_winner,
    due_at,
    entry_of,
    fell_due_of,
    held_over,
    quiet_over,
    starts,
)
from lifecycle.core.campaign import Series
from lifecycle.core.enrollment import Enrollment, EnrollmentState
from lifecycle.core.entry import hold_out, stays_out
from lifecycle.core.facts import Facts
from lifecycle.core.occasion import Occasion, Time, in_order, instant
from lifecycle.core.owing import plan_letter
from lifecycle.core.policy import Policy
from lifecycle.core.send_time import Allowed
from lifecycle.core.step import Step
from lifecycle.core.timing import TOO_LATE, last_moment
from lifecycle.core.walk import leave, settled

NOT_IN_AUDIENCE = "not in the audience any more"
UNMET = "only_if does not hold"


def ask(
    occasion: Occasion,
    facts: Facts,
    own: Time,
    tested: float | None,
    policy: Policy,
    now: datetime,
    timed: str = "",
) -> list[Action]:
    """What a step, whose moment has come, means for a customer.

    Whoever is in the audience for the first time is let in. Who was let in and is not in it any
    more is passed over at this step alone.
    """
    series, step = occasion.campaign, occasion.step
    assert isinstance(series, Series)
    known = entry_of(occasion, facts)
    if known is not None and (not known.running or step.name in known.decided_steps):
        return []
    inside = policy.holds(series.audience, facts, now, None)
    if known is None and not inside:
        return []
    actions: list[Action] = []
    if known is None:
        due = _due(occasion, facts, own, tested, policy)
        known = replace(starts(occasion, facts.customer_id, due, now), timed=timed)
        if stays_out(series, facts, policy):
            return hold_out(known, now)
        actions = [Decided(now, series.id, occasion.entry, "entered")]
    else:
        actions = _settle_waiting(series, known, step, facts, policy, now)
        bring_up_to_date(facts, actions)
        known = entry_of(occasion, facts)
        assert known is not None
        if not inside:
            told = _told(series, known, step, now, "skipped", "not_applicable", NOT_IN_AUDIENCE)
            leaves = because(series.audience, policy.view(facts, now), "audience")
            told = replace(told, because=leaves)
            return [*actions, told, *_go_on(series, known, step, now)]
        due = _due(occasion, facts, own, tested, policy)
        fell_due = due if due < now else None
        known = replace(known, step=step.name, due_at=max(due, now), fell_due_at=fell_due)
        known = replace(known, timed=timed)
    if due <= now:
        return [*actions, *on_due(series, known, facts, policy, now)]
    return [Keep(known), *actions]


def _due(
    occasion: Occasion, facts: Facts, own: Time, tested: float | None, policy: Policy
) -> datetime:
    """When a letter falls due, pushed to a day that the step allows."""
    step = occasion.step
    due = due_at(occasion, facts, own, tested, policy)
    if not step.on and not step.not_on:
        return due
    clock = instant(occasion.when, own, facts.zone).astimezone(facts.zone).time()
    holidays = policy.holidays(facts) if step.not_on_holidays else None
    limits = Allowed(None, step.on, step.days_left_out, None, holidays)
    if limits.first(due, facts.zone) == due:
        return due
    quiet = policy.quiet_hours(occasion.campaign, step)
    return replace(limits, at=clock, quiet=quiet).first(due, facts.zone) or due


def _settle_waiting(
    series: Series, known: Enrollment, step: Step, facts: Facts, policy: Policy, now: datetime
) -> list[Action]:
    """Decide a step before that still waits, for a winner or for the end of quiet hours.

    The guard keeps its letter over quiet hours.
    """
    if known.due_at is None or known.step == step.name:
        return []
    before = series.step_named(known.step or "")
    return [] if before is None else _decide(series, known, before, facts, policy, now)


def on_due(
    series: Series, enrollment: Enrollment, facts: Facts, policy: Policy, now: datetime
) -> list[Action]:
    """A step's letter falls due: hold it over quiet hours, or decide it now."""
    if policy.stopped(series):
        return leave(enrollment, EnrollmentState.LEFT, now, "stopped", "")
    step = series.step_named(enrollment.step or "")
    if step is None:
        return settled(replace(enrollment, step=None, due_at=None), now)
    waits = awaits_winner(series, step, enrollment, facts, policy, now)
    if waits is not None:
        return [Keep(replace(enrollment, due_at=waits, fell_due_at=None))]
    fell_due = fell_due_of(enrollment)
    over = quiet_over(series, step, facts, policy, now)
    if over is None:
        return _decide(series, enrollment, step, facts, policy, now)
    if enrollment.fell_due_at is not None and now >= fell_due + series.sending.stale_after:
        told = _told(series, enrollment, step, now, "dropped", "stale", "")
        return [told, *_go_on(series, enrollment, step, now)]
    return held_over(series, enrollment, step.name, fell_due, over, now)


def _decide(
    series: Series, of: Enrollment, step: Step, facts: Facts, policy: Policy, now: datetime
) -> list[Action]:
    fell_due = fell_due_of(of)
    ends = last_moment(series, step, of, facts.zone)
    if ends is not None and now > ends:
        told = _told(series, of, step, now, "dropped", "late", TOO_LATE)
        return [told, *_go_on(series, of, step, now)]
    if not policy.holds(step.only_if, facts, now, None):
        told = _told(series, of, step, now, "skipped", "not_applicable", UNMET)
        told = replace(told, because=because(step.only_if, policy.view(facts, now), "only_if"))
        return [told, *_go_on(series, of, step, now)]
    plan = plan_letter(series, step, step.name, of, fell_due, facts, policy, now)
    owing = replace(of, open_messages=(*of.open_messages, plan.message_id))
    return [*_go_on(series, owing, step, now), plan]


def _told(
    series: Series,
    of: Enrollment,
    step: Step,
    now: datetime,
    what: str,
    reason: str,
    detail: str,
) -> Decided:
    return Decided(now, series.id, of.entry, what, reason, detail, step.name)


def _go_on(series: Series, of: Enrollment, step: Step, now: datetime) -> list[Action]:
    """Wait for the moment of the next step, which finds the enrollment; after the last, finish."""
    behind = (*of.decided_steps, step.name)
    ahead = _ahead(series, step, behind)
    moved = replace(
        of,
        decided_at=now,
        decided_steps=behind,
        fell_due_at=None,
        due_at=None,
        step=ahead[0].name if ahead else None,
    )
    return settled(moved, now)


def _ahead(series: Series, step: Step, behind: tuple[str, ...]) -> list[Step]:
    every = in_order(series)
    names = [one.name for one in every]
    later = every[names.index(step.name) + 1 :] if step.name in names else []
    return [one for one in later if one.name not in behind]


def close(series: Series, enrollment: Enrollment, policy: Policy, now: datetime) -> list[Action]:
    """End an enrollment for which no step will come any more."""
    if not enrollment.running or enrollment.step is None or enrollment.due_at is not None:
        if policy.stopped(series) and enrollment.running and enrollment.due_at is not None:
            return leave(enrollment, EnrollmentState.LEFT, now, "stopped", "")
        return []
    if policy.stopped(series):
        return leave(enrollment, EnrollmentState.LEFT, now, "stopped", "")
    return settled(replace(enrollment, step=None), now)
