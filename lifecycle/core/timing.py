"""When a step's moment comes: after its wait, at its hour, around its date."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from lifecycle.core.anchor import AnchorTime
from lifecycle.core.best_hour import hours_between, moments, why
from lifecycle.core.campaign import Campaign, Flow, Series
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.facts import Facts
from lifecycle.core.known_hours import known_of
from lifecycle.core.policy import Policy
from lifecycle.core.rule.length import OwnLength, length_of
from lifecycle.core.send_time import Allowed, Clock
from lifecycle.core.step import Step
from lifecycle.core.timed import SAID, read_timed
from lifecycle.core.words import FIRST_INSTANT, LAST_INSTANT, Moment, Span, moment_in_data

NEVER_ALLOWED = timedelta(days=370)
TOO_LATE = "after not_after"
FARTHEST = LAST_INSTANT - 3 * NEVER_ALLOWED
"""No step falls due later, whatever the data say: "9999-12-31" is how some say never."""
_FIRST = Moment(FIRST_INSTANT)


@dataclass(frozen=True, slots=True)
class StepMoment:
    """When a step's moment comes, and how it came to its hour."""

    at: datetime
    timed: str = ""
    """As `Timed.said`."""
    told: str = ""
    """Where its hour was chosen, which and why."""


def step_due(
    flow: Flow,
    step: Step,
    enrollment: Enrollment,
    decided_at: datetime,
    facts: Facts,
    policy: Policy,
    kept: datetime | None = None,
) -> StepMoment:
    """The instant at which a step's moment comes, `decided_at` being that of the step before.

    Quiet hours move it here only together with a clock time or weekday; alone they hold the letter
    when its moment has come, so that the hold is seen. A length of the person that is unknown is
    no wait: the step is then skipped (`length_unknown`). A best hour chosen before, `kept`, stays
    as long as it may be.
    """
    base = _waited(step, enrollment, decided_at, facts, policy)
    clock = clock_of(flow, step, facts, policy)
    said = SAID if clock is not None else ""
    if isinstance(clock, AnchorTime):
        around = clock.at(anchor_of(enrollment), facts.zone)
        base = around if not step.after else max(base, around)
        clock = None
    base = min(base, FARTHEST)
    quiet = policy.quiet_hours(flow, step)
    limits = allowed(step, clock, facts, policy, quiet)
    if clock is not None and clock.best:
        found = _best(flow, step, clock, enrollment, base, facts, policy, limits, kept)
        if found is not None:
            return found
    moment = replace(limits, quiet=None).first(base, facts.zone)
    if moment is None or moment == base:
        return StepMoment(base if moment is not None else base + NEVER_ALLOWED, said)
    return StepMoment(limits.first(base, facts.zone) or moment, said)


def _best(
    flow: Flow,
    step: Step,
    clock: Clock,
    enrollment: Enrollment,
    base: datetime,
    facts: Facts,
    policy: Policy,
    limits: Allowed,
    kept: datetime | None,
) -> StepMoment | None:
    """The moment at the customer's best hour; None where none is allowed within a year."""
    asked = policy.best_hours
    hours = hours_between(asked.shop_hour, clock.between)
    found = moments(hours, limits, base, facts.zone, clock.inside)
    if not found:
        return None
    if kept in found.values() and read_timed(enrollment.timed).slot is not None:
        assert kept is not None
        return StepMoment(kept, enrollment.timed)
    own = known_of(facts, policy.settings.sending.best_hour_groups)
    visit = (str(enrollment.visit),) if enrollment.visit > 1 else ()
    letter = (flow.id, step.name, facts.customer_id, enrollment.entry, *visit)
    slots = tuple(found)
    timed = asked.choose(own, slots, letter)
    assert timed.slot is not None
    at = found[timed.slot]
    shown = at.astimezone(facts.zone).time()
    return StepMoment(at, timed.said(), why(asked, timed, own, slots, shown))


def put_off(
    flow: Flow, step: Step, due_at: datetime, enrollment: Enrollment, facts: Facts, policy: Policy
) -> datetime | None:
    """Until when a step that is due waits on, as its hour or day is not there; else None.

    That is so where the customer's clock or country has changed since its moment was reckoned. A
    best hour is not chosen anew, but its span is kept.
    """
    clock = clock_of(flow, step, facts, policy)
    if isinstance(clock, AnchorTime):
        later = clock.at(anchor_of(enrollment), facts.zone)
        return later if later > due_at else None
    said = clock is not None and (clock.fixed is not None or clock.between is not None)
    if not said and not (step.on or step.not_on or step.not_on_holidays):
        return None
    free = allowed(step, clock, facts, policy, None).first(due_at, facts.zone)
    return free if free is not None and free > due_at else None


def _waited(
    step: Step, enrollment: Enrollment, decided_at: datetime, facts: Facts, policy: Policy
) -> datetime:
    until = step.until
    if until is not None:
        entry = enrollment.entry_event()
        if until.customer is not None:
            value = _at_path(facts.customer_value(until.customer[0]), until.customer[1:])
        else:
            assert until.event is not None
            value = _at_path(facts.event_value(entry, until.event[0]), until.event[1:])
        told = moment_in_data(value)
        if told is None:
            return decided_at
        try:
            return max(decided_at, told.at(facts.zone) + until.offset)
        except OverflowError:
            return decided_at if until.offset < timedelta() else FARTHEST
    length = length_of(step.after, policy.view(facts, facts.now, enrollment.entry_event()))
    return decided_at if length is None else decided_at + length


def _at_path(value: object, path: tuple[str, ...]) -> object:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def length_unknown(
    step: Step, enrollment: Enrollment, facts: Facts, policy: Policy, now: datetime
) -> str:
    """The attribute that the step's wait is told in, where it is unknown; else empty."""
    said = step.after
    if not isinstance(said, OwnLength):
        return ""
    known = length_of(said, policy.view(facts, now, enrollment.entry_event()))
    return "" if known is not None else ".".join(said.path)


def anchor_of(enrollment: Enrollment) -> Moment:
    """The date that a flow goes around."""
    if enrollment.anchor is None:
        return _FIRST
    return Moment(datetime.fromisoformat(enrollment.anchor))


def last_moment(
    campaign: Campaign, step: Step, enrollment: Enrollment, zone: ZoneInfo
) -> datetime | None:
    """The last instant at which a step is not too late by its `not_after`; None without one."""
    said = step.not_after
    if not isinstance(said, AnchorTime):
        return said.at(zone) if said is not None else None
    anchor = campaign.anchor if isinstance(campaign, Series) else anchor_of(enrollment)
    return said.at(anchor, zone)


def clock_of(flow: Campaign, step: Step, facts: Facts, policy: Policy) -> Clock | AnchorTime | None:
    """The time of day that a step says, or the variant of it that the customer sees."""
    variant = policy.variant(flow, step, facts)
    said: Clock | AnchorTime | None = step.at
    if variant is not None and variant.at is not None:
        said = variant.at
    return said


def allowed(
    step: Step, clock: Clock | None, facts: Facts, policy: Policy, quiet: Span | None
) -> Allowed:
    """When a step may act on the customer's clock; a best hour is any hour of its span."""
    at, between = (clock.fixed, clock.between) if clock is not None else (None, None)
    holidays = policy.holidays(facts) if step.not_on_holidays else None
    return Allowed(at, step.on, step.days_left_out, quiet, holidays, between)
