"""Waiting for an event or a rule: when it begins, what answers it, and when the time is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from lifecycle.core.action import Action, Keep
from lifecycle.core.because import Because
from lifecycle.core.campaign import Flow
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.event import Event
from lifecycle.core.key import matches_key, named
from lifecycle.core.rule.length import length_of
from lifecycle.core.rule.tree import Rule
from lifecycle.core.walk import Walk
from lifecycle.core.way import Place


def wait(walk: Walk, of: Enrollment, place: Place, since: datetime) -> list[Action]:
    """Begin to wait at `since`; what has happened since then, or holds already, answers at once.

    `since` lies in the past where a late event let the customer in.
    """
    waiting = replace(of, waiting_since=since, fell_due_at=None)
    names = awaited_names(place)
    if names is not None:
        event = min(_happened(walk, waiting, names), default=None)
        if event is not None and not _over(walk, waiting, place, event.at):
            return answered(walk, waiting, place, event.at, event.name)
    return waited(walk, waiting, place)


def waited(walk: Walk, of: Enrollment, place: Place) -> list[Action]:
    """Look at a wait again: answered by its rule, over, or to be looked at once more."""
    ends = deadline(walk, of, place)
    turns = None
    if awaited_names(place) is None:
        rule: Rule = place.step.wait_for  # type: ignore[assignment]
        if walk.holds(rule, of):
            leaves = walk.because(rule, of, "wait_for")
            return answered(walk, of, place, walk.now, "the rule holds", leaves)
        turns = rule.may_turn_at(walk.policy.view(walk.facts, walk.now, of.entry_event()))
    if ends is not None and walk.now >= ends:
        assert of.waiting_since is not None
        after = walk.flow.way.into(place, place.step.otherwise)
        told = walk.told(of, place, "ran_out", "", "up_to is over")
        return [told, *walk.go_on(of, place, after, max(ends, of.waiting_since))]
    looks = min((at for at in (ends, turns) if at is not None), default=None)
    return [Keep(replace(of, due_at=looks))]


def answered(
    walk: Walk,
    of: Enrollment,
    place: Place,
    at: datetime,
    by: str,
    leaves: tuple[Because, ...] = (),
) -> list[Action]:
    """What was waited for has come: the next step counts from `at`."""
    assert of.waiting_since is not None
    after = walk.flow.way.into(place, place.step.then)
    told = walk.told(of, place, "answered", "", by, leaves)
    return [told, *walk.go_on(of, place, after, max(at, of.waiting_since))]


def on_event(walk: Walk, of: Enrollment, event: Event) -> list[Action]:
    """What an event does for an enrollment that waits: nothing, or it answers.

    One that comes late answers on its arrival, if it happened before the time was over.
    """
    place = place_waiting(walk.flow, of)
    if place is None or of.waiting_since is None:
        return []
    names = awaited_names(place)
    if names is None or not any(named(name, event.name) for name in names):
        return []
    if event.at < of.waiting_since or event.id == of.event_id:
        return []
    if not matches_key(walk.flow, event, of, walk.facts) or _over(walk, of, place, event.at):
        return []
    return answered(walk, of, place, walk.now, event.name)


def on_change(walk: Walk, of: Enrollment) -> list[Action]:
    """Ask the rule of an enrollment that waits for one, since the facts have changed."""
    place = place_waiting(walk.flow, of)
    if place is None or awaited_names(place) is not None:
        return []
    done = waited(walk, of, place)
    return [] if done == [Keep(of)] else done


def place_waiting(flow: Flow, of: Enrollment) -> Place | None:
    """The place at which an enrollment waits for something to happen; None where it does not."""
    if of.waiting_since is None or of.step is None or not of.running:
        return None
    place = flow.way.find(of.step)
    return place if place is not None and place.step.wait_for is not None else None


def awaited_names(place: Place) -> tuple[str, ...] | None:
    """The events that a place waits for; None where it waits for a rule."""
    said = place.step.wait_for
    return said if isinstance(said, tuple) else None


def deadline(walk: Walk, of: Enrollment, place: Place) -> datetime | None:
    """When the wait is over; None where it has no end, or its length is unknown."""
    if place.step.up_to is None or of.waiting_since is None:
        return None
    view = walk.policy.view(walk.facts, walk.now, of.entry_event())
    length = length_of(place.step.up_to, view)
    return None if length is None else of.waiting_since + length


def _over(walk: Walk, of: Enrollment, place: Place, at: datetime) -> bool:
    ends = deadline(walk, of, place)
    return ends is not None and at > ends


def _happened(walk: Walk, of: Enrollment, names: tuple[str, ...]) -> Iterator[Event]:
    """What has already happened since the waiting began, late arrivals included."""
    assert of.waiting_since is not None
    for name, events in walk.facts.events.items():
        if any(named(said, name) for said in names):
            for event in events:
                after = event.at > of.waiting_since and event.id != of.event_id
                if after and matches_key(walk.flow, event, of, walk.facts):
                    yield event
