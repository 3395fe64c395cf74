"""What was told of simulated customers by now, read plainly: the facts that promises go by.

It shares no code with the engine: topics agreed to, zones, suppressed addresses and events are
taken from what was said alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from lifecycle.core.words import rfc3339
from lifecycle.sim.virtual_ses import Try
from lifecycle.sources.customer_line import CustomerIn
from lifecycle.sources.event_line import EventIn

Word = tuple[datetime, int, bool]
CONSENTS = {"consent_given": True, "consent_withdrawn": False}
STORY = 40
"""How many of the last things that happened to a customer a broken promise tells."""


@dataclass
class Told:
    """All that was told of one customer."""

    email: str | None = None
    timezone: str | None = None
    words: dict[str, list[Word]] = field(default_factory=lambda: defaultdict(list))
    events: list[EventIn] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    story: list[tuple[datetime, str]] = field(default_factory=list)
    addresses: set[str] = field(default_factory=set)


@dataclass
class Record:
    """What was told of everybody; suppressed addresses outlast whoever had them."""

    topics: Sequence[str]
    shop_zone: str
    of: dict[str, Told] = field(default_factory=lambda: defaultdict(Told))
    suppressed: set[str] = field(default_factory=set)
    erased: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of everybody erased, the texts that name them."""
    _count: int = 0

    def line(self, said: CustomerIn) -> None:
        """Take in what a customer line says."""
        told = self.of[said.id]
        told.email = said.email or told.email
        told.addresses |= {said.email} if said.email else set()
        told.timezone = said.timezone or told.timezone
        for topic in self.topics if said.agreed_to is not None else ():
            self._word(told, topic, said.at, topic in (said.agreed_to or ()))
        told.story.append((said.at, f"was told: {_short(said)}"))

    def event(self, event: EventIn, meant: Try | None, topic: str | None) -> None:
        """Take in an event at its arrival; `meant` is the letter that feedback is about."""
        told = self.of[event.customer]
        if event.id in told.ids:
            return
        told.ids.add(event.id)
        told.events.append(event)
        late = "" if event.received_at == event.at else f" (of {rfc3339(event.at)})"
        told.story.append((event.received_at, f"{event.event}{late} {event.id}"))
        named = event.properties.get("topic")
        if event.event in CONSENTS and isinstance(named, str):
            self._word(told, named, event.at, CONSENTS[event.event])
        if meant is None:
            return
        if event.event == "message_unsubscribed" and topic is not None:
            self._word(told, topic, event.at, False)
        hard = event.event == "message_bounced" and event.properties.get("kind") == "hard"
        if (hard or event.event == "message_complained") and told.email is not None:
            self.suppressed.add(told.email)

    def erase(self, customer_id: str) -> None:
        """Forget a customer, but for the texts that must be found nowhere from now on."""
        told = self.of.pop(customer_id, Told())
        self.erased[customer_id] = (customer_id, *sorted(told.addresses))

    def agrees(self, customer_id: str, topic: str | None) -> bool:
        """Whether the last word to a topic is a yes."""
        words = self.of[customer_id].words.get(topic or "")
        return bool(words) and max(words)[2] if words else False

    def zone(self, customer_id: str) -> ZoneInfo:
        """The zone of a customer's clock: the shop's where theirs is unknown or none there is."""
        for name in (self.of[customer_id].timezone, self.shop_zone):
            try:
                return ZoneInfo(name or "")
            except (ValueError, OSError, KeyError):
                continue
        return ZoneInfo("UTC")

    def story(self, customer_id: str) -> list[tuple[datetime, str]]:
        """The last things that happened to a customer."""
        return self.of[customer_id].story[-STORY:]

    def _word(self, told: Told, topic: str, at: datetime, agreed: bool) -> None:
        self._count += 1
        told.words[topic].append((at, self._count, agreed))


def _short(said: CustomerIn) -> str:
    parts: dict[str, Any] = {
        "email": said.email,
        "timezone": said.timezone,
        "locale": said.locale,
        "agreed_to": None if said.agreed_to is None else list(said.agreed_to),
    }
    told = [f"{name} {value}" for name, value in parts.items() if value is not None]
    return ", ".join([*told, *sorted(said.attributes)])
