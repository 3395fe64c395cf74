"""Flows around a date: whose date comes when, who is let in by it, and what moves when it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from lifecycle.core.action import Action, Keep, KeepDate, bring_up_to_date
from lifecycle.core.anchor import AnchorTime
from lifecycle.core.campaign import Flow
from lifecycle.core.chance import derived_id
from lifecycle.core.enrollment import Enrollment, EnrollmentState
from lifecycle.core.enter import DayOfYear
from lifecycle.core.entry import enter
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.flow import serving
from lifecycle.core.policy import Policy
from lifecycle.core.rule.yearly import LAST_YEAR, Yearly, yearly_in_data
from lifecycle.core.step import Step
from lifecycle.core.timing import anchor_of, step_due
from lifecycle.core.walk import leave
from lifecycle.core.words import Moment, instant_of, moment_in_data, rfc3339

YEARS_AHEAD = 2


@dataclass(frozen=True, slots=True)
class Occasion:
    """One date of a customer for a flow: from when it lets in, and until when it makes sense."""

    anchor: Moment
    lets_in_at: datetime
    over_at: datetime


def on_dates(flow: Flow, facts: Facts, policy: Policy, now: datetime) -> list[Action]:
    """Let a customer in whose date has come near, and say when to look again.

    It lets in at the moment of the first step around the date. A date that becomes known later
    lets in at once, as long as a step around it is still to come; its past steps are then late.
    """
    said = value_of(flow, facts)
    kept = facts.dates.get(flow.id)
    fresh = kept is None or kept.said != said
    occasions = sorted(occasions_of(flow, facts, now), key=lambda one: one.lets_in_at)
    actions: list[Action] = []
    changed = fresh and bool(said or kept)
    for one in occasions:
        if kept is not None and kept.asked < one.lets_in_at <= now:
            changed = True
        if one.lets_in_at > now or _known(flow, facts, one.anchor):
            continue
        known_late = fresh and now <= one.over_at + flow.enter.too_late
        if known_late or (kept is not None and not fresh and one.lets_in_at > kept.asked):
            late = now - one.lets_in_at > flow.enter.too_late
            event = _event(flow, facts, one, now if late else one.lets_in_at, now)
            done = enter(flow, facts, event, policy, now, one.anchor)
            bring_up_to_date(facts, done)
            actions += done
    ahead = min((one.lets_in_at for one in occasions if one.lets_in_at > now), default=None)
    if changed or (kept is not None and kept.wake_at != ahead):
        actions.append(KeepDate(flow.id, said, now, ahead))
    return actions


def skip_existing(flow: Flow, facts: Facts, now: datetime) -> list[Action]:
    """Take a customer as asked up to now: a flow that goes live lets in by dates yet to come."""
    said = value_of(flow, facts)
    ahead = [one.lets_in_at for one in occasions_of(flow, facts, now) if one.lets_in_at > now]
    return [KeepDate(flow.id, said, now, min(ahead, default=None))] if said else []


def move(flow: Flow, facts: Facts, policy: Policy, now: datetime) -> list[Action]:
    """Let waiting steps go along where the date has moved; without a date any more, leave."""
    actions: list[Action] = []
    if flow.enter.on_date is None or isinstance(flow.enter.on_date, DayOfYear):
        return actions
    for of in list(serving(flow, facts, policy)):
        to = _moved_to(flow, facts, of)
        if to == anchor_of(of):
            continue
        if to is None:
            actions += leave(of, EnrollmentState.LEFT, now, "left", "the date is gone")
            continue
        there = replace(of, anchor=to.value.isoformat())
        place = flow.way.find(of.step) if of.step is not None else None
        if place is not None and of.waiting_since is None and of.fell_due_at is None:
            assert of.decided_at is not None
            due = step_due(flow, place.step, there, of.decided_at, facts, policy)
            there = replace(there, due_at=due.at, timed=due.timed)
        actions.append(Keep(there))
    return actions


def value_of(flow: Flow, facts: Facts) -> str:
    """What the customer's attribute says of the date, as text; empty where nothing does."""
    on = flow.enter.on_date
    if isinstance(on, DayOfYear):
        return f"{on.month:02}-{on.day:02}"
    value = _value(flow, facts)
    return "" if value is None else str(value)


def _value(flow: Flow, facts: Facts) -> object:
    path = flow.enter.on_date
    assert isinstance(path, tuple)
    value: object = facts.customer_value(path[0])
    for part in path[1:]:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def occasions_of(flow: Flow, facts: Facts, now: datetime) -> Iterator[Occasion]:
    """The dates of a customer that may let in about now or next; one where it does not return."""
    for anchor in _anchors(flow, facts, now):
        day = anchor.at(facts.zone)
        around = [day]
        steps = flow.step
        times = [time.at(anchor, facts.zone) for step in steps for time in _times(step)]
        around += times
        first = bool(steps) and bool(list(_times(steps[0])))
        yield Occasion(anchor, min(times if first else around), max(around))


def _times(step: Step) -> Iterator[AnchorTime]:
    for said in (step.at, *(variant.at for variant in step.variant)):
        if isinstance(said, AnchorTime):
            yield said


def _anchors(flow: Flow, facts: Facts, now: datetime) -> Iterator[Moment]:
    on = flow.enter.on_date
    year = now.astimezone(facts.zone).year
    if not flow.enter.every_year:
        moment = moment_in_data(_value(flow, facts))
        if moment is not None:
            yield moment
        return
    if isinstance(on, DayOfYear):
        yearly: Yearly | None = Yearly(on.month, on.day, datetime.min.time())
    else:
        yearly = yearly_in_data(_value(flow, facts), facts.zone)
    for one in range(year - 1, min(year + YEARS_AHEAD, LAST_YEAR) + 1):
        if yearly is not None and (yearly.year is None or one > yearly.year):
            yield Moment(yearly.in_year(one))


def _known(flow: Flow, facts: Facts, anchor: Moment) -> bool:
    """Whether this date has let in already."""
    return any(
        one.campaign == flow.id and one.anchor is not None and anchor_of(one) == anchor
        for one in facts.enrollments
    )


def _moved_to(flow: Flow, facts: Facts, of: Enrollment) -> Moment | None:
    """Where the date of an enrollment is by now: for one that returns, in the same year."""
    before = anchor_of(of)
    if not flow.enter.every_year:
        return moment_in_data(_value(flow, facts))
    yearly = yearly_in_data(_value(flow, facts), facts.zone)
    return None if yearly is None else Moment(yearly.in_year(before.value.year))


def _event(flow: Flow, facts: Facts, one: Occasion, at: datetime, now: datetime) -> Event:
    """The date as what lets in: rules and letters of the flow see it as their event."""
    value = one.anchor.value
    local = value if value.tzinfo is None else value.astimezone(facts.zone)
    day = local.date().isoformat()
    instant = instant_of(local.date(), local.time(), facts.zone)
    named = derived_id("date", flow.id, facts.customer_id, one.anchor.value.isoformat())
    return Event(at, named, "date", {"date": day, "at": rfc3339(instant)}, now)
