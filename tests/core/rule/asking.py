"""Asking a rule, as it is written, about one customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import View
from lifecycle.core.words import length, zone_of

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
Happened = tuple[str, timedelta | datetime, Mapping[str, Any]]


def ago(told: str, more: timedelta = timedelta()) -> datetime:
    """The instant that lies so long before NOW, moved by `more`."""
    return NOW - length(told) + more


def happened(name: str, at: datetime = NOW, **properties: Any) -> Event:
    """An event; its id is its name and moment."""
    return Event(at, f"{name} {at.isoformat()} {properties}", name, properties)


def view(
    events: Iterable[Event] = (),
    *,
    now: datetime = NOW,
    zone: str = "UTC",
    segments: Mapping[str, Any] | None = None,
    entry: Event | None = None,
    customer_id: str = "c1",
    **known: Any,
) -> View:
    """What a rule sees of a customer to whom this happened."""
    facts = Facts(customer_id, now, zone_of(zone), **known)
    for event in events:
        facts.add_event(event)
    named = {name: read_rule(raw) for name, raw in (segments or {}).items()}
    return View(facts, now, named, entry)


def holds(raw: Any, events: Iterable[Event] = (), **rest: Any) -> bool:
    """Whether a rule, as written, holds."""
    return read_rule(raw).matches(view(events, **rest))
