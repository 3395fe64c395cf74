"""Whether a rule can never hold, or always does: proved over the rule tree, or not said at all.

A rule is taken apart into the ways in which it could hold, each a row of literals; it can never
hold when every way is contradictory, and always holds when its opposite never can. What is not
understood, or is too large, counts as possible.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as Several
from dataclasses import dataclass
from datetime import timedelta

from lifecycle.catalog.certain_counts import (
    Counted,
    conditions_of,
    empty,
    fixed,
    never_met,
    no_count,
)
from lifecycle.catalog.certain_values import Asked, Nature, impossible
from lifecycle.core.rule.attribute import Compared
from lifecycle.core.rule.compare import Comparison, Op
from lifecycle.core.rule.counts import Did, Figure
from lifecycle.core.rule.edges import EdgeOf
from lifecycle.core.rule.listed import Listed
from lifecycle.core.rule.mailed import WasSent
from lifecycle.core.rule.sequence import Sequence
from lifecycle.core.rule.standing import InSegment, KnownFor, RandomPercent
from lifecycle.core.rule.tree import Branch, Everyone, Rule

MAX_PARTS = 5_000
"""Parts of a rule, those of the segments it names included."""
MAX_ROWS = 500
"""Rows of literals that are looked at. Beyond either nothing is proved."""
WHOLE_SHARE = 100.0
"""The share of all customers, in percent."""
Signed = tuple[Rule, bool]
_ANYTHING = Nature()


def never(rules: Iterable[Signed], segments: Mapping[str, Rule] | None = None) -> bool:
    """Whether these rules, each to hold or to fail, can never do so together.

    With the rules of `segments` what `in_segment` names is looked into.
    """
    reading = _Reading(segments or {})
    try:
        formulas = [reading.formula(rule, holds) for rule, holds in rules]
        return not _Search().open(formulas, ())
    except _TooMuch:
        return False


def always(rule: Rule, segments: Mapping[str, Rule] | None = None) -> bool:
    """Whether a rule always holds, for whomever and whenever."""
    return never([(rule, False)], segments)


class _TooMuch(Exception):
    """The rule has more parts, or more ways to hold, than are looked at."""


@dataclass(frozen=True, slots=True)
class _Value:
    """Comparisons of one value."""

    subject: object
    asked: tuple[Asked, ...]
    nature: Nature = _ANYTHING


@dataclass(frozen=True, slots=True)
class _Some:
    """Some value at a path, which may lead through lists, passes all operators; or none does."""

    subject: object
    ops: tuple[Op, ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class _Below:
    """A number of the customer's own, a tenure or a share, lies below the bound; or does not."""

    subject: object
    bound: timedelta | float
    holds: bool


@dataclass(frozen=True, slots=True)
class _Flag:
    """A leaf of which no more is known than that it has one answer."""

    key: object
    holds: bool


@dataclass(frozen=True, slots=True)
class _All:
    parts: tuple[_Formula, ...]


@dataclass(frozen=True, slots=True)
class _Any:
    parts: tuple[_Formula, ...]


_Literal = _Value | _Some | _Below | _Flag | Counted
_Formula = _Literal | _All | _Any
_TRUE, _FALSE = _All(()), _Any(())


class _Reading:
    """Turns rules into formulas without negation; the literals take it in."""

    def __init__(self, segments: Mapping[str, Rule]) -> None:
        self.segments = segments
        self.parts = 0
        self.inside: list[str] = []

    def formula(self, rule: Rule, holds: bool) -> _Formula:
        self.parts += 1
        if self.parts > MAX_PARTS:
            raise _TooMuch
        if isinstance(rule, Branch):
            of_parts = holds if rule.word in ("all", "any") else not holds
            parts = tuple(self.formula(part, of_parts) for part in rule.parts)
            return _All(parts) if (rule.word == "all") is of_parts else _Any(parts)
        if isinstance(rule, InSegment):
            return self._segment(rule, holds)
        return _leaf(rule, holds)

    def _segment(self, rule: InSegment, holds: bool) -> _Formula:
        flag = _Flag(("in_segment", rule.name), holds)
        named = self.segments.get(rule.name)
        if named is None or rule.name in self.inside or named.needs().entry:
            return flag
        self.inside.append(rule.name)
        found = self.formula(named, holds)
        self.inside.pop()
        return _All((flag, found))


def _leaf(rule: Rule, holds: bool) -> _Formula:
    if isinstance(rule, Everyone):
        return _TRUE if holds else _FALSE
    if isinstance(rule, Did):
        return _did(rule, holds)
    if isinstance(rule, Figure):
        return _figure(rule, holds)
    if type(rule) is Compared:
        return _compared(rule, holds)
    if isinstance(rule, EdgeOf | Sequence | WasSent) and empty(rule.window):
        return _FALSE if holds else _TRUE
    if isinstance(rule, KnownFor) and isinstance(rule.length, timedelta):
        # a tenure of less than the length: not known for so long
        return _Below("known_for", rule.length, not holds)
    if isinstance(rule, RandomPercent):
        return _Below(("random_percent", rule.seed), rule.percent, holds)
    if isinstance(rule, Listed):
        return _Flag(rule.ids, holds)
    # `repr`, since leaves that differ by 1 and True alone are equal in Python
    return _Flag(repr(rule), holds)


def _did(rule: Did, holds: bool) -> _Formula:
    if not fixed(rule.window):
        flag = _Flag(repr(rule), holds)
        return flag if not holds else _All((flag, _counted(rule, rule.at_least, rule.at_most)))
    low, high = rule.at_least or 0, rule.at_most
    if never_met(rule.where) or empty(rule.window):
        return _TRUE if (low <= 0) is holds else _FALSE
    if holds:
        return _counted(rule, low, high)
    fewer = (_counted(rule, 0, low - 1),) if low > 0 else ()
    more = (_counted(rule, high + 1, None),) if high is not None else ()
    return _Any((*fewer, *more))


def _counted(rule: Did, low: int | None, high: int | None) -> _Formula:
    if high is not None and (low or 0) > high:
        return _FALSE
    names, conditions = frozenset(rule.names), conditions_of(rule.where)
    return Counted(names, conditions, rule.window, low or 0, high)


def _figure(rule: Figure, holds: bool) -> _Formula:
    counts = rule.word in ("total_of", "distinct_of")
    nature = Nature(
        known=counts and fixed(rule.window),
        number=True,
        whole=rule.word == "distinct_of",
        zero=never_met(rule.where) or empty(rule.window),
    )
    subject = (rule.word, rule.name, rule.path, repr(rule.where), repr(rule.window))
    found = _values(subject, rule.comparison, holds, nature)
    # who has a figure that nobody without such events has, has such an event
    least = Nature(known=nature.known, number=True, zero=True)
    asked = [Asked(op, True) for op in rule.comparison.ops]
    if holds and (impossible(asked, least) if counts else _says_known(rule.comparison)):
        some = Counted(frozenset((rule.name,)), frozenset(), rule.window, 1, None)
        return _FALSE if nature.zero else _All((found, some))
    return found


def _says_known(comparison: Comparison) -> bool:
    return any(op.word != "is_set" or op.operand is True for op in comparison.ops)


def _compared(rule: Compared, holds: bool) -> _Formula:
    subject = (rule.of, rule.path)
    if len(rule.path) == 1:
        return _values(subject, rule.comparison, holds, _ANYTHING)
    return _Some(subject, rule.comparison.ops, holds)


def _values(subject: object, comparison: Comparison, holds: bool, nature: Nature) -> _Formula:
    asked = tuple(Asked(op, holds) for op in comparison.ops)
    if holds:
        return _Value(subject, asked, nature)
    return _Any(tuple(_Value(subject, (one,), nature) for one in asked))


class _Search:
    """Looks for one row of literals that is not contradictory."""

    def __init__(self) -> None:
        self.rows = 0

    def open(self, formulas: Iterable[_Formula], row: tuple[_Literal, ...]) -> bool:
        """Whether some way to make the formulas true, beside the row, is not contradictory."""
        todo, literals, choices = list(formulas), list(row), []
        while todo:
            one = todo.pop()
            if isinstance(one, _All):
                todo += one.parts
            elif not isinstance(one, _Any):
                literals.append(one)
            elif len(one.parts) == 1:
                todo += one.parts
            else:
                choices.append(one)
        self.rows += 1
        if self.rows > MAX_ROWS:
            raise _TooMuch
        if any(not one.parts for one in choices) or _contradictory(literals):
            return False
        if not choices:
            return True
        first = min(choices, key=lambda one: len(one.parts))
        rest = [one for one in choices if one is not first]
        return any(self.open([part, *rest], tuple(literals)) for part in first.parts)


def _contradictory(literals: Several[_Literal]) -> bool:
    flags: dict[object, bool] = {}
    values: dict[object, list[_Value]] = defaultdict(list)
    somes: dict[object, list[_Some]] = defaultdict(list)
    bounds: dict[object, list[_Below]] = defaultdict(list)
    counts: list[Counted] = []
    for one in literals:
        if isinstance(one, _Flag):
            if flags.setdefault(one.key, one.holds) is not one.holds:
                return True
        elif isinstance(one, _Value):
            values[one.subject].append(one)
        elif isinstance(one, _Some):
            somes[one.subject].append(one)
        elif isinstance(one, _Below):
            bounds[one.subject].append(one)
        else:
            counts.append(one)
    return (
        any(
            impossible([asked for one in found for asked in one.asked], found[0].nature)
            for found in values.values()
        )
        or any(_no_some(found) for found in somes.values())
        or any(_no_bound(found) for found in bounds.values())
        or no_count(counts)
    )


def _no_some(found: Several[_Some]) -> bool:
    """Whether one leaf wants a value that another forbids; there is always a value, or unknown."""
    failing = [one.ops for one in found if not one.holds]
    plain = [Asked(ops[0], False) for ops in failing if len(ops) == 1]
    wanted = [[Asked(op, True) for op in one.ops] for one in found if one.holds]
    for asked in wanted or [[]]:
        if impossible([*asked, *plain]):
            return True
        for ops in failing:
            if all(impossible([*asked, *plain, Asked(op, False)]) for op in ops):
                return True
    return False


def _no_bound(found: Several[_Below]) -> bool:
    below = [one.bound for one in found if one.holds]
    reached = [one.bound for one in found if not one.holds]
    # a tenure is never less than none; a share lies from 0 up to, but not at, 100 percent
    if any(not one for one in below):
        return True
    if any(isinstance(one, float) and one >= WHOLE_SHARE for one in reached):
        return True
    return any(low <= high for low in below for high in reached)  # type: ignore[operator]
