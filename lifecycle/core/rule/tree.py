"""The rule tree: what every rule can be asked, and the branches all, any, none and not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from lifecycle.core import kept
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of a customer's history of one event a rule reads; without bounds: all of it.

    `last` newest events are enough, or those younger than `back`, or those from `since` on. A rule
    that reads further finds what is there, and that must be enough for its answer and its turn.
    """

    last: int | None = None
    back: timedelta | None = None
    since: datetime | None = None

    @property
    def whole(self) -> bool:
        """Whether all events are read."""
        return self.last is None and self.back is None and self.since is None


WHOLE = Reach()
NEWEST = Reach(last=1)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a rule reads; who reads a rule for many customers loads no more than this.

    `reaches` holds a pair of name (`prefix*` too) and reach for each leaf on events; `attributes`
    the paths of the customer's attributes; `past` the top-level attributes whose earlier values
    count; `running` whether running enrollments do; `entry` whether the entry event is read.
    """

    reaches: frozenset[tuple[str, Reach]] = frozenset()
    segments: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    attributes: frozenset[tuple[str, ...]] = frozenset()
    past: frozenset[str] = frozenset()
    running: bool = False
    suppression: bool = False
    entry: bool = False
    ledger: bool = False
    """Whether points and codes are read."""

    def __post_init__(self) -> None:
        """An attribute that the engine keeps stands for what it is reckoned from."""
        read = [(path, kept.reads(path)) for path in self.attributes]
        more = {(found[0], NEWEST if found[1] else WHOLE) for _, found in read if found}
        object.__setattr__(self, "reaches", self.reaches | more)
        ledger = self.ledger or any(kept.reads_ledger(path) for path in self.attributes)
        object.__setattr__(self, "ledger", ledger)

    @property
    def events(self) -> frozenset[str]:
        """The names of the events that are read."""
        return frozenset(name for name, _ in self.reaches)

    @property
    def nightly(self) -> bool:
        """Whether something that the engine reckons at night is read."""
        return any(path[0] in kept.NIGHTLY for path in self.attributes)

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            self.reaches | other.reaches,
            self.segments | other.segments,
            self.topics | other.topics,
            self.attributes | other.attributes,
            self.past | other.past,
            self.running or other.running,
            self.suppression or other.suppression,
            self.entry or other.entry,
            self.ledger or other.ledger,
        )


def whole(names: Iterable[str]) -> frozenset[tuple[str, Reach]]:
    """The whole history of each of these events."""
    return frozenset((name, WHOLE) for name in names)


@dataclass(frozen=True, slots=True)
class Why:
    """A rule's answer in words: what it asks, what it saw, whether it holds, until when."""

    asks: str
    holds: bool
    saw: str = ""
    until: datetime | None = None
    parts: tuple[Why, ...] = ()


@dataclass(slots=True)
class View:
    """What a rule sees: the facts at one instant, the entry event, the segments."""

    facts: Facts
    now: datetime
    segments: Mapping[str, Rule] = field(default_factory=dict)
    entry: Event | None = None
    answers: dict[str, bool] = field(default_factory=dict)
    """Segments already answered at this instant."""
    quick: dict[str, tuple[bool, datetime | None]] = field(default_factory=dict)
    """The same, with the instant of the next turn, where they were asked the quick way."""
    sums: dict[tuple[str, tuple[str, ...]], Any] = field(default_factory=dict)
    """Totals already worked out."""

    @property
    def zone(self) -> ZoneInfo:
        """The customer's zone."""
        return self.facts.zone


class Rule(Protocol):
    """A rule holds or not for a customer at an instant; unknown never holds."""

    def matches(self, view: View) -> bool:
        """Whether the rule holds at `view.now`."""
        ...

    def may_turn_at(self, view: View) -> datetime | None:
        """The earliest later instant at which the answer may differ if nothing happens.

        Never late, may be early; None when time alone cannot turn it.
        """
        ...

    def needs(self) -> Needs:
        """What the rule reads."""
        ...

    def why(self, view: View) -> Why:
        """The answer in words."""
        ...


def earliest(instants: Iterable[datetime | None]) -> datetime | None:
    """The earliest of the instants that are there."""
    return min((one for one in instants if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class Everyone:
    """`everyone = true`: holds for every customer there is."""

    def matches(self, view: View) -> bool:
        """Always."""
        return True

    def may_turn_at(self, view: View) -> datetime | None:
        """Never."""
        return None

    def needs(self) -> Needs:
        """Nothing."""
        return Needs()

    def why(self, view: View) -> Why:
        """Everyone."""
        return Why("everyone", True)


@dataclass(frozen=True, slots=True)
class Branch:
    """Parts under one word: `all` and side by side, `any`, `none`, `not`."""

    word: str
    parts: tuple[Rule, ...]

    def matches(self, view: View) -> bool:
        """Whether all, any or none of the parts hold."""
        if self.word == "all":
            return all(part.matches(view) for part in self.parts)
        if self.word == "any":
            return any(part.matches(view) for part in self.parts)
        return not any(part.matches(view) for part in self.parts)

    def may_turn_at(self, view: View) -> datetime | None:
        """When enough parts may have turned.

        `all` that does not hold needs each part that fails to turn, `any` that holds each part that
        holds: the last of them decides, and one that never turns keeps it for ever. Else the first
        turn of any part may turn it.
        """
        binding = self.word != "all"
        turning = [part for part in self.parts if part.matches(view) is binding]
        if not turning:
            return earliest(part.may_turn_at(view) for part in self.parts)
        latest: datetime | None = None
        for part in turning:
            turns = part.may_turn_at(view)
            if turns is None:
                return None
            latest = turns if latest is None else max(latest, turns)
        return latest

    def needs(self) -> Needs:
        """What the parts need, together."""
        total = Needs()
        for part in self.parts:
            total |= part.needs()
        return total

    def why(self, view: View) -> Why:
        """The answer with those of its parts."""
        parts = tuple(part.why(view) for part in self.parts)
        words = {"all": "all of", "any": "any of", "none": "none of", "not": "not"}
        return Why(
            words[self.word],
            self.matches(view),
            until=earliest(part.until for part in parts),
            parts=parts,
        )
