"""Walking a flow: when a step's moment comes, what is then decided, and how an enrollment ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from lifecycle.core.action import Action, CallOff, Decided, Keep, Plan
from lifecycle.core.campaign import Campaign, Flow, Step
from lifecycle.core.enrollment import Enrollment, EnrollmentState, message_id
from lifecycle.core.facts import Facts
from lifecycle.core.policy import HUMAN_TRACES, Policy
from lifecycle.core.send_time import Allowed, Clock, best_hour
from lifecycle.core.words import Span, length_words, rfc3339

NEVER_ALLOWED = timedelta(days=370)


def begin(
    flow: Flow, started: Enrollment, facts: Facts, policy: Policy, now: datetime
) -> list[Action]:
    """Set a fresh enrollment on its way: to its first step, counted from its event's own moment."""
    return go_on(flow, started, None, started.event_at, facts, policy, now)


def go_on(
    flow: Flow,
    enrollment: Enrollment,
    done: str | None,
    decided_at: datetime,
    facts: Facts,
    policy: Policy,
    now: datetime,
) -> list[Action]:
    """Wait for the step after `done`; with none left, finish once no letter is out any more."""
    step = flow.step_after(done)
    steps = (*enrollment.decided_steps, done) if done else enrollment.decided_steps
    moved = replace(
        enrollment, decided_at=decided_at, decided_steps=steps, fell_due_at=None, step=None
    )
    if step is None:
        return settled(replace(moved, due_at=None), now)
    due = step_due(flow, step, decided_at, facts, policy)
    return [Keep(replace(moved, step=step.name, due_at=due))]


def step_due(
    flow: Flow, step: Step, decided_at: datetime, facts: Facts, policy: Policy
) -> datetime:
    """The instant at which a step's moment comes: after its wait, its clock time and weekdays.

    Quiet hours move it here only together with a clock time or weekday; alone they hold the letter
    when its moment has come, so that the hold is seen.
    """
    base = decided_at + step.after
    clock = _clock(flow, step, facts, policy)
    quiet = policy.quiet_hours(flow, step)
    allowed = replace(_allowed(step, clock, facts, policy, quiet), quiet=None)
    moment = allowed.first(base, facts.zone)
    if moment is None or moment == base:
        return base if moment is not None else base + NEVER_ALLOWED
    return replace(allowed, quiet=quiet).first(base, facts.zone) or moment


def _clock(flow: Campaign, step: Step, facts: Facts, policy: Policy) -> Clock | None:
    variant = policy.variant(flow, step, facts)
    if variant is not None and variant.at is not None:
        return variant.at
    return step.at


def _allowed(
    step: Step, clock: Clock | None, facts: Facts, policy: Policy, quiet: Span | None
) -> Allowed:
    at = None
    if clock is not None:
        at = clock.fixed
        if clock.best:
            traces = sorted(
                event.at for name in HUMAN_TRACES for event in facts.events.get(name, ())
            )
            default = policy.settings.sending.best_hour
            at = best_hour(traces, facts.zone, default, clock.between, quiet)
    return Allowed(at, step.on, step.not_on, quiet)


def on_due(
    flow: Flow, enrollment: Enrollment, facts: Facts, policy: Policy, now: datetime
) -> list[Action]:
    """What becomes of a step whose moment has come: exit, quiet hours, too late, skip, letter."""
    assert enrollment.running and enrollment.step is not None and enrollment.due_at is not None
    if policy.stopped(flow):
        return leave(enrollment, EnrollmentState.LEFT, now, "stopped", "")
    if exit_rule_holds(flow, enrollment, facts, policy, now):
        return leave(enrollment, EnrollmentState.LEFT, now, "left", "if")
    step = flow.step_named(enrollment.step)
    if step is None:
        return leave(enrollment, EnrollmentState.LEFT, now, "left", "the step is gone")
    # What was past already when a late event let the customer in fell due on its arrival.
    fell_due = enrollment.fell_due_at or max(enrollment.due_at, enrollment.entered_at)
    late = enrollment.due_at <= enrollment.entered_at
    decided_at = enrollment.due_at if late else now
    quiet = policy.quiet_hours(flow, step)
    if quiet is not None and quiet.covering(now, facts.zone) is not None:
        if enrollment.fell_due_at is not None and now >= fell_due + flow.sending.stale_after:
            dropped = Decided(now, flow.id, enrollment.entry, "dropped", "stale", "", step.name)
            return [dropped, *go_on(flow, enrollment, step.name, decided_at, facts, policy, now)]
        clock = _clock(flow, step, facts, policy)
        until = _allowed(step, clock, facts, policy, quiet).first(now, facts.zone)
        return _hold(flow, enrollment, step, fell_due, until or now + NEVER_ALLOWED, now)
    return _decide(flow, enrollment, step, fell_due, decided_at, facts, policy, now)


def _hold(
    flow: Flow,
    enrollment: Enrollment,
    step: Step,
    fell_due: datetime,
    until: datetime,
    now: datetime,
) -> list[Action]:
    stale_at = fell_due + flow.sending.stale_after
    held = replace(enrollment, due_at=min(until, max(stale_at, now)), fell_due_at=fell_due)
    told = Decided(
        now,
        flow.id,
        enrollment.entry,
        "held",
        "quiet_hours",
        f"until {rfc3339(until)}",
        step.name,
        of=enrollment.id,
    )
    return [Keep(held), told]


def _decide(
    flow: Flow,
    enrollment: Enrollment,
    step: Step,
    fell_due: datetime,
    decided_at: datetime,
    facts: Facts,
    policy: Policy,
    now: datetime,
) -> list[Action]:
    def told(what: str, reason: str, detail: str = "") -> list[Action]:
        decided = Decided(now, flow.id, enrollment.entry, what, reason, detail, step.name)
        after = go_on(flow, enrollment, step.name, decided_at, facts, policy, now)
        return [decided, *after]

    if step.not_after is not None and now > step.not_after.at(facts.zone):
        return told("dropped", "late", "after not_after")
    entry = enrollment.entry_event()
    if not policy.holds(step.only_if, facts, now, entry):
        return told("skipped", "not_applicable", "only_if does not hold")
    again = flow.enter.again_said
    if isinstance(again, timedelta) and not enrollment.led_to_letter:
        if not rested(flow, facts, again, now, enrollment.id):
            return leave(
                enrollment,
                EnrollmentState.LEFT,
                now,
                "again",
                f"a letter within {length_words(again)}",
            )
    plan = plan_letter(flow, step, enrollment, fell_due, facts, policy, now)
    owing = replace(enrollment, open_messages=(*enrollment.open_messages, plan.message_id))
    return [*go_on(flow, owing, step.name, decided_at, facts, policy, now), plan]


def plan_letter(
    campaign: Campaign,
    step: Step,
    enrollment: Enrollment,
    fell_due: datetime,
    facts: Facts,
    policy: Policy,
    now: datetime,
) -> Plan:
    """The message that a step owes from now on."""
    variant = policy.variant(campaign, step, facts)
    return Plan(
        message_id=message_id(enrollment.id, step.name),
        enrollment=enrollment,
        step=step.name,
        variant=variant.name if variant else "",
        klass="transactional" if step.transactional else campaign.klass,
        counts=campaign.sending.caps and not step.transactional,
        transactional=step.transactional,
        priority=campaign.priority,
        at=now,
        fell_due_at=fell_due,
        stale_at=fell_due + campaign.sending.stale_after,
    )


def rested(flow: Flow, facts: Facts, again: timedelta, at: datetime, own: str | None) -> bool:
    """Whether `again` has passed since the last other entry that led to a letter."""
    led = [
        one.event_at
        for one in facts.enrollments
        if one.campaign == flow.id and one.led_to_letter and one.id != own
    ]
    return not led or at - max(led) >= again


def exit_rule_holds(
    flow: Flow, enrollment: Enrollment, facts: Facts, policy: Policy, now: datetime
) -> bool:
    """Whether `[exit] if` holds for an enrollment."""
    rule = flow.exit.if_
    return rule is not None and policy.holds(rule, facts, now, enrollment.entry_event())


def on_change(flow: Flow, facts: Facts, policy: Policy, now: datetime) -> list[Action]:
    """Ask `[exit] if` of each running enrollment, since the facts have changed."""
    if flow.exit.if_ is None:
        return []
    return [
        action
        for running in list(facts.enrollments)
        if running.campaign == flow.id
        and running.running
        and exit_rule_holds(flow, running, facts, policy, now)
        for action in leave(running, EnrollmentState.LEFT, now, "left", "if")
    ]


def leave(
    enrollment: Enrollment, state: EnrollmentState, now: datetime, reason: str, detail: str
) -> list[Action]:
    """End an enrollment before its time; its letters that have not begun are called off."""
    off = "superseded" if state is EnrollmentState.SUPERSEDED else "left"
    return [
        Keep(enrollment.ended(state, now)),
        Decided(now, enrollment.campaign, enrollment.entry, "left", reason, detail),
        *(CallOff(message, off) for message in enrollment.open_messages),
    ]


def settled(enrollment: Enrollment, now: datetime) -> list[Action]:
    """An enrollment without a further step: finished, unless a letter of it is still out."""
    if enrollment.step is not None or enrollment.open_messages or not enrollment.running:
        return [Keep(enrollment)]
    return [
        Keep(enrollment.ended(EnrollmentState.FINISHED, now)),
        Decided(now, enrollment.campaign, enrollment.entry, "finished"),
    ]


def letter_settled(enrollment: Enrollment, message: str, now: datetime, sent: bool) -> list[Action]:
    """A letter of an enrollment was handed over or dropped: it is out no more."""
    left_out = tuple(one for one in enrollment.open_messages if one != message)
    moved = replace(
        enrollment, open_messages=left_out, led_to_letter=enrollment.led_to_letter or sent
    )
    return settled(moved, now)
