"""Windows: which stretch of time a leaf looks at, and when an event leaves or enters it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lifecycle.core.event import Event
from lifecycle.core.rule.problem import RuleProblems
from lifecycle.core.rule.tree import View, earliest
from lifecycle.core.words import MICROSECOND, Moment, WordProblem, length, moment

WINDOW_KEYS = ("within", "between", "since", "until", "since_entry")
WINDOW_KEYS_LATER = ("during", "before_entry")


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time: far edge excluded, near edge included; the future never counts.

    `far` and `near` are how long ago the rolling edges lie; `since` is included, `until` excluded.
    """

    far: timedelta | None = None
    near: timedelta = timedelta()
    since: Moment | None = None
    until: Moment | None = None
    since_entry: bool = False

    def bounds(self, view: View) -> tuple[datetime | None, datetime]:
        """(after, up to): an event lies inside when `after < at <= up to`; None = from ever."""
        low: datetime | None = None
        high = view.now - self.near
        if self.far is not None:
            low = view.now - self.far
        if self.since is not None:
            low = later(low, self.since.at(view.zone) - MICROSECOND)
        if self.until is not None:
            high = min(high, self.until.at(view.zone) - MICROSECOND)
        return low, high

    def pick(self, events: Sequence[Event], view: View) -> Sequence[Event]:
        """Those of the ordered `events` that lie inside."""
        low, high = self.bounds(view)
        first = 0 if low is None else bisect_right(events, low, key=_at)
        if self.since_entry:
            if view.entry is None:
                return ()
            first = max(first, bisect_right(events, view.entry))
        return events[first : bisect_right(events, high, key=_at)]

    def may_turn_at(self, events: Sequence[Event], view: View, spare: int = 0) -> datetime | None:
        """When the next event leaves or enters; the first `spare` to leave do not matter."""
        leaves: datetime | None = None
        if self.far is not None:
            inside = self.pick(events, view)
            if len(inside) > spare:
                leaves = inside[spare].at + self.far
        enters: datetime | None = None
        if self.near:
            first = bisect_right(events, view.now - self.near, key=_at)
            if first < len(events):
                enters = events[first].at + self.near
        return earliest((leaves, enters))

    def words(self) -> str:
        """The window as text, with a leading blank; empty for all time."""
        said = ""
        if self.far is not None:
            said += (
                f" between {self.far} and {self.near} ago" if self.near else f" within {self.far}"
            )
        if self.since is not None:
            said += f" since {self.since.value.isoformat()}"
        if self.until is not None:
            said += f" until {self.until.value.isoformat()}"
        return said + (" since entry" if self.since_entry else "")


def later(one: datetime | None, other: datetime) -> datetime:
    """The later of two instants, where the first may be missing."""
    return other if one is None or other > one else one


def window(raw: Mapping[str, Any], problems: RuleProblems) -> Window:
    """Read the window keys in `raw` (other keys left out); what is wrong goes to `problems`."""
    for key in WINDOW_KEYS_LATER:
        if key in raw:
            problems.add(f"`{key}` is not carried out yet", key=key)
    said: dict[str, Any] = {}
    key = ""
    try:
        for key in (key for key in WINDOW_KEYS if key in raw):
            if key == "within":
                said["far"] = length(raw[key], zero=False)
            elif key == "between":
                said["far"], said["near"] = _between(raw[key])
            elif key == "since_entry":
                if raw[key] is not True:
                    raise WordProblem("`since_entry` takes true; leave it out otherwise")
                said[key] = True
            else:
                said[key] = moment(raw[key])
    except WordProblem as found:
        problems.add(found.problem, found.hint, key=key)
    if "within" in raw and "between" in raw:
        problems.add("`within` and `between` are two windows", "keep one of them", key="within")
    return Window(**said)


def _between(raw: object) -> tuple[timedelta, timedelta]:
    hint = 'write between = ["180 days ago", "60 days ago"]'
    if not isinstance(raw, list) or len(raw) != 2 or not all(isinstance(one, str) for one in raw):
        raise WordProblem("`between` takes two lengths ago", hint)
    if not all(one.endswith(" ago") for one in raw):
        raise WordProblem("each edge of `between` ends in “ago”", hint)
    far, near = (length(one.removesuffix(" ago")) for one in raw)
    if far <= near:
        raise WordProblem("`between` begins with the edge that lies further back", hint)
    return far, near


def _at(event: Event) -> datetime:
    return event.at
