"""The leaf `not_followed_by`: counts events after which another did not come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle.core.event import Event
from lifecycle.core.rule.counts import ALL_OF_THEM, UNKNOWN_WINDOW, Did, events_of, reach_of
from lifecycle.core.rule.same import Same, Value
from lifecycle.core.rule.tree import NEWEST, Needs, View, Why, earliest

_ANY: Value = object()
"""The one value that all events share where no property is named."""


@dataclass(frozen=True, slots=True)
class NotFollowed:
    """`did = "a", not_followed_by = "b"`: so many a after which no b came, on the same value.

    The window and `where` are of the a; a b counts until now. Order is that of moment, then id. An
    a without a known value of `same` is followed by nothing.
    """

    did: Did
    by: tuple[str, ...]
    same: Same | None = None

    def matches(self, view: View) -> bool:
        """Whether the count lies between the bounds; in an unknown window never."""
        return self.did.window.known(view) and self.did.allows(self._count(view))

    def may_turn_at(self, view: View) -> datetime | None:
        """When an a that nothing followed leaves or enters the window, or turns a condition."""
        window, where = self.did.window, self.did.where
        if not window.turns and not where.turns:
            return None
        left = self._left(view, inside=False)
        spare = 0
        if self.did.at_most is None and not where.turns:
            over = sum(len(window.pick(one, view)) for one in left) - (self.did.at_least or 0)
            if over < 0:
                spare = ALL_OF_THEM  # what leaves takes it only further from holding
            elif len(left) == 1:
                spare = over
        turns = [window.may_turn_at(one, view, spare) for one in left]
        turns += [where.may_turn_at(window.pick(one, view), view) for one in left]
        return earliest(turns)

    def needs(self) -> Needs:
        """Both events; what follows an event in the window is no older than the window.

        Where nothing but the order counts, the last of what follows tells.
        """
        needs = self.did.needs()
        by = reach_of(self.did.window, None)
        if self.same is None and not self.did.where.conditions:
            by = NEWEST
        else:
            needs |= Needs(frozenset((name, by) for name in self.did.names))
        return needs | Needs(frozenset((name, by) for name in self.by))

    def why(self, view: View) -> Why:
        """The count asked for, and the count there is."""
        same = f" on the same {self.same.words()}" if self.same else ""
        asks = f"{self.did.asks()}, not followed by {' or '.join(self.by)}{same}"
        known = self.did.window.known(view)
        saw = f"{self._count(view)} not followed" if known else UNKNOWN_WINDOW
        return Why(asks, self.matches(view), saw, self.may_turn_at(view))

    def _count(self, view: View) -> int:
        return sum(len(events) for events in self._left(view, inside=True))

    def _left(self, view: View, *, inside: bool) -> list[Sequence[Event]]:
        """By name, the a that nothing followed: those inside the window, or also those to come.

        They meet `where`; with those to come also what may come to meet it.
        """
        latest: dict[Value, Event] | None = None
        left: list[Sequence[Event]] = []
        for events in events_of(self.did.names, view):
            chosen = self.did.window.pick(events, view, ahead=not inside)
            if inside or not self.did.where.turns:
                chosen = [one for one in chosen if self.did.where.meets(one, view)]
            if chosen and latest is None:
                latest = self._latest(view)
            if chosen and latest is not None:
                left.append([one for one in chosen if not self._followed(one, latest, view)])
        return left

    def _latest(self, view: View) -> dict[Value, Event]:
        """By value, the last b until now."""
        latest: dict[Value, Event] = {}
        for events in events_of(self.by, view):
            for one in reversed(events):
                if one.at > view.now:
                    continue
                for value in self._values(one, view):
                    if value not in latest or latest[value] < one:
                        latest[value] = one
                if self.same is None:
                    break
        return latest

    def _followed(self, event: Event, latest: dict[Value, Event], view: View) -> bool:
        return any(value in latest and event < latest[value] for value in self._values(event, view))

    def _values(self, event: Event, view: View) -> frozenset[Value]:
        return frozenset((_ANY,)) if self.same is None else self.same.of(event, view)
