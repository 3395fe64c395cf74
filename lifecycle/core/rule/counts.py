"""Leaves on what happened: `did`, and the figures `total_of`, `distinct_of` and their like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from lifecycle.core.event import Event
from lifecycle.core.rule.compare import Comparison, canonical
from lifecycle.core.rule.tree import WHOLE, Needs, Reach, View, Why, earliest
from lifecycle.core.rule.where import Where
from lifecycle.core.rule.window import Window
from lifecycle.core.words import number

MICRO = Decimal("0.000001")
ALL_OF_THEM = 2**62
UNKNOWN_WINDOW = "unknown: the attribute that gives the window its length says none"
FIGURES = ("total_of", "average_of", "smallest_of", "largest_of", "distinct_of")


def events_of(names: tuple[str, ...], view: View) -> Iterator[list[Event]]:
    """The ordered events of each name, once each; `prefix*` stands for all that begin so."""
    prefixes = tuple(name[:-1] for name in names if name.endswith("*"))
    if not prefixes:
        for name in names:
            if name in view.facts.events:
                yield view.facts.events[name]
        return
    for name, events in view.facts.events.items():
        if name in names or name.startswith(prefixes):
            yield events


def turns_of(
    names: tuple[str, ...], where: Where, window: Window, view: View, spare: int = 0
) -> Iterator[datetime | None]:
    """When an event next leaves or enters the window, or turns a condition inside it."""
    for events in events_of(names, view):
        yield window.may_turn_at(events, view, spare)
        if where.conditions:
            yield where.may_turn_at(window.pick(events, view), view)


def reach_of(window: Window, newest: int | None) -> Reach:
    """How far back a leaf with this window reads; `newest` events are enough where it is open."""
    rolling = Window(far=window.far, since=window.since, since_entry=window.since_entry)
    if newest is not None and window == rolling:
        return Reach(last=newest)
    back = [window.far] if isinstance(window.far, timedelta) else []
    if window.during is not None:
        back.append(window.during.reach)
    if back:
        return Reach(back=min(back))
    if window.since is not None:
        return Reach(since=window.since.earliest())
    return WHOLE


@dataclass(frozen=True, slots=True)
class Did:
    """`did`: so many events of these names, that meet `where`, inside the window."""

    names: tuple[str, ...]
    at_least: int | None
    at_most: int | None
    where: Where
    window: Window

    def matches(self, view: View) -> bool:
        """Whether the count lies between the bounds; none counts as 0, an unknown window never."""
        if not self.window.known(view):
            return False
        return self.allows(self.count(view))

    def allows(self, count: int) -> bool:
        """Whether a count lies between the bounds."""
        return (self.at_least is None or count >= self.at_least) and (
            self.at_most is None or count <= self.at_most
        )

    def count(self, view: View) -> int:
        """How many there are."""
        total = 0
        for events in events_of(self.names, view):
            inside = self.window.pick(events, view)
            if self.where.conditions:
                total += sum(1 for event in inside if self.where.meets(event, view))
            else:
                total += len(inside)
        return total

    def may_turn_at(self, view: View) -> datetime | None:
        """When the next event that matters leaves or enters the window."""
        spare = 0
        if self.at_most is None:
            over = self.count(view) - (self.at_least or 0)
            if over < 0:
                spare = ALL_OF_THEM  # what leaves takes it only further from holding
            elif len(self.names) == 1 and self.names[0][-1] != "*" and not self.where.conditions:
                spare = over
        return earliest(turns_of(self.names, self.where, self.window, view, spare))

    def needs(self) -> Needs:
        """The events of these names."""
        entry = self.window.reads_entry or self.where.reads_entry
        reach = reach_of(self.window, None if self.where.conditions else self._newest())
        reaches = frozenset((name, reach) for name in self.names)
        attributes = self.window.attributes | self.where.attributes
        return Needs(reaches, attributes=attributes, entry=entry)

    def _newest(self) -> int:
        """How many of the newest events tell whether the bounds are kept, and when that turns."""
        return max(self.at_least or 0, 0 if self.at_most is None else self.at_most + 1, 1)

    def asks(self) -> str:
        """What is asked, as text."""
        bounds = [
            f"at least {self.at_least}" if self.at_least is not None else "",
            f"at most {self.at_most}" if self.at_most is not None else "",
        ]
        said = " and ".join(filter(None, bounds))
        names = " or ".join(self.names)
        return f"did {names}{said and ' '}{said}{self.where.words()}{self.window.words()}"

    def why(self, view: View) -> Why:
        """The count asked for, and the count there is."""
        saw = f"{self.count(view)}" if self.window.known(view) else UNKNOWN_WINDOW
        return Why(self.asks(), self.matches(view), saw, self.may_turn_at(view))


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure over the values of one property: total, average, smallest, largest, distinct."""

    word: str
    name: str
    path: tuple[str, ...]
    comparison: Comparison
    where: Where
    window: Window

    def matches(self, view: View) -> bool:
        """Whether the figure compares so; the total and distinct count of nothing are 0."""
        return self.comparison.holds(self.value(view), view)

    def value(self, view: View) -> Decimal | int | None:
        """The figure, in exact millionths; in an unknown window it is unknown."""
        if not self.window.known(view):
            return None
        values = [
            value
            for events in events_of((self.name,), view)
            for event in self.window.pick(events, view)
            for value in self.where.pick(event, self.path, view)
        ]
        if self.word == "distinct_of":
            return len({canonical(value) for value in values})
        numbers = [found for value in values if (found := exact(value)) is not None]
        if self.word == "total_of":
            return sum(numbers, Decimal(0))
        if not numbers:
            return None
        if self.word == "average_of":
            return sum(numbers, Decimal(0)) / len(numbers)
        return min(numbers) if self.word == "smallest_of" else max(numbers)

    def may_turn_at(self, view: View) -> datetime | None:
        """When the next event leaves or enters the window."""
        own = self.comparison.may_turn_at(self.value(view), view) if self.comparison.turns else None
        return earliest((own, *turns_of((self.name,), self.where, self.window, view)))

    def needs(self) -> Needs:
        """The events of that name."""
        entry = self.window.reads_entry or self.where.reads_entry or self.comparison.reads_entry
        reaches = frozenset(((self.name, reach_of(self.window, None)),))
        attributes = self.window.attributes | self.where.attributes | self.comparison.attributes
        return Needs(reaches, attributes=attributes, entry=entry)

    def why(self, view: View) -> Why:
        """The figure asked for, and the figure there is."""
        at = ".".join((self.name, *self.path))
        asks = f"{self.word} {at} {self.comparison.words()}"
        value = self.value(view)
        return Why(
            asks + self.where.words() + self.window.words(),
            self.matches(view),
            "unknown" if value is None else f"{value}",
            self.may_turn_at(view),
        )


def exact(value: object) -> Decimal | None:
    """A number rounded to exact millionths, half to even; None when the value is none."""
    found = number(value)
    if found is None or found.adjusted() > 20:
        return None
    return found.quantize(MICRO, rounding=ROUND_HALF_EVEN)
