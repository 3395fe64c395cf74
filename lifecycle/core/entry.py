"""Entering a flow: who is let in, by what, under which key; who is not, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from lifecycle.core import waiting
from lifecycle.core.action import Action, Decided, Keep, bring_up_to_date, plain
from lifecycle.core.because import Because, because
from lifecycle.core.campaign import Campaign, Flow
from lifecycle.core.enrollment import Enrollment, EnrollmentState, enrollment_id
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.flow import begin, rested, serving
from lifecycle.core.key import ITEM, NUMBER, entry_text, key_of, matches_key, named, value_at
from lifecycle.core.policy import Policy
from lifecycle.core.walk import Walk, leave
from lifecycle.core.words import Moment, length_words

MOST_AT_ONE_INSTANT = 10
"""So often flows may let in at one instant by what flows themselves do: a circle ends there."""


def enter(
    flow: Flow,
    facts: Facts,
    event: Event,
    policy: Policy,
    now: datetime,
    anchor: Moment | None = None,
) -> list[Action]:
    """What a flow does with an event that is a way in: let in, queue, hold out, or not, and why.

    `anchor` is the date of a flow that goes around one: then the date is the key.
    """
    if not policy.lets_in(flow) or not event.enters:
        return []
    key = key_of(flow, event, facts) if anchor is None else {"date": event["date"]}
    entry = event.id if key is None else entry_text(flow, key, event)

    def refused(reason: str, detail: str = "", leaves: tuple[Because, ...] = ()) -> list[Action]:
        return [Decided(now, flow.id, entry, "not_entered", reason, detail, because=leaves)]

    if flow.enter.on_date is not None and anchor is None:
        return refused("not_applicable", "it is entered by a date, and joining brings none")
    barred = _barred(flow, facts, event, key, policy, now)
    if barred is not None or key is None:
        return refused(*barred) if barred is not None else []
    if _in_a_circle(flow, facts, event, now):
        return refused("again", f"a circle: let in {MOST_AT_ONE_INSTANT} times at one instant")
    running = next((one for one in earlier_of(flow, facts, key) if one.running), None)
    queues = running is not None and flow.enter.repeat == "queue"
    actions: list[Action] = []
    if running is not None and flow.enter.repeat == "ignore":
        return refused("again", "still running under this key")
    if not queues and (running is None or running.led_to_letter):
        refusal = again_refused(flow, facts, key, event.at)
        if refusal:
            return refused("again", refusal)
    if running is not None and not queues:
        if event.at < running.event_at:
            return refused("superseded", f"a later {running.event_name} has let in already")
        actions = leave(running, EnrollmentState.SUPERSEDED, now, "superseded", event.name)
    started = _fresh(flow, facts, event, entry, key, now)
    if anchor is not None:
        started = replace(started, anchor=anchor.value.isoformat())
    if queues:
        waits = replace(started, state=EnrollmentState.QUEUED)
        return [Keep(waits), Decided(now, flow.id, entry, "queued")]
    return actions + _start(flow, started, started.event_at, facts, policy, now)


def _in_a_circle(flow: Flow, facts: Facts, event: Event, now: datetime) -> bool:
    """Whether what flows do themselves lets in again and again without an instant going by.

    That is so where an emitted event, or the turn of a segment, comes of an entry before it.
    """
    own = event["campaign"] is not None and event["step"] is not None
    if not own and flow.enter.when:
        return False
    entered = sum(one.campaign == flow.id and one.entered_at == now for one in facts.enrollments)
    return entered >= MOST_AT_ONE_INSTANT


def _barred(
    flow: Flow,
    facts: Facts,
    event: Event,
    key: Mapping[str, Any] | None,
    policy: Policy,
    now: datetime,
) -> tuple[str, str, tuple[Because, ...]] | None:
    """Why nobody is let in by this event, whoever else runs: reason, detail, deciding leaves."""
    if policy.paused(flow):
        return "paused", "", ()
    if now - event.at > flow.enter.too_late:
        return "late", f"{event.name} came later than too_late allows", ()
    if key is None:
        missing = ", ".join(".".join(path) for path in flow.enter.per)
        return "not_applicable", f"{event.name} lacks {missing}", ()
    if not policy.holds(flow.enter.only_if, facts, now, event):
        leaves = because(flow.enter.only_if, policy.view(facts, now, event), "only_if")
        return "not_applicable", "only_if does not hold", leaves
    return None


def _fresh(
    flow: Flow, facts: Facts, event: Event, entry: str, key: Mapping[str, Any], now: datetime
) -> Enrollment:
    """The enrollment that an event begins, the next visit under its entry."""
    visit = 1 + sum(one.campaign == flow.id and one.entry == entry for one in facts.enrollments)
    return Enrollment(
        id=enrollment_id(flow.id, facts.customer_id, entry, visit),
        campaign=flow.id,
        version=flow.version,
        entry=entry,
        key=key,
        visit=visit,
        entered_at=now,
        event_id=event.id,
        event_name=event.name,
        event_at=event.at,
        properties=event.properties,
    )


def _start(
    flow: Flow, started: Enrollment, since: datetime, facts: Facts, policy: Policy, now: datetime
) -> list[Action]:
    if stays_out(flow, facts, policy):
        return hold_out(started, now)
    actions: list[Action] = [Decided(now, flow.id, started.entry, "entered")]
    over = already_left(flow, facts, started)
    if over is not None:
        return [*actions, *leave(started, EnrollmentState.LEFT, now, "left", over.name)]
    return actions + begin(flow, started, since, facts, policy, now)


def start_queued(flow: Flow, facts: Facts, policy: Policy, now: datetime) -> list[Action]:
    """Begin those entries whose turn has come: under a key on which nothing runs any more.

    The one that has waited longest goes first; its steps count from now. `again` is asked now.
    """
    mine = [one for one in facts.enrollments if one.campaign == flow.id]
    busy = {tuple(map(plain, one.key.values())) for one in mine if one.running}
    actions: list[Action] = []
    for one in sorted((one for one in mine if one.queued), key=_in_turn):
        key = tuple(map(plain, one.key.values()))
        if key in busy or not policy.lets_in(flow) or policy.paused(flow):
            continue
        refusal = again_refused(flow, facts, one.key, now)
        if refusal:
            told = Decided(now, flow.id, one.entry, "not_entered", "again", refusal)
            done: list[Action] = [Keep(one.ended(EnrollmentState.LEFT, now)), told]
        else:
            busy.add(key)
            begun = replace(one, state=EnrollmentState.ACTIVE, version=flow.version, entered_at=now)
            done = _start(flow, begun, now, facts, policy, now)
        bring_up_to_date(facts, done)
        actions += done
    return actions


def _in_turn(queued: Enrollment) -> tuple[datetime, datetime, str]:
    return queued.entered_at, queued.event_at, queued.id


def stays_out(campaign: Campaign, facts: Facts, policy: Policy) -> bool:
    """Whether the customer gets nothing of a campaign: as it was when they first came in.

    Who was held out stays so where the share is less now, and who was let in is not held out where
    it is more, unless by the holdout of the whole shop: else nobody could tell the two apart.
    """
    mine = {one.state for one in facts.enrollments if one.campaign == campaign.id}
    if EnrollmentState.HELD_OUT in mine:
        return True
    if mine - {EnrollmentState.QUEUED} and policy.forced_holdout is None:
        return policy.held_out_of_all(campaign, facts.customer_id)
    return policy.held_out(campaign, facts.customer_id)


def hold_out(started: Enrollment, now: datetime) -> list[Action]:
    """The customer belongs to the holdout: it is recorded, and nothing is ever sent."""
    out = replace(started, state=EnrollmentState.HELD_OUT, step=None, due_at=None, ended_at=now)
    return [Keep(out), Decided(now, started.campaign, started.entry, "held_out", "holdout")]


def earlier_of(flow: Flow, facts: Facts, key: Mapping[str, Any]) -> list[Enrollment]:
    """The enrollments under a key; without `per` the customer is the key.

    Keys are compared part by part: joined as text, unequal ones may look alike.
    """
    parts = [plain(value) for value in key.values()]
    return [
        one
        for one in facts.enrollments
        if one.campaign == flow.id and [plain(value) for value in one.key.values()] == parts
    ]


def again_refused(flow: Flow, facts: Facts, key: Mapping[str, Any], at: datetime) -> str:
    """Why earlier entries forbid another one at `at`; empty when they do not."""
    again = flow.enter.again_said
    earlier = [one for one in facts.enrollments if one.campaign == flow.id and not one.queued]
    if again == "always" or not earlier:
        return ""
    if again == "never":
        return "entered before, and again = never"
    if again == "once per key":
        before = any(not one.queued for one in earlier_of(flow, facts, key))
        return "entered before under this key" if before else ""
    assert isinstance(again, timedelta)
    return (
        ""
        if rested(flow, facts, again, at, None)
        else f"a letter less than {length_words(again)} ago"
    )


def already_left(flow: Flow, facts: Facts, started: Enrollment) -> Event | None:
    """An exit event that had already happened when a late event let somebody in."""
    entry = started.entry_event()
    over = (
        event
        for name, events in facts.events.items()
        if any(named(said, name) for said in flow.exit.when)
        for event in events
        if event.at > entry.at and matches_key(flow, event, started, facts)
    )
    return min(over, default=None)


def exits(flow: Flow, facts: Facts, event: Event, policy: Policy, now: datetime) -> list[Action]:
    """End the running enrollments that an exit event is about, if it is not older than they are."""
    if not any(named(name, event.name) for name in flow.exit.when):
        return []
    return [
        action
        for running in (*serving(flow, facts, policy), *_queued(flow, facts, policy))
        if event.at >= running.event_at
        and event.id != running.event_id
        and matches_key(flow, event, running, facts)
        for action in leave(running, EnrollmentState.LEFT, now, "left", event.name)
    ]


def _queued(flow: Flow, facts: Facts, policy: Policy) -> list[Enrollment]:
    """What waits for its turn: it will go by the flow as it is live."""
    if not policy.enterable(flow):
        return []
    return [one for one in facts.enrollments if one.campaign == flow.id and one.queued]


def enters_by(flow: Flow, event: Event) -> bool:
    """Whether an event is a way into a flow: by its name, or by joining or leaving its segment."""
    if flow.enter.when:
        return any(named(name, event.name) for name in flow.enter.when)
    if flow.enter.on_date is not None:
        return False
    wanted = "segment_joined" if flow.enter.joins else "segment_left"
    segment = flow.enter.joins or flow.enter.leaves
    return event.name == wanted and event["segment"] == segment


def answers(flow: Flow, facts: Facts, event: Event, policy: Policy, now: datetime) -> list[Action]:
    """Let the running enrollments go on that waited for an event."""
    walk = Walk(flow, facts, policy, now)
    waits = [one for one in serving(flow, facts, policy) if one.waiting_since is not None]
    return [action for one in waits for action in waiting.on_event(walk, one, event)]


def on_event(flow: Flow, facts: Facts, event: Event, policy: Policy, now: datetime) -> list[Action]:
    """What a flow does with one event of a customer: who leaves, who goes on, then who enters."""
    actions = exits(flow, facts, event, policy, now)
    bring_up_to_date(facts, actions)
    on = answers(flow, facts, event, policy, now)
    bring_up_to_date(facts, on)
    actions += on
    if enters_by(flow, event) and policy.enterable(flow):
        entries = each_of(flow, event, facts)
        if not entries:
            nothing = f"the event has no entries in {'.'.join(flow.enter.each or ())}"
            told = (now, flow.id, event.id, "not_entered", "not_applicable", nothing)
            actions.append(Decided(*told))
        for one in entries:
            entered = enter(flow, facts, one, policy, now)
            bring_up_to_date(facts, entered)
            actions += entered
    return actions


def each_of(flow: Flow, event: Event, facts: Facts) -> list[Event]:
    """The event, or for each entry of the list that the flow names one that sees it as `item`."""
    if flow.enter.each is None:
        return [event]
    found = value_at(event, flow.enter.each, facts)
    items = found if isinstance(found, list) else []
    return [
        replace(event, properties={**event.properties, ITEM: item, NUMBER: number})
        for number, item in enumerate(items[: flow.enter.at_most], 1)
    ]
