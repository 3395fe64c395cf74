"""The facts of one customer at one instant: all that a decision may look at."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lifecycle.core import kept
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.event import Event, by_machine
from lifecycle.core.ledger import NO_LEDGER, Ledger
from lifecycle.core.words import WEEKDAYS


@dataclass(slots=True)
class Sent:
    """A message already handed over or under way: what caps, gaps and send time look at."""

    at: datetime
    campaign: str
    step: str
    klass: str
    counts: bool
    enrollment_id: str


@dataclass(frozen=True, slots=True)
class Handed:
    """A letter that was handed over, as hours are learned from it."""

    at: datetime
    source: str
    """Campaign and step as "campaign/step"."""
    timing: str
    """What decided its hour, as in `core/timed.py`; empty where it went at once."""
    clicked_at: datetime | None
    """When a human first clicked in it."""


@dataclass(frozen=True, slots=True)
class Silence:
    """No marketing since then, until one of these events (`prefix*` too); for good without any."""

    since: datetime
    until: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the customer chose on the preference page: a pause, at most so many letters in `per`."""

    paused_until: datetime | None = None
    at_most: int | None = None
    per: timedelta | None = None


@dataclass(frozen=True, slots=True)
class DateKept:
    """What a flow around a date keeps of a customer: the date as last seen, asked up to `asked`."""

    said: str
    asked: datetime
    wake_at: datetime | None


def language_of(locale: str | None) -> str | None:
    """The language that a locale names: the `de` of `de-AT`."""
    return locale.split("-")[0].split("_")[0] if locale else None


@dataclass(slots=True)
class Facts:
    """One customer as known at `now`. Decisions read it; the engine keeps it up to date between.

    `events` holds, by name and in order, the events that have become known and whose moment has
    come; names that no definition reads may be missing.
    """

    customer_id: str
    now: datetime
    zone: ZoneInfo
    email: str | None = None
    locale: str | None = None
    timezone: str | None = None
    known_since: datetime | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    past: dict[str, tuple[tuple[datetime, Any], ...]] = field(default_factory=dict)
    """By top-level attribute all it ever was, each value with the moment it was said, in order;
    read where a rule asks how long something has been so."""
    consents: dict[str, bool] = field(default_factory=dict)
    """Yes or no by topic; a topic nothing was said to is missing."""
    consents_at: dict[str, datetime] = field(default_factory=dict)
    """When that was said."""
    suppressed: str | None = None
    wishes: Wishes | None = None
    """What was chosen on the preference page; read where letters are judged."""
    silences: dict[str, Silence] = field(default_factory=dict)
    """By id, what keeps marketing from the customer for a time."""
    events: dict[str, list[Event]] = field(default_factory=dict)
    segments: dict[str, datetime] = field(default_factory=dict)
    """Segments the customer is in, as last written, with the instant of joining."""
    wakes: dict[str, datetime] = field(default_factory=dict)
    """By segment, the earliest instant at which its answer may differ if nothing happens."""
    dates: dict[str, DateKept] = field(default_factory=dict)
    """By flow, what flows around a date keep of the customer."""
    enrollments: list[Enrollment] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    handed: list[Handed] = field(default_factory=list)
    """All letters that were handed over; read where an hour is chosen."""
    variants: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """By campaign, step and entry (any: ""), the variant first owed; read where one has won."""
    ledger: Ledger = NO_LEDGER
    nightly: Mapping[str, Any] = field(default_factory=dict)
    """What the engine stored at night of this customer: `rfm` and `predicted`, as tables."""
    erased: bool = False
    computed: Callable[[str], Any] | None = None
    """Attributes that hooks give, by name; the shop's own win."""

    def add_event(self, event: Event) -> None:
        """Take in an event whose moment has come; a repeated id, or a machine's, is left out."""
        if by_machine(event.name, event.properties):
            return
        known = self.events.setdefault(event.name, [])
        if event not in known[max(0, bisect_right(known, event) - 1) :]:
            insort(known, event)

    def customer_value(self, name: str, at: datetime | None = None, leaf: str | None = None) -> Any:
        """A top-level attribute; the shop's own wins over the ones that the engine knows.

        Those that the engine keeps are told as of `at`, the instant of the facts if unsaid; with
        `leaf` no more of such a one than that is reckoned.
        """
        if name in kept.LEAVES:
            return kept.value(self, name, at or self.now, leaf)
        if name in self.attributes:
            return self.attributes[name]
        own = {"id": self.customer_id, "email": self.email, "timezone": self.timezone}
        if name == "locale":
            return self.locale
        if name == "language":
            return language_of(self.locale)
        if name in own or self.computed is None:
            return own.get(name)
        return self.computed(name)

    def event_value(self, event: Event, name: str) -> Any:
        """A top-level property of an event, with event_day, event_hour and event_weekday."""
        if name in event.properties:
            return event.properties[name]
        if not name.startswith("event_"):
            return None
        local = event.at.astimezone(self.zone)
        if name == "event_day":
            return local.date().isoformat()
        if name == "event_hour":
            return local.hour
        if name == "event_weekday":
            return WEEKDAYS[local.weekday()]
        return None

    def keep(self, enrollment: Enrollment) -> None:
        """Take in how an enrollment now stands."""
        for place, known in enumerate(self.enrollments):
            if known.id == enrollment.id:
                self.enrollments[place] = enrollment
                return
        self.enrollments.append(enrollment)

    def withdraw(self, event_id: str, name: str) -> bool:
        """Strike an event that is no longer derived; says whether it was there."""
        known = self.events.get(name, [])
        kept = [event for event in known if event.id != event_id]
        self.events[name] = kept
        return len(kept) < len(known)
