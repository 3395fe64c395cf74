"""Which segments are asked when something has happened to a customer, and which need not be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from lifecycle.core.rule.tree import Needs

NAMES_KEPT = 2_000
"""Customers may say any event: not all names are kept for ever."""


class SegmentsAsked:
    """By what happened, the segments whose answer may differ for it.

    A segment that reads none of what is new keeps its answer until its own wake-up.
    """

    def __init__(self, needs: Mapping[str, Needs], computed: Mapping[str, frozenset[str]]) -> None:
        """`needs` of each segment, with those of the segments it names; `computed` says of each
        attribute that a hook gives which events the hook reads."""
        self.every = tuple(needs)
        self.running = any(one.running for one in needs.values())
        """Whether any segment asks for running enrollments."""
        self._needs = needs
        self._names: dict[str, frozenset[str]] = {}
        self._prefixes: dict[str, tuple[str, ...]] = {}
        for segment, need in needs.items():
            names = set(need.events)
            for path in need.attributes:
                names |= computed.get(path[0], frozenset())
            self._names[segment] = frozenset(names)
            self._prefixes[segment] = tuple(name[:-1] for name in names if name.endswith("*"))
        self._by_event: dict[str, frozenset[str]] = {}
        self._by_topic = {
            topic: frozenset(one for one in needs if topic in needs[one].topics)
            for topic in {topic for need in needs.values() for topic in need.topics}
        }
        self.by_running = frozenset(one for one in needs if needs[one].running)
        """Those that ask for running enrollments."""
        self.by_suppression = frozenset(one for one in needs if needs[one].suppression)
        """Those that ask whether the address is suppressed."""

    def by_event(self, name: str) -> frozenset[str]:
        """Those that read events of this name."""
        found = self._by_event.get(name)
        if found is None:
            if len(self._by_event) >= NAMES_KEPT:
                self._by_event.clear()
            found = self._by_event[name] = frozenset(
                one
                for one in self.every
                if name in self._names[one] or name.startswith(self._prefixes[one])
            )
        return found

    def by_topic(self, topic: str) -> frozenset[str]:
        """Those that ask for consent to this topic."""
        return self._by_topic.get(topic, frozenset())

    def due(self, wakes: Mapping[str, datetime], now: datetime) -> frozenset[str]:
        """Those whose wake-up has come."""
        return frozenset(one for one, at in wakes.items() if at <= now)
