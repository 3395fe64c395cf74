"""Membership: whether each segment's rule holds for a customer now, and when to ask again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from lifecycle.core.action import Action, Emit, Turn, Wake
from lifecycle.core.chance import derived_id
from lifecycle.core.event import Event
from lifecycle.core.rule.quick import Askers
from lifecycle.core.rule.tree import View
from lifecycle.core.segment import Segment
from lifecycle.core.words import rfc3339


def ask(
    segments: Mapping[str, Segment],
    askers: Askers,
    names: Iterable[str],
    view: View,
) -> list[Action]:
    """Ask segments once: who turned joins or leaves at `view.now`, and each keeps its wake-up."""
    actions: list[Action] = []
    facts, now = view.facts, view.now
    for name in names:
        holds, wake_at = askers.ask(name, view)
        assert wake_at is None or wake_at > now, f"{name} would be asked again at the same instant"
        since = facts.segments.get(name)
        if holds != (since is not None):
            actions.append(Turn(name, holds, now))
            actions.append(Wake(name, holds, now if holds else None, wake_at))
            if segments[name].notify:
                actions.append(Emit(turned_event(facts.customer_id, name, holds, now)))
        elif _sooner(wake_at, facts.wakes.get(name), now):
            actions.append(Wake(name, holds, since, wake_at))
    return actions


def _sooner(wake_at: datetime | None, kept: datetime | None, now: datetime) -> bool:
    """Whether a wake-up must be written: what is kept may be early, and must not be late.

    Most that happens puts the next turn off. To be asked once in vain, when the kept wake-up comes,
    costs less than to write a later one each time.
    """
    if kept is None:
        return wake_at is not None
    return kept <= now or (wake_at is not None and wake_at < kept)


def turned_event(customer_id: str, segment: str, joined: bool, at: datetime) -> Event:
    """The event that joining or leaving a segment is."""
    name = "segment_joined" if joined else "segment_left"
    event_id = derived_id(name, customer_id, segment, rfc3339(at))
    return Event(at, event_id, name, {"segment": segment}, at)
