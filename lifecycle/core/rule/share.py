"""The leaf `share`: one figure over another, both in the same window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lifecycle.core.rule.compare import Comparison
from lifecycle.core.rule.counts import UNKNOWN_WINDOW, Did, Figure, reach_of, turns_of
from lifecycle.core.rule.tree import Needs, View, Why, earliest
from lifecycle.core.rule.window import Window

Measure = Did | Figure
"""A count without bounds, or a figure that is compared with nothing."""


@dataclass(frozen=True, slots=True)
class Share:
    """`share = { … }, of = { … }`: the one over the other; of nothing it is unknown."""

    part: Measure
    whole: Measure
    comparison: Comparison
    window: Window

    def matches(self, view: View) -> bool:
        """Whether the share compares so."""
        return self.comparison.holds(self.value(view), view)

    def value(self, view: View) -> Decimal | None:
        """The share; unknown where either is, where the window is, and where the whole is 0."""
        part, whole = _value(self.part, view), _value(self.whole, view)
        return None if part is None or not whole else part / whole

    def may_turn_at(self, view: View) -> datetime | None:
        """When the next event of either leaves or enters the window."""
        own = self.comparison.may_turn_at(self.value(view), view) if self.comparison.turns else None
        found = [own]
        for one in (self.part, self.whole):
            found += turns_of(_names(one), one.where, self.window, view)
        return earliest(found)

    def needs(self) -> Needs:
        """The events of both."""
        parts = (self.part, self.whole)
        reach = reach_of(self.window, None)
        reaches = frozenset((name, reach) for one in parts for name in _names(one))
        entry = self.window.reads_entry or self.comparison.reads_entry
        entry = entry or any(one.where.reads_entry for one in parts)
        attributes = self.window.attributes | self.comparison.attributes
        attributes = attributes.union(*(one.where.attributes for one in parts))
        return Needs(reaches, attributes=attributes, entry=entry)

    def why(self, view: View) -> Why:
        """The share asked for, the two figures, and what they give."""
        part, whole = _value(self.part, view), _value(self.whole, view)
        asks = f"share of {_words(self.part)} in {_words(self.whole)} {self.comparison.words()}"
        saw = f"{_shown(part)} of {_shown(whole)}"
        value = self.value(view)
        saw += " is unknown" if value is None else f" is {value:.4f}"
        if not self.window.known(view):
            saw = UNKNOWN_WINDOW
        return Why(asks + self.window.words(), self.matches(view), saw, self.may_turn_at(view))


def _value(measure: Measure, view: View) -> Decimal | None:
    if isinstance(measure, Did):
        return Decimal(measure.count(view)) if measure.window.known(view) else None
    value = measure.value(view)
    return None if value is None else Decimal(value)


def _names(measure: Measure) -> tuple[str, ...]:
    return measure.names if isinstance(measure, Did) else (measure.name,)


def _words(measure: Measure) -> str:
    if isinstance(measure, Did):
        return f"did {' or '.join(measure.names)}{measure.where.words()}"
    at = ".".join((measure.name, *measure.path))
    return f"{measure.word} {at}{measure.where.words()}"


def _shown(value: Decimal | None) -> str:
    return "unknown" if value is None else f"{value.normalize():f}"
