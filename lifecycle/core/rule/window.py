"""Windows: which stretch of time a leaf looks at, and when an event leaves or enters it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lifecycle.core.event import Event
from lifecycle.core.rule.calendar import During, during
from lifecycle.core.rule.length import (
    Length,
    OwnLength,
    any_length,
    attributes_of,
    length_of,
    words_of,
)
from lifecycle.core.rule.problem import RuleProblems
from lifecycle.core.rule.tree import View, earliest
from lifecycle.core.words import (
    FIRST_INSTANT,
    LAST_INSTANT,
    MICROSECOND,
    Moment,
    WordProblem,
    moment,
    shown,
)

WINDOW_KEYS = ("within", "between", "since", "until", "during", "since_entry", "before_entry")
ENTRY_KEYS = ("since_entry", "before_entry")
_NOTHING: Sequence[Event] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time: far edge excluded, near edge included; the future never counts.

    `far` and `near` are how long ago the rolling edges lie; `since` is included, `until` excluded.
    The entry event is left out by `since_entry` and `before_entry`: order decides, not the moment.
    A window with a length of the person that is unknown is itself unknown: it picks nothing, and
    who counts in it knows nothing.
    """

    far: Length | None = None
    near: Length = timedelta()
    since: Moment | None = None
    until: Moment | None = None
    since_entry: bool = False
    during: During | None = None
    before_entry: bool = False

    def known(self, view: View) -> bool:
        """Whether its lengths are known for this customer."""
        return self._edges(view) is not None

    @property
    def reads_entry(self) -> bool:
        """Whether it depends on the entry event."""
        return self.since_entry or self.before_entry

    @property
    def attributes(self) -> frozenset[tuple[str, ...]]:
        """The attributes in which its lengths are told."""
        return attributes_of(self.far, self.near)

    @property
    def turns(self) -> bool:
        """Whether time alone moves an edge of it."""
        return self.far is not None or self.during is not None

    def pick(self, events: Sequence[Event], view: View, *, ahead: bool = False) -> Sequence[Event]:
        """Those of the ordered `events` that lie inside; `ahead`: or come to lie inside later."""
        edges = self._edges(view)
        if edges is None or not events or (self.reads_entry and view.entry is None):
            return _NOTHING
        far, near = edges
        low = None if far is None else before(view.now, far)
        high = view.now if ahead else before(view.now, near)
        if self.during is not None:
            begins, ends = self.during.bounds(view.now, view.zone)
            low = later(low, begins - MICROSECOND)
            high = high if ahead else min(high, ends - MICROSECOND)
        first, end = self._fixed(events, view)
        if low is not None:
            first = max(first, bisect_right(events, low, key=_at))
        return events[first : min(end, bisect_right(events, high, key=_at))]

    def may_turn_at(self, events: Sequence[Event], view: View, spare: int = 0) -> datetime | None:
        """When the next event leaves or enters; the first `spare` to leave do not matter."""
        if not self.turns:
            return None
        inside = self.pick(events, view)
        leaves = self.leaves_at(inside[spare], view) if len(inside) > spare else None
        return earliest((leaves, self.enters_at(events, view)))

    def leaves_at(self, event: Event, view: View) -> datetime | None:
        """When an event that lies inside leaves it; None if it stays for ever."""
        edges = self._edges(view)
        if edges is None:
            return None
        rolls = None if edges[0] is None else after(event.at, edges[0])
        turns = None if self.during is None else self.during.leaves(event.at, view.zone)
        return earliest((rolls, turns))

    def enters_at(self, events: Sequence[Event], view: View) -> datetime | None:
        """When the first of those that the near edge keeps out so far comes to lie inside."""
        edges = self._edges(view)
        if edges is None or (self.reads_entry and view.entry is None):
            return None
        near = edges[1]
        if not near and (self.during is None or not self.during.lies_back):
            return None
        high = before(view.now, near)
        if self.during is not None:
            high = min(high, self.during.bounds(view.now, view.zone)[1] - MICROSECOND)
        first, end = self._fixed(events, view)
        first = max(first, bisect_right(events, high, key=_at))
        if first >= min(end, bisect_right(events, view.now, key=_at)):
            return None
        enters = after(events[first].at, near)
        if self.during is not None:
            enters = max(enters, self.during.enters(events[first].at, view.zone))
        return enters

    def _edges(self, view: View) -> tuple[timedelta | None, timedelta] | None:
        """How long ago the rolling edges lie; None when that is unknown."""
        far = None if self.far is None else length_of(self.far, view)
        near = length_of(self.near, view)
        return None if near is None or (self.far is not None and far is None) else (far, near)

    def _fixed(self, events: Sequence[Event], view: View) -> tuple[int, int]:
        """Which of the events, first and end, lie between the edges that time does not move."""
        first, end = 0, len(events)
        if self.since is not None:
            first = bisect_left(events, self.since.at(view.zone), key=_at)
        if self.until is not None:
            end = bisect_left(events, self.until.at(view.zone), key=_at)
        if self.since_entry and view.entry is not None:
            first = max(first, bisect_right(events, view.entry))
        if self.before_entry and view.entry is not None:
            end = min(end, bisect_left(events, view.entry))
        return first, end

    def words(self) -> str:
        """The window as text, with a leading blank; empty for all time."""
        said = ""
        if self.far is not None:
            far = words_of(self.far)
            said += f" between {far} and {words_of(self.near)} ago" if self.near else ""
            said += "" if self.near else f" within {far}"
        if self.during is not None:
            said += f" during {self.during.word}"
        if self.since is not None:
            said += f" since {self.since.value.isoformat()}"
        if self.until is not None:
            said += f" until {self.until.value.isoformat()}"
        said += " since entry" if self.since_entry else ""
        return said + (" before entry" if self.before_entry else "")


def later(one: datetime | None, other: datetime) -> datetime:
    """The later of two instants, where the first may be missing."""
    return other if one is None or other > one else one


def before(now: datetime, length: timedelta) -> datetime:
    """The instant so long before, as far as the calendar goes."""
    return now - length if now - FIRST_INSTANT > length else FIRST_INSTANT


def after(at: datetime, length: timedelta) -> datetime:
    """The instant so long after, as far as the calendar goes."""
    return at + length if LAST_INSTANT - at > length else LAST_INSTANT


def window(raw: Mapping[str, Any], problems: RuleProblems) -> Window:
    """Read the window keys in `raw` (other keys left out); what is wrong goes to `problems`."""
    said: dict[str, Any] = {}
    for key in (key for key in WINDOW_KEYS if key in raw):
        try:
            said |= _READERS[key](key, raw[key])
        except WordProblem as found:
            problems.add(found.problem, found.hint, key=key)
    for one, other in (("within", "between"), ENTRY_KEYS):
        if one in raw and other in raw:
            problems.add(f"`{one}` and `{other}` are two windows", "keep one of them", key=other)
    return Window(**said)


def _between(key: str, raw: object) -> dict[str, Length]:
    hint = 'write between = ["180 days ago", "60 days ago"]'
    if not isinstance(raw, list) or len(raw) != 2 or not all(isinstance(one, str) for one in raw):
        raise WordProblem("`between` takes two lengths ago", hint)
    if not all(one.endswith(" ago") for one in raw):
        raise WordProblem("each edge of `between` ends in “ago”", hint)
    far, near = (any_length(one.removesuffix(" ago")) for one in raw)
    if not _further(far, near):
        raise WordProblem("`between` begins with the edge that lies further back", hint)
    return {"far": far, "near": near}


def _further(far: Length, near: Length) -> bool:
    """Whether the first edge may lie further back; the customer's own lengths tell it later."""
    if isinstance(far, timedelta):
        return far > near if isinstance(near, timedelta) else bool(far)
    same = isinstance(near, OwnLength) and near.path == far.path
    return not (same and isinstance(near, OwnLength) and far.factor <= near.factor)


def _entry(key: str, raw: object) -> dict[str, bool]:
    if raw is not True:
        raise WordProblem(f"`{key}` takes true, not {shown(raw)}", "leave it out otherwise")
    return {key: True}


_READERS: dict[str, Callable[[str, object], Mapping[str, Any]]] = {
    "within": lambda key, raw: {"far": any_length(raw, zero=False)},
    "between": _between,
    "since": lambda key, raw: {key: moment(raw)},
    "until": lambda key, raw: {key: moment(raw)},
    "during": lambda key, raw: {key: during(raw)},
    **dict.fromkeys(ENTRY_KEYS, _entry),
}


def _at(event: Event) -> datetime:
    return event.at
