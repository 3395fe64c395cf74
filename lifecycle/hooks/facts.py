"""What a hook may see of a customer: the declared events up to one moment, and the attributes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from lifecycle.core import kept
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts as CoreFacts
from lifecycle.core.rule.problem import RuleProblems
from lifecycle.core.rule.tree import View
from lifecycle.core.rule.where import Where, value_at, where
from lifecycle.core.words import path
from lifecycle.hooks.declare import ALL_TIME


class UndeclaredRead(LookupError):
    """A hook asked for events that it does not declare to read."""


class Facts:
    """The facts that one hook is given; reading them changes nothing.

    Events lie within `looks_back` before the moment asked about, up to and including the event
    itself. Properties compare as rules do: numbers by number, text after NFC, and a dotted path
    goes through lists, where all conditions hold for one and the same entry.
    """

    __slots__ = ("_events", "_facts", "customer", "now")

    def __init__(
        self,
        facts: CoreFacts,
        reads: frozenset[str],
        now: datetime,
        looks_back: timedelta,
        event: Event | None = None,
    ) -> None:
        self._facts = facts
        self._events = {
            name: _window(facts.events.get(name, ()), name, event, now, looks_back)
            for name in reads
        }
        self.now = now
        whole = reads if looks_back >= ALL_TIME else frozenset[str]()
        self.customer = CustomerFacts(facts, whole, now)

    def count(self, name: str, /, **properties: Any) -> int:
        """How many events of that name have these properties. Raises UndeclaredRead."""
        return sum(1 for _ in self._found(name, properties))

    def events(self, name: str, /, **properties: Any) -> list[Event]:
        """The events of that name with these properties, oldest first. Raises UndeclaredRead."""
        return [_copy(event) for event in self._found(name, properties)]

    def first(self, name: str, /, **properties: Any) -> Event | None:
        """The oldest of them, None when there is none. Raises UndeclaredRead."""
        found = next(self._found(name, properties), None)
        return None if found is None else _copy(found)

    def last(self, name: str, /, **properties: Any) -> Event | None:
        """The newest of them, None when there is none. Raises UndeclaredRead."""
        found = None
        for event in self._found(name, properties):
            found = event
        return None if found is None else _copy(found)

    def _found(self, name: str, properties: dict[str, Any]) -> Iterator[Event]:
        if name not in self._events:
            declared = ", ".join(sorted(self._events))
            raise UndeclaredRead(f"“{name}” is read and not declared; declared: {declared}")
        asked = _conditions(properties)
        view = View(self._facts, self.now)
        return (event for event in self._events[name] if asked.meets(event, view))


class CustomerFacts:
    """The customer's attributes by path: `facts.customer["shipping.country"]`; None if unknown.

    Those that the engine keeps of orders and clicks are there for hooks that declare to read these
    events, however long ago. Raises UndeclaredRead where they are not declared.
    """

    __slots__ = ("_facts", "_now", "_whole")

    def __init__(self, facts: CoreFacts, whole: frozenset[str], now: datetime) -> None:
        self._facts, self._whole, self._now = facts, whole, now

    def __getitem__(self, name: str) -> Any:
        parts = path(name)
        self._declared(parts)
        leaf = parts[1] if len(parts) > 1 else None
        root = kept.plain(self._facts.customer_value(parts[0], self._now, leaf))
        found = list(value_at(root, parts[1:]))
        if not found:
            return None
        return deepcopy(found[0] if len(found) == 1 else found)

    def _declared(self, parts: tuple[str, ...]) -> None:
        read = kept.reads(parts)
        if read is None or read[0] in self._whole or not kept.is_ours(self._facts, parts):
            return
        raise UndeclaredRead(
            f"“{'.'.join(parts)}” is reckoned from all {read[0]} events: "
            f'declare reads = ["{read[0]}"], and no looks_back'
        )

    def get(self, name: str, default: Any = None) -> Any:
        """The attribute at a path, or `default` when it is unknown."""
        value = self[name]
        return default if value is None else value


def _window(
    events: Sequence[Event], name: str, event: Event | None, now: datetime, back: timedelta
) -> Sequence[Event]:
    """The ordered events inside; the far edge is excluded, as in rules."""
    low = bisect_right(events, now - back, key=_at)
    if event is None:
        return events[low : bisect_right(events, now, key=_at)]
    inside = events[low : bisect_right(events, event)]
    if event.name == name and (not inside or inside[-1] != event):
        return [*inside, event]
    return inside


def _conditions(properties: dict[str, Any]) -> Where:
    if not properties:
        return Where()
    said = {name: None if value == "" else value for name, value in properties.items()}
    problems = RuleProblems()
    found = where(said, problems)
    if problems.found:
        raise ValueError("; ".join(one.problem for one in problems.found))
    return found


def _copy(event: Event) -> Event:
    """An event whose properties the hook may change without changing ours."""
    return replace(event, properties=deepcopy(dict(event.properties)))


def _at(event: Event) -> datetime:
    return event.at
