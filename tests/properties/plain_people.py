"""A customer's history as it came in, and what of it is known at an instant: slow and obvious."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

ZONES = frozenset(available_timezones())
MACHINES = ("message_opened", "message_clicked")


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, and when it arrived."""

    at: datetime
    id: str
    name: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    arrives: datetime | None = None

    @property
    def received(self) -> datetime:
        """When it arrived; at its own moment if unsaid."""
        return self.arrives or self.at

    @property
    def known_at(self) -> datetime:
        """When it is known and its moment has come."""
        return max(self.at, self.received)

    @property
    def order(self) -> tuple[datetime, str]:
        """At the same instant the event id in text order decides."""
        return self.at, self.id


@dataclass(frozen=True, slots=True)
class Told:
    """What was said at a moment, and when that arrived; None in attributes removes."""

    at: datetime
    attributes: Mapping[str, Any] = field(default_factory=dict)
    timezone: str | None = None
    locale: str | None = None
    email: str | None = None
    agreed_to: tuple[str, ...] | None = None
    arrives: datetime | None = None

    @property
    def received(self) -> datetime:
        """When it arrived."""
        return self.arrives or self.at


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay in a campaign; without an end it runs."""

    campaign: str
    begins: datetime
    ends: datetime | None = None


@dataclass(slots=True)
class Person:
    """One customer: everything that ever came in of them."""

    id: str
    events: list[Happened] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    suppressed_since: datetime | None = None
    shop_zone: str = "UTC"

    def seen(self, now: datetime) -> list[Happened]:
        """The events known at an instant, in their order: each id once, none of machines."""
        known: dict[str, Happened] = {}
        for event in sorted(self.events, key=lambda one: one.received):
            if event.id not in known:
                known[event.id] = event
        found = [one for one in known.values() if one.known_at <= now]
        human = [
            one
            for one in found
            if not (one.name in MACHINES and one.properties.get("machine") is True)
        ]
        return sorted(human, key=lambda one: one.order)

    def said(self, now: datetime, until: datetime | None = None) -> list[Told]:
        """What had been said by an instant, up to a moment, in the order in which it counts."""
        arrived = [one for one in self.told if one.received <= now]
        arrived = [one for one in arrived if until is None or one.at <= until]
        return sorted(sorted(arrived, key=lambda one: one.received), key=lambda one: one.at)

    def own(self, name: str, now: datetime, until: datetime | None = None) -> Any:
        """The record's own email, timezone or locale."""
        value = None
        for one in self.said(now, until):
            value = getattr(one, name) or value
        return value

    def past(self, name: str, now: datetime) -> list[tuple[datetime, Any]]:
        """What a top-level attribute was at each moment at which anything was said."""
        return [
            (at, self.attribute(name, now, at)) for at in sorted({one.at for one in self.said(now)})
        ]

    def zone(self, now: datetime) -> ZoneInfo:
        """The customer's own zone; unknown: the shop's; unknown: UTC."""
        for name in (self.own("timezone", now), self.shop_zone):
            if name in ZONES:
                return ZoneInfo(name)
        return ZoneInfo("UTC")

    def known_since(self, now: datetime) -> datetime | None:
        """Since when the customer is known: the first arrival of anything."""
        arrived = [one.received for one in self.events if one.received <= now]
        arrived += [one.at for one in self.told if one.received <= now]
        return min(arrived, default=None)

    def agreed_to(self, topic: str, now: datetime) -> bool:
        """Whether the latest word on the topic is a yes."""
        words = [
            (one.at, one.received, topic in one.agreed_to)
            for one in self.told
            if one.agreed_to is not None and one.received <= now
        ]
        for event in self.events:
            if event.known_at <= now and event.properties.get("topic") == topic:
                if event.name in ("consent_given", "consent_withdrawn"):
                    words.append((event.at, event.known_at, event.name == "consent_given"))
        return max(words, key=lambda word: word[:2])[2] if words else False

    def attribute(self, name: str, now: datetime, until: datetime | None = None) -> Any:
        """A top-level attribute as known now; `until` a moment: as it was then.

        The shop's own wins over those that the engine knows; None takes away.
        """
        value = None
        for one in self.said(now, until):
            value = one.attributes.get(name, value)
        if value is not None:
            return value
        if name == "id":
            return self.id
        if name in ("email", "timezone", "locale"):
            return self.own(name, now, until)
        if name == "language":
            locale = self.own("locale", now, until)
            return locale.replace("_", "-").split("-")[0] if locale else None
        return None
