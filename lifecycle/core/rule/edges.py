"""The leaves `first` and `last`: one event of all there are, what it has, and when it was."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle.core.event import Event
from lifecycle.core.rule.counts import UNKNOWN_WINDOW, events_of, reach_of
from lifecycle.core.rule.tree import WHOLE, Needs, Reach, View, Why, earliest
from lifecycle.core.rule.where import Where
from lifecycle.core.rule.window import Window


@dataclass(frozen=True, slots=True)
class EdgeOf:
    """`first` or `last` of all events of these names that meet `where`, whenever they were.

    It holds when there is such an event, it meets `has`, and it lies in the window. Moment, then
    id decide which one it is.
    """

    word: str
    names: tuple[str, ...]
    where: Where
    has: Where
    window: Window

    def matches(self, view: View) -> bool:
        """Whether the chosen event has that, and lies in the window."""
        chosen = self.chosen(view)
        return chosen is not None and self._inside(chosen, view) and self.has.meets(chosen, view)

    def chosen(self, view: View) -> Event | None:
        """The first or last event of those that meet `where`; None when none does."""
        best: Event | None = None
        for events in events_of(self.names, view):
            for event in self._in_order(events):
                if event.at > view.now:
                    if self.word == "first":
                        break
                    continue
                if best is not None and not self._before(event, best):
                    break
                if self.where.meets(event, view):
                    best = event
                    break
        return best

    def may_turn_at(self, view: View) -> datetime | None:
        """When the chosen event leaves or enters the window, turns `has`, or is another."""
        if not (self.window.turns or self.where.turns or self.has.turns):
            return None
        chosen = self.chosen(view)
        turns = list(self._turns_of_where(chosen, view)) if self.where.turns else []
        if chosen is not None and (self.has.turns or self.has.meets(chosen, view)):
            turns.append(self.window.may_turn_at((chosen,), view))
            turns.append(self.has.may_turn_at((chosen,), view))
        return earliest(turns)

    def needs(self) -> Needs:
        """The events of these names: the last one alone, where nothing is asked of it before."""
        reach = WHOLE
        if self.word == "last":
            reach = reach_of(self.window, None) if self.where.conditions else Reach(last=1)
        entry = self.window.reads_entry or self.where.reads_entry or self.has.reads_entry
        reaches = frozenset((name, reach) for name in self.names)
        attributes = self.window.attributes | self.where.attributes | self.has.attributes
        return Needs(reaches, attributes=attributes, entry=entry)

    def why(self, view: View) -> Why:
        """The event that is asked, and what was found in it."""
        asks = f"{self.word} {' or '.join(self.names)}{self.where.words()}{self.has.words('has')}"
        return Why(
            asks + self.window.words(), self.matches(view), self._saw(view), self.may_turn_at(view)
        )

    def _saw(self, view: View) -> str:
        chosen = self.chosen(view)
        if chosen is None:
            return "none"
        at = f"{chosen.name} at {chosen.at.isoformat()}"
        if not self.window.known(view):
            return f"{at}; the window is {UNKNOWN_WINDOW}"
        if not self._inside(chosen, view):
            return f"{at}, outside the window"
        return at if self.has.meets(chosen, view) else f"{at}, which has not{self.has.words('')}"

    def _inside(self, event: Event, view: View) -> bool:
        return len(self.window.pick((event,), view)) > 0

    def _in_order(self, events: Sequence[Event]) -> Iterator[Event]:
        return iter(events) if self.word == "first" else reversed(events)

    def _before(self, event: Event, other: Event) -> bool:
        """Whether the event is to be chosen rather than the other."""
        return event < other if self.word == "first" else event > other

    def _turns_of_where(self, chosen: Event | None, view: View) -> Iterator[datetime | None]:
        """When the chosen event, or one that would be chosen instead of it, turns a condition."""
        for events in events_of(self.names, view):
            ahead: Sequence[Event] = events
            if chosen is not None and self.word == "first":
                ahead = events[: bisect_right(events, chosen)]
            elif chosen is not None:
                ahead = events[bisect_left(events, chosen) :]
            yield self.where.may_turn_at(ahead, view)
