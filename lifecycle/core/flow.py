"""Walking a flow: what becomes of a step whose moment has come, and what changed facts lead to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from lifecycle.core import deeds, waiting
from lifecycle.core.action import Action, Keep, bring_up_to_date, takes_in_first
from lifecycle.core.anchor import AnchorTime
from lifecycle.core.campaign import Flow
from lifecycle.core.enrollment import Enrollment, EnrollmentState
from lifecycle.core.facts import Facts
from lifecycle.core.owing import plan_letter
from lifecycle.core.policy import Policy
from lifecycle.core.timing import (
    NEVER_ALLOWED,
    TOO_LATE,
    allowed,
    clock_of,
    last_moment,
    length_unknown,
    put_off,
    step_due,
)
from lifecycle.core.walk import Walk, leave
from lifecycle.core.way import Place
from lifecycle.core.words import length_words, rfc3339

PAUSE = timedelta(hours=1)
"""How soon a deed is looked at again that a pause holds."""
ONLY_IF = "only_if does not hold"


def begin(
    flow: Flow,
    started: Enrollment,
    since: datetime,
    facts: Facts,
    policy: Policy,
    now: datetime,
) -> list[Action]:
    """Set a fresh enrollment on its way: to its first step, counted from `since`."""
    walk = Walk(flow, facts, policy, now)
    return walk.go_on(started, None, flow.way.after(None), since)


def on_due(
    flow: Flow, enrollment: Enrollment, facts: Facts, policy: Policy, now: datetime
) -> list[Action]:
    """Walk an enrollment on for as long as its steps are due.

    It halts where what it did must be taken in first; the facts are brought up to date meanwhile.
    """
    assert enrollment.running and enrollment.step is not None and enrollment.due_at is not None
    walk = Walk(flow, facts, policy, now)
    actions: list[Action] = []
    while True:
        done = _one(walk, enrollment)
        actions += done
        bring_up_to_date(facts, done)
        kept = [one.enrollment for one in done if isinstance(one, Keep)]
        if not kept or any(takes_in_first(one) for one in done):
            return actions
        enrollment = kept[-1]
        due = enrollment.due_at
        if not enrollment.running or enrollment.step is None or due is None or due > now:
            return actions


def _one(walk: Walk, of: Enrollment) -> list[Action]:
    flow, now = walk.flow, walk.now
    assert of.step is not None and of.due_at is not None
    if walk.policy.stopped(flow):
        return leave(of, EnrollmentState.LEFT, now, "stopped", "")
    if walk.exit_holds(of):
        return walk.left_by_rule(of)
    place = flow.way.find(of.step)
    if place is None:
        return leave(of, EnrollmentState.LEFT, now, "left", "the step is gone")
    if of.leaving:
        return _leave(walk, of, place)
    if of.waiting_since is not None and place.step.wait_for is not None:
        return waiting.waited(walk, of, place)
    if of.fell_due_at is None:
        later = put_off(flow, place.step, of.due_at, of, walk.facts, walk.policy)
        if later is not None and later > now:
            return [Keep(replace(of, due_at=later))]
    # What was past already when a late event let the customer in fell due on its arrival.
    fell_due = of.fell_due_at or max(of.due_at, of.entered_at)
    decided_at = of.due_at if of.due_at <= of.entered_at else now
    quiet = walk.policy.quiet_hours(flow, place.step)
    if quiet is not None and quiet.covering(now, walk.facts.zone) is not None:
        if of.fell_due_at is not None and now >= fell_due + flow.sending.stale_after:
            dropped = walk.told(of, place, "dropped", "stale")
            return [dropped, *walk.go_on(of, place, flow.way.after(place.id), decided_at)]
        clock = clock_of(flow, place.step, walk.facts, walk.policy)
        clock = None if isinstance(clock, AnchorTime) else clock
        limits = allowed(place.step, clock, walk.facts, walk.policy, quiet)
        until = limits.first(now, walk.facts.zone) or now + NEVER_ALLOWED
        return _hold(walk, of, place, fell_due, until)
    return _decide(walk, of, place, fell_due, decided_at)


def _hold(
    walk: Walk, of: Enrollment, place: Place, fell_due: datetime, until: datetime
) -> list[Action]:
    stale_at = fell_due + walk.flow.sending.stale_after
    held = replace(of, due_at=min(until, max(stale_at, walk.now)), fell_due_at=fell_due)
    told = walk.told(of, place, "held", "quiet_hours", f"until {rfc3339(until)}")
    return [Keep(held), replace(told, of=of.id)]


def _decide(
    walk: Walk, of: Enrollment, place: Place, fell_due: datetime, decided_at: datetime
) -> list[Action]:
    flow, step = walk.flow, place.step
    what, reason, detail = _passed_over(walk, of, place)
    if what:
        after = walk.go_on(of, place, flow.way.after(place.id), decided_at)
        leaves = walk.because(step.only_if, of, "only_if") if detail == ONLY_IF else ()
        return [walk.told(of, place, what, reason, detail, leaves), *after]
    if step.writes:
        return _letter(walk, of, place, fell_due, decided_at)
    if walk.policy.paused(flow) and step.deed in deeds.HELD_BY_A_PAUSE:
        told = replace(walk.told(of, place, "held", "paused"), of=of.id)
        return [Keep(replace(of, due_at=walk.now + PAUSE, fell_due_at=fell_due)), told]
    if step.deed == "wait_for":
        return waiting.wait(walk, of, place, decided_at)
    if step.deed in ("branch", "split"):
        taken, which = deeds.choose(walk, of, place)
        leaves = deeds.because_of(walk, of, place, taken)
        told = walk.told(of, place, "branched", "", which, leaves)
        return [told, *walk.go_on(of, place, flow.way.branch(place, taken), decided_at)]
    if step.deed == "leave":
        return _leave(walk, replace(of, decided_steps=(*of.decided_steps, place.id)), place)
    done, skipped = deeds.carried_out(walk, of, place)
    if skipped:
        given_if = step.issue.given_if if step.issue else None
        leaves = walk.because(given_if, of, "given_if")
        done = [walk.told(of, place, "skipped", "not_applicable", skipped, leaves)]
    return [*done, *walk.go_on(of, place, flow.way.after(place.id), decided_at)]


def _leave(walk: Walk, of: Enrollment, place: Place) -> list[Action]:
    """End an enrollment by its flow's own word, once the letters of earlier steps are out.

    Those are still owed: a last letter, and then out, is what such a flow says. It runs on
    meanwhile, so that an exit still stops them.
    """
    if of.open_messages:
        return [Keep(replace(of, due_at=None, fell_due_at=None))]
    return leave(of, EnrollmentState.LEFT, walk.now, "left", place.name, place.name)


def _passed_over(walk: Walk, of: Enrollment, place: Place) -> tuple[str, str, str]:
    """Why a step is dropped or skipped at its moment: what, reason, detail; else empty."""
    late = _too_late(walk, of, place)
    if late:
        return "dropped", "late", late
    unknown = length_unknown(place.step, of, walk.facts, walk.policy, walk.now)
    if unknown:
        return "skipped", "not_applicable", f"{unknown} is unknown"
    if not walk.holds(place.step.only_if, of):
        return "skipped", "not_applicable", ONLY_IF
    return "", "", ""


def _too_late(walk: Walk, of: Enrollment, place: Place) -> str:
    """Why it is too late for a step; empty when it is not."""
    ends = last_moment(walk.flow, place.step, of, walk.facts.zone)
    if ends is not None and walk.now > ends:
        return TOO_LATE
    clock = clock_of(walk.flow, place.step, walk.facts, walk.policy)
    if isinstance(clock, AnchorTime) and of.fell_due_at is None and of.due_at is not None:
        if walk.now - of.due_at > walk.flow.enter.too_late:
            return f"{clock.words()} was over already"
    return ""


def _letter(
    walk: Walk, of: Enrollment, place: Place, fell_due: datetime, decided_at: datetime
) -> list[Action]:
    flow, now = walk.flow, walk.now
    again = flow.enter.again_said
    if isinstance(again, timedelta) and not of.led_to_letter:
        if not rested(flow, walk.facts, again, now, of.id):
            detail = f"a letter within {length_words(again)}"
            return leave(of, EnrollmentState.LEFT, now, "again", detail)
    plan = plan_letter(flow, place.step, place.id, of, fell_due, walk.facts, walk.policy, now)
    owing = replace(of, open_messages=(*of.open_messages, plan.message_id))
    after = flow.way.after(place.id)
    return [*walk.go_on(owing, place, after, decided_at), plan]


def rested(flow: Flow, facts: Facts, again: timedelta, at: datetime, own: str | None) -> bool:
    """Whether `again` has passed since the last other entry that led to a letter."""
    led = [
        one.event_at
        for one in facts.enrollments
        if one.campaign == flow.id and one.led_to_letter and one.id != own
    ]
    return not led or at - max(led) >= again


def on_change(flow: Flow, facts: Facts, policy: Policy, now: datetime) -> list[Action]:
    """What changed facts lead to: exits by rule, rules that were waited for, moments that moved."""
    walk = Walk(flow, facts, policy, now)
    actions: list[Action] = []
    for of in list(serving(flow, facts, policy)):
        if walk.exit_holds(of):
            actions += walk.left_by_rule(of)
        elif of.running:
            actions += waiting.on_change(walk, of) or moved(walk, of)
    return actions


def serving(flow: Flow, facts: Facts, policy: Policy) -> Iterable[Enrollment]:
    """The running enrollments that walk this version of a flow."""
    return (
        one
        for one in facts.enrollments
        if one.campaign == flow.id and one.running and policy.serves(flow, one)
    )


def moved(walk: Walk, of: Enrollment) -> list[Action]:
    """Put the moment waited for where the data now says, if it waits for an instant in them."""
    place = walk.flow.way.find(of.step) if of.step is not None else None
    if place is None or place.step.until is None or of.leaving:
        return []
    if of.waiting_since or of.fell_due_at:
        return []
    assert of.decided_at is not None
    due = step_due(walk.flow, place.step, of, of.decided_at, walk.facts, walk.policy, of.due_at)
    return [] if due.at == of.due_at else [Keep(replace(of, due_at=due.at, timed=due.timed))]
