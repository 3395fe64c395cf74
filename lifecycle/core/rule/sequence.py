"""The leaf `sequence`: events one after another, within a length, with nothing else between."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from lifecycle.core.event import Event
from lifecycle.core.rule.counts import UNKNOWN_WINDOW, events_of, reach_of
from lifecycle.core.rule.length import Length, attributes_of, length_of, words_of
from lifecycle.core.rule.same import Same, Value
from lifecycle.core.rule.tree import Needs, View, Why
from lifecycle.core.rule.window import Window

AT_ONCE = 1_000
"""So many events of one name are put in order at first, then four times as many each time."""
_IN_ORDER = attrgetter("at", "id")
_ANY: frozenset[Value] = frozenset((object(),))
"""The one value that all events share where no property is named."""
_Ends = list[Event | None]
"""By step, how soon a chain from that step on is complete: its last event."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The first and the last event of a sequence that was found."""

    first: Event
    last: Event


@dataclass(frozen=True, slots=True)
class Sequence:
    """`sequence = ["a", "b"]`: an a, later a b, and so on; each an event of its own.

    Later is by moment, then by id. `inside` is the length from the first to the last, which lie
    less than that apart. With `same` all of them have one value of that property in common. An
    event of `without` between the first and the last breaks it; with `same`, one that tells other
    values breaks nothing, and one that tells none breaks every value. All of the sequence lies in
    the window.
    """

    steps: tuple[str, ...]
    inside: Length | None
    same: Same | None
    without: tuple[str, ...]
    window: Window

    def matches(self, view: View) -> bool:
        """Whether there is such a sequence in the window."""
        return self.newest(view) is not None

    def newest(self, view: View) -> Chain | None:
        """Of all such sequences the one that began last; None when there is none.

        Going back in time it keeps, for each step and value, the soonest end there is: no other
        chain can do better, so each event is looked at once.
        """
        inside = None if self.inside is None else length_of(self.inside, view)
        unknown = self.inside is not None and inside is None
        if unknown or not all(self._comes(step, view) for step in self.steps):
            return None
        roles: dict[str, tuple[list[int], bool]] = {}
        ends: dict[Value, _Ends] = {}
        for event in self._backwards(view):
            role = roles.get(event.name)
            if role is None:
                role = roles[event.name] = self._role(event.name)
            last = self._back(event, role, ends, inside, view)
            if last is not None:
                return Chain(event, last)
        return None

    def may_turn_at(self, view: View) -> datetime | None:
        """When the sequence that began last leaves the window, or else an event enters it."""
        if not self.window.turns:
            return None
        found = self.newest(view)
        if found is not None:
            return self.window.leaves_at(found.first, view)
        entering = (
            self.window.enters_at(events, view) for events in events_of(self.steps[-1:], view)
        )
        return min((at for at in entering if at is not None), default=None)

    def needs(self) -> Needs:
        """The events of all steps, and those that break it."""
        reach = reach_of(self.window, None)
        reaches = frozenset((name, reach) for name in (*self.steps, *self.without))
        attributes = self.window.attributes | attributes_of(self.inside)
        return Needs(reaches, attributes=attributes, entry=self.window.reads_entry)

    def why(self, view: View) -> Why:
        """The sequence asked for, and the one that was found."""
        asks = f"{', then '.join(self.steps)}"
        asks += f" inside {words_of(self.inside)}" if self.inside is not None else ""
        asks += f" on the same {self.same.words()}" if self.same else ""
        asks += f" without {' or '.join(self.without)}" if self.without else ""
        found = self.newest(view)
        saw = "none"
        if found is not None:
            saw = f"from {found.first.at.isoformat()} to {found.last.at.isoformat()}"
        elif not self.window.known(view):
            saw = UNKNOWN_WINDOW
        return Why(asks + self.window.words(), found is not None, saw, self.may_turn_at(view))

    def _comes(self, step: str, view: View) -> bool:
        return any(self.window.pick(events, view) for events in events_of((step,), view))

    def _backwards(self, view: View) -> Iterator[Event]:
        """The events of all names in the window, once each, the last one first.

        They are put in order bit by bit: what is looked for often lies near the end.
        """
        names = tuple(dict.fromkeys((*self.steps, *self.without)))
        left = [self.window.pick(events, view) for events in events_of(names, view)]
        at_once = AT_ONCE
        while left := [events for events in left if events]:
            cut = max((events[-at_once] for events in left if len(events) > at_once), default=None)
            places = [0 if cut is None else bisect_left(events, cut) for events in left]
            found = [one for at, events in zip(places, left, strict=True) for one in events[at:]]
            found.sort(key=_IN_ORDER, reverse=True)
            yield from found
            left = [events[:at] for at, events in zip(places, left, strict=True)]
            at_once *= 4

    def _role(self, name: str) -> tuple[list[int], bool]:
        """Which steps an event of this name can be, and whether it breaks a sequence."""
        steps = [number for number, step in enumerate(self.steps) if _is(name, step)]
        return steps, any(_is(name, one) for one in self.without)

    def _back(
        self,
        event: Event,
        role: tuple[list[int], bool],
        ends: dict[Value, _Ends],
        inside: timedelta | None,
        view: View,
    ) -> Event | None:
        """Take in an event before all that were seen; the end of the chain that it begins."""
        steps, breaks = role
        values = _ANY if self.same is None else self.same.of(event, view)
        final = len(self.steps) - 1
        if steps and steps[0] == 0:
            for last in (ends[value][1] for value in values if value in ends):
                if last is not None and (inside is None or last.at - event.at < inside):
                    return last
        if breaks:
            for value in values or tuple(ends):
                ends.pop(value, None)
        for value in values if steps else ():
            known = ends.get(value)
            if known is None:
                if steps[-1] != final:
                    continue
                known = ends[value] = [None] * len(self.steps)
            for step in steps:
                if step == final:
                    known[step] = event
                elif step and known[step + 1] is not None:
                    known[step] = known[step + 1]
        return None


def _is(name: str, said: str) -> bool:
    return name.startswith(said[:-1]) if said.endswith("*") else name == said
