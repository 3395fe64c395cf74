"""A rule as a tree of probes: whom it leaves out, which leaf drives the query, what is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sqlalchemy import and_, or_

from lifecycle.core.facts import Facts
from lifecycle.core.rule.attribute import Compared
from lifecycle.core.rule.counts import Did, Figure
from lifecycle.core.rule.standing import InSegment
from lifecycle.core.rule.tree import Branch, Rule, View
from lifecycle.store.dialect.values import Truth
from lifecycle.store.rule_sql import answers
from lifecycle.store.rule_sql.answers import Ask
from lifecycle.store.rule_sql.counted import counted
from lifecycle.store.rule_sql.measured import measured
from lifecycle.store.rule_sql.narrowed import narrowed
from lifecycle.store.rule_sql.probe import Asking, Column, Driver, Probe
from lifecycle.store.rule_sql.standing import attribute, by_history, constant, standing
from lifecycle.store.rule_sql.understood import understood

MOST_PROBES = 60
"""Leaves beyond these, those of segments included, are left to Python: statements have limits."""
Columns = Mapping[int, Sequence[Column]]
"""By the number of a leaf, what has been read for it so far."""
Driving = tuple[Driver, ...]
"""Leaves whose customers together are all that matter."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf, by its number among the probes."""

    number: int
    probe: Probe

    def soon(self, read: Columns) -> Truth | None:
        """Who it may hold for, now or by time alone; None for everybody."""
        columns = read.get(self.number)
        return None if columns is None else self.probe.soon(columns)

    def lapse(self, read: Columns) -> Truth | None:
        """Whom it may not hold for, now or by time alone; None for everybody."""
        columns = read.get(self.number)
        return None if columns is None else self.probe.lapse(columns)

    def driving(self, cost: Callable[[Driver], float]) -> Driving | None:
        """The leaf itself, if its events bring customers together."""
        return None if self.probe.driver is None else (self.probe.driver,)

    def ask(self, places: Mapping[int, int]) -> Ask:
        """What the leaf makes of a row."""
        return self.probe.ask(places.get(self.number, 0))


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts under `all` or `any`; `none` is `any` turned round."""

    word: str
    parts: tuple[Leaf | Joined, ...]

    def soon(self, read: Columns) -> Truth | None:
        """See `Leaf.soon`."""
        if self.word == "none":
            return _each(part.lapse(read) for part in self.parts)
        told = [part.soon(read) for part in self.parts]
        return _each(told) if self.word == "all" else _one(told)

    def lapse(self, read: Columns) -> Truth | None:
        """See `Leaf.lapse`."""
        if self.word == "none":
            return _one([part.soon(read) for part in self.parts])
        told = [part.lapse(read) for part in self.parts]
        return _one(told) if self.word == "all" else _each(told)

    def driving(self, cost: Callable[[Driver], float]) -> Driving | None:
        """The cheapest part of `all`; every part of `any`."""
        if self.word == "none":
            return None
        found = [part.driving(cost) for part in self.parts]
        known = [one for one in found if one is not None]
        if self.word == "any":
            return sum(known, ()) if len(known) == len(found) else None
        if len(known) < 2:
            return known[0] if known else None
        return min(known, key=lambda driving: sum(cost(one) for one in driving))

    def ask(self, places: Mapping[int, int]) -> Ask:
        """What the parts make of a row, together."""
        parts = [part.ask(places) for part in self.parts]
        if self.word == "all":
            return answers.every(parts)
        held = answers.some(parts)
        return held if self.word == "any" else answers.negated(held)


def _each(told: object) -> Truth | None:
    known = [one for one in told if one is not None]  # type: ignore[attr-defined]
    return and_(*known) if known else None


def _one(told: Sequence[Truth | None]) -> Truth | None:
    known = [one for one in told if one is not None]
    return or_(*known) if known and len(known) == len(told) else None


@dataclass(slots=True)
class TreeReader:
    """Reads one rule into probes; `elsewhere` are attributes that no row of ours holds."""

    segments: Mapping[str, Rule]
    asking: Asking
    elsewhere: frozenset[str] = frozenset()
    leaves: list[Leaf] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)

    def read(self, rule: Rule) -> Leaf | Joined:
        """The tree of a rule."""
        if type(rule) is Branch:
            word = "none" if rule.word == "not" else rule.word
            return Joined(word, tuple(self.read(part) for part in rule.parts))
        if type(rule) is InSegment and understood(rule):
            return self._segment(rule)
        number = len(self.leaves)
        leaf = Leaf(number, self._probe(number, rule) if number < MOST_PROBES else Probe())
        self.leaves.append(leaf)
        return leaf

    def _segment(self, rule: InSegment) -> Leaf | Joined:
        named = self.segments.get(rule.name)
        if named is None or rule.name in self.inside:
            leaf = Leaf(len(self.leaves), constant(False) if named is None else Probe())
            self.leaves.append(leaf)
            return leaf
        self.inside.append(rule.name)
        found = self.read(named)
        self.inside.pop()
        return found

    def _probe(self, number: int, rule: Rule) -> Probe:
        if not understood(rule):
            return narrowed(rule, self.asking) or by_history(rule, self.asking)
        found: Probe | None = None
        if isinstance(rule, Did):
            found = self._did(rule)
        elif isinstance(rule, Figure):
            found = self._figure(rule)
        elif isinstance(rule, Compared):
            found = self._compared(rule)
        else:
            found = standing(number, rule, self.asking)
        return by_history(rule, self.asking) if found is None else found

    def _did(self, rule: Did) -> Probe:
        if rule.window.reads_entry:
            return constant(rule.matches(self._nobody()))
        return counted(rule, self.asking)

    def _figure(self, rule: Figure) -> Probe | None:
        if rule.window.reads_entry:
            return constant(rule.matches(self._nobody()))
        return measured(rule, rule.matches(self._nobody()), self.asking)

    def _compared(self, rule: Compared) -> Probe | None:
        if rule.of == "event":
            return constant(rule.matches(self._nobody()))
        return attribute(rule, self.asking.values, self.elsewhere)

    def _nobody(self) -> View:
        """Nobody's facts, which give what is the same for everybody."""
        now = self.asking.now
        return View(Facts("", now, ZoneInfo("UTC")), now)
