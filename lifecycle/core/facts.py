"""The facts of one customer at one instant: all that a decision may look at."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from lifecycle.core.enrollment import Enrollment
from lifecycle.core.event import Event, by_machine
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
    consents: dict[str, bool] = field(default_factory=dict)
    """Yes or no by topic; a topic nothing was said to is missing."""
    suppressed: str | None = None
    events: dict[str, list[Event]] = field(default_factory=dict)
    segments: dict[str, datetime] = field(default_factory=dict)
    """Segments the customer is in, as last written, with the instant of joining."""
    wakes: dict[str, datetime] = field(default_factory=dict)
    """By segment, the earliest instant at which its answer may differ if nothing happens."""
    enrollments: list[Enrollment] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    variants: dict[tuple[str, str], str] = field(default_factory=dict)
    """By campaign and step, the variant first owed to the customer; read where one has won."""
    points_balance: int = 0
    points_lifetime: int = 0
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

    def customer_value(self, name: str) -> Any:
        """A top-level attribute; the shop's own wins over the ones the record itself carries."""
        if name in self.attributes:
            return self.attributes[name]
        own = {"id": self.customer_id, "email": self.email, "timezone": self.timezone}
        if name == "locale":
            return self.locale
        if name == "language":
            return self.locale.split("-")[0].split("_")[0] if self.locale else None
        if name == "points":
            return {"balance": self.points_balance, "lifetime": self.points_lifetime}
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
