"""Totals over a customer's events, summed once however many rules ask for them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Any

from lifecycle.core.rule.compare import NUMBER_OPS, Op
from lifecycle.core.rule.counts import MICRO, exact
from lifecycle.core.rule.tree import View
from lifecycle.core.rule.where import Where

MILLIONTHS = 1_000_000
SURE_DIGITS = 10**15
"""A double of fewer digits than these is written in one way only."""
_WHERE = Where()
_HOLDS: dict[str, Callable[[int, Any], bool]] = {
    "at_least": lambda total, edge: total >= edge,
    "more_than": lambda total, edge: total > edge,
    "at_most": lambda total, edge: total <= edge,
    "less_than": lambda total, edge: total < edge,
}
Answer = tuple[bool, datetime | None]


class Ledger:
    """The running total of one customer's events: `totals[n]` is that of the `n` oldest."""

    __slots__ = ("ats", "rising", "totals")

    def __init__(self, ats: list[datetime], values: list[int]) -> None:
        self.ats = ats
        self.totals = [0, *accumulate(values)]
        self.rising = min(values, default=0) >= 0
        """Whether no value is negative, so that what leaves only takes away."""


class Sums:
    """The total of one property over the events of one name."""

    def __init__(self, name: str, path: tuple[str, ...]) -> None:
        self.name, self.path = name, path
        self._key = (name, path)

    def asker(self, op: Op, far: timedelta | None) -> Callable[[View], Answer] | None:
        """Whether the total of events younger than `far` compares so; None if not known here."""
        if op.word not in NUMBER_OPS:
            return None
        scaled = Decimal(op.operand) * MILLIONTHS
        edge: Any = int(scaled) if scaled == int(scaled) else scaled
        holds_so = _HOLDS[op.word]
        falls = op.word in ("at_least", "more_than")
        """Whether it can only cease to hold when something is taken away."""

        def ask(view: View) -> Answer:
            ledger = self.ledger(view)
            if far is None:
                return holds_so(ledger.totals[-1], edge), None
            ats, totals = ledger.ats, ledger.totals
            first = bisect_right(ats, view.now - far)
            end = totals[-1]
            holds = holds_so(end - totals[first], edge)
            if first == len(ats):
                return holds, None
            if not ledger.rising:
                return holds, ats[first] + far
            if holds is not falls:
                return holds, None
            # The first to leave after which it compares otherwise.
            low, high = first + 1, len(ats)
            if holds_so(end - totals[high], edge) is holds:
                return holds, None
            while low < high:
                middle = (low + high) // 2
                if holds_so(end - totals[middle], edge) is holds:
                    low = middle + 1
                else:
                    high = middle
            return holds, ats[low - 1] + far

        return ask

    def ledger(self, view: View) -> Ledger:
        """The running total, worked out once for a view."""
        found = view.sums.get(self._key)
        if found is None:
            found = view.sums[self._key] = self._sum(view)
        return found

    def _sum(self, view: View) -> Ledger:
        ats: list[datetime] = []
        values: list[int] = []
        plain = len(self.path) == 1
        for event in view.facts.events.get(self.name, ()):
            value: Any = event.properties.get(self.path[0]) if plain else None
            if type(value) is int or type(value) is float:
                ats.append(event.at)
                values.append(millionths(value))
                continue
            picked = (exact(one) for one in _WHERE.pick(event, self.path, view))
            numbers = [int(one / MICRO) for one in picked if one is not None]
            if numbers:
                ats.append(event.at)
                values.append(sum(numbers))
        return Ledger(ats, values)


def millionths(value: float) -> int:
    """A number in whole millionths, half to even; 0 for one that is too large to be counted."""
    if type(value) is int:
        return value * MILLIONTHS if abs(value) < 10**21 else 0
    nearest = round(value * MILLIONTHS) if abs(value) < SURE_DIGITS / MILLIONTHS else 0
    if nearest / MILLIONTHS == value:
        return nearest
    read = exact(value)
    return 0 if read is None else int(read / MICRO)
