"""Leaves on what is known: `customer = "path"` and `event = "path"` beside a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lifecycle.core import kept
from lifecycle.core.rule.compare import Comparison
from lifecycle.core.rule.tree import Needs, View, Why, earliest
from lifecycle.core.rule.where import holds_at, value_at

MOST_CHANGES = 200
"""So many changes of points and codes are looked ahead; then the rule is asked again."""


@dataclass(frozen=True, slots=True)
class Compared:
    """An attribute of the customer (`of` = customer) or a property of the entry event (`event`)."""

    of: str
    path: tuple[str, ...]
    comparison: Comparison

    def matches(self, view: View) -> bool:
        """Whether some value at the path compares so."""
        return holds_at(self._root(view), self.path[1:], self.comparison, view)

    def may_turn_at(self, view: View) -> datetime | None:
        """When time alone turns the comparison, or the points and codes that it looks at."""
        if self.of == "customer":
            changes = kept.changes(view.facts, self.path, view.now)
            if changes:
                return self._turns_among(changes[:MOST_CHANGES], view)
        return self._comparison_turns_at(view)

    def _turns_among(self, changes: Sequence[datetime], view: View) -> datetime | None:
        """The first turn, where the value itself changes at these instants; perhaps too early."""
        holds = self.matches(view)
        for change in changes:
            turns = self._comparison_turns_at(view)
            if turns is not None and turns <= change:
                return turns
            view = View(view.facts, change, view.segments, view.entry)
            if self.matches(view) is not holds:
                return change
        if len(changes) == MOST_CHANGES:
            return changes[-1]
        return self._comparison_turns_at(view)

    def _comparison_turns_at(self, view: View) -> datetime | None:
        return earliest(
            self.comparison.may_turn_at(value, view)
            for value in value_at(self._root(view), self.path[1:])
        )

    def needs(self) -> Needs:
        """The attribute, and the entry event if it is read."""
        entry = self.of == "event" or self.comparison.reads_entry
        named = self.comparison.attributes
        if self.of == "customer":
            named |= {self.path}
        return Needs(attributes=named, entry=entry)

    def why(self, view: View) -> Why:
        """The comparison, and the value it saw."""
        saw = [value for value in value_at(self._root(view), self.path[1:]) if value is not None]
        return Why(
            f"{self.of} {'.'.join(self.path)} {self.comparison.words()}",
            self.matches(view),
            ", ".join(map(str, saw)) or "unknown",
            self.may_turn_at(view),
        )

    def _root(self, view: View) -> Any:
        if self.of == "customer":
            leaf = self.path[1] if len(self.path) > 1 else None
            return view.facts.customer_value(self.path[0], view.now, leaf)
        if view.entry is None:
            return None
        return view.facts.event_value(view.entry, self.path[0])
