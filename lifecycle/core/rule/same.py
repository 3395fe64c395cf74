"""What events share: the values of one property, as `same = "sku"` asks for them."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle.core.event import Event
from lifecycle.core.rule.compare import canonical, known
from lifecycle.core.rule.tree import View
from lifecycle.core.rule.where import value_at

Value = object


@dataclass(frozen=True, slots=True)
class Same:
    """A property by its path, into lists too; events share it when they have a value in common."""

    path: tuple[str, ...]

    def of(self, event: Event, view: View) -> frozenset[Value]:
        """The event's known values, each in the form in which equal ones are equal."""
        root = view.facts.event_value(event, self.path[0])
        if type(root) is str and len(self.path) == 1:
            return frozenset((canonical(root),)) if root else frozenset()
        found = value_at(root, self.path[1:])
        return frozenset(canonical(one) for value in found for one in _each(value) if known(one))

    def words(self) -> str:
        """The property as text."""
        return ".".join(self.path)


def _each(value: Value) -> tuple[Value, ...]:
    """A list of plain values shares any of them."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)
