"""A broadcast: who gets it, and when, each on his own clock where it is local time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

from lifecycle.core.action import Action, Decided, Keep
from lifecycle.core.campaign import LETTER, Broadcast, Campaign
from lifecycle.core.chance import fraction
from lifecycle.core.enrollment import Enrollment, EnrollmentState, enrollment_id
from lifecycle.core.entry import hold_out, stays_out
from lifecycle.core.facts import Facts
from lifecycle.core.occasion import Occasion, Time, decides_at, instant
from lifecycle.core.owing import plan_letter
from lifecycle.core.policy import Policy, experiment
from lifecycle.core.step import Step
from lifecycle.core.walk import leave, settled
from lifecycle.core.waves import reached
from lifecycle.core.words import instant_of, rfc3339


def ask(
    occasion: Occasion,
    facts: Facts,
    own: Time,
    tested: float | None,
    policy: Policy,
    now: datetime,
    timed: str = "",
) -> list[Action]:
    """Let a customer of the audience in, whose moment has come; who is in stays as he is.

    `tested` is the share that takes part in the test of variants, in percent; None: everybody.
    `timed` is how the customer's own time came to its hour, as `Timed.said`.
    """
    broadcast = occasion.campaign
    assert isinstance(broadcast, Broadcast)
    view = policy.view(facts, now)
    if not broadcast.audience.matches(view) or not reached(occasion, view, policy):
        return []
    if entry_of(occasion, facts) is not None:
        return []
    due = due_at(occasion, facts, own, tested, policy)
    started = replace(starts(occasion, facts.customer_id, due, now), timed=timed)
    if stays_out(broadcast, facts, policy):
        return hold_out(started, now)
    actions: list[Action] = [Keep(started), Decided(now, broadcast.id, occasion.entry, "entered")]
    if due <= now:
        actions = [actions[1], *on_due(broadcast, started, facts, policy, now)]
    return actions


def entry_of(occasion: Occasion, facts: Facts) -> Enrollment | None:
    """The customer's enrollment of an occasion, if there is one."""
    own = (occasion.campaign.id, occasion.entry)
    return next((one for one in facts.enrollments if (one.campaign, one.entry) == own), None)


def starts(occasion: Occasion, customer_id: str, due: datetime, now: datetime) -> Enrollment:
    """A fresh enrollment, waiting at the occasion's step.

    What is late already fell due at its own moment, and grows stale from then on.
    """
    campaign, entry = occasion.campaign, occasion.entry
    return Enrollment(
        id=enrollment_id(campaign.id, customer_id, entry, 1),
        campaign=campaign.id,
        version=campaign.version,
        entry=entry,
        key={},
        visit=1,
        entered_at=now,
        event_id="",
        event_name="",
        event_at=now,
        properties={},
        step=occasion.step.name,
        due_at=max(due, now),
        fell_due_at=due if due < now else None,
    )


def due_at(
    occasion: Occasion, facts: Facts, own: Time, tested: float | None, policy: Policy
) -> datetime:
    """When the letter falls due: at the customer's own moment, or once the winner is chosen.

    Who was to have it at a best hour has it at that hour then too.
    """
    moment = instant(occasion.when, own, facts.zone)
    due = moment + occasion.shift
    campaign, step = occasion.campaign, occasion.step
    wait = step.winner.waits if step.winner is not None else None
    if wait is None or in_test(campaign, step, occasion.entry, facts, tested, policy):
        return due
    open_ = policy.undecided.get((campaign.id, step.name, experiment(campaign, occasion.entry)))
    decides = open_.decides_at if open_ is not None else decides_at(occasion, policy)
    assert decides is not None
    chosen = max(due, moment + wait, decides)
    if occasion.when.best is None or not isinstance(own, time):
        return chosen
    day = chosen.astimezone(facts.zone).date()
    today = instant_of(day, own, facts.zone)
    return today if today >= chosen else instant_of(day + timedelta(days=1), own, facts.zone)


def in_test(
    campaign: Campaign, step: Step, entry: str, facts: Facts, tested: float | None, policy: Policy
) -> bool:
    """Whether a customer is among those who try the variants: by hash."""
    if tested is None:
        return True
    parts = ["test", campaign.id]
    parts += [step.name] if step.name != LETTER else []
    own = experiment(campaign, entry)
    drawn = fraction(policy.settings.shop.seed, *parts, facts.customer_id, *([own] if own else []))
    return drawn * 100 < tested


def awaits_winner(
    campaign: Campaign, step: Step, of: Enrollment, facts: Facts, policy: Policy, now: datetime
) -> datetime | None:
    """Until when a letter is kept back, since the winner it shall be is not chosen; None: it goes.

    That is put off where the test's own letters went late.
    """
    winner, own = step.winner, experiment(campaign, of.entry)
    open_ = policy.undecided.get((campaign.id, step.name, own))
    if winner is None or winner.waits is None or open_ is None or open_.decides_at <= now:
        return None
    tested = open_.tested if winner.test_percent == "auto" else winner.test_percent
    assert not isinstance(tested, str)
    if in_test(campaign, step, of.entry, facts, tested, policy):
        return None
    return open_.decides_at


def on_due(
    broadcast: Broadcast, enrollment: Enrollment, facts: Facts, policy: Policy, now: datetime
) -> list[Action]:
    """The letter's moment has come: hold it over quiet hours, or owe it now."""
    if policy.stopped(broadcast):
        return leave(enrollment, EnrollmentState.LEFT, now, "stopped", "")
    step = broadcast.letter()
    waits = awaits_winner(broadcast, step, enrollment, facts, policy, now)
    if waits is not None:
        return [Keep(replace(enrollment, due_at=waits, fell_due_at=None))]
    fell_due = fell_due_of(enrollment)
    over = quiet_over(broadcast, step, facts, policy, now)
    if over is not None:
        stale_at = fell_due + broadcast.sending.stale_after
        if enrollment.fell_due_at is not None and now >= stale_at:
            told = Decided(now, broadcast.id, enrollment.entry, "dropped", "stale", "", LETTER)
            return [told, *settled(replace(enrollment, step=None, due_at=None), now)]
        return held_over(broadcast, enrollment, LETTER, fell_due, over, now)
    plan = plan_letter(broadcast, step, LETTER, enrollment, fell_due, facts, policy, now)
    owing = replace(
        enrollment,
        step=None,
        due_at=None,
        decided_at=now,
        decided_steps=(LETTER,),
        open_messages=(plan.message_id,),
    )
    return [*settled(owing, now), plan]


def fell_due_of(enrollment: Enrollment) -> datetime:
    """When the letter that an enrollment waits to owe fell due."""
    found = enrollment.fell_due_at or enrollment.due_at
    assert found is not None
    return found


def quiet_over(
    campaign: Campaign, step: Step, facts: Facts, policy: Policy, now: datetime
) -> datetime | None:
    """When the quiet hours around `now` end; None outside of them."""
    quiet = policy.quiet_hours(campaign, step)
    return quiet.covering(now, facts.zone) if quiet else None


def held_over(
    campaign: Campaign,
    enrollment: Enrollment,
    step: str,
    fell_due: datetime,
    until: datetime,
    now: datetime,
) -> list[Action]:
    """Hold a letter until its quiet hours end, or until it is stale."""
    stale_at = fell_due + campaign.sending.stale_after
    wait = ("held", "quiet_hours", f"until {rfc3339(until)}", step)
    held = Decided(now, campaign.id, enrollment.entry, *wait, of=enrollment.id)
    later = min(until, max(stale_at, now))
    return [Keep(replace(enrollment, due_at=later, fell_due_at=fell_due)), held]
