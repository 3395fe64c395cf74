"""Rules made ready to be asked often: one call gives the answer and the instant of its next turn.

The plain reading in each leaf says what a rule means; here it is said again for the leaves that
segments are made of, so that a tick can ask hundreds of rules of a thousand customers. A test holds
both equal. What is not known here is asked the plain way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from lifecycle.core.rule.attribute import Compared
from lifecycle.core.rule.compare import LIST_OPS, Comparison, Op, canonical, known
from lifecycle.core.rule.counts import Did, Figure
from lifecycle.core.rule.followed import NotFollowed
from lifecycle.core.rule.standing import AgreedTo, InSegment, KnownFor, RandomPercent, Suppressed
from lifecycle.core.rule.sums import Sums
from lifecycle.core.rule.tree import Branch, Everyone, Rule, View
from lifecycle.core.rule.window import Window
from lifecycle.core.words import Moment

Answer = tuple[bool, datetime | None]
"""Whether the rule holds, and the earliest later instant at which that may differ."""
Asker = Callable[[View], Answer]
NEVER_HOLDS: Answer = (False, None)
ALWAYS_HOLDS: Answer = (True, None)
PLAIN_OPS = ("is", "is_not", *LIST_OPS)
KEPT = ("orders", "engagement", "points", "incentives", "rfm", "predicted")
"""Attributes of the engine's own, which may turn by themselves."""
_COST: tuple[tuple[type, ...], ...] = (
    (Everyone, AgreedTo, Suppressed, KnownFor),
    (Compared, RandomPercent),
    (Did, NotFollowed),
    (Figure,),
)
"""Leaves in the order of what they cost: the cheap ones may settle an answer."""


class Askers:
    """An asker for each named rule; `in_segment` finds the others here."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._rules = rules
        self._askers: dict[str, Asker] = {}

    def ask(self, name: str, view: View) -> Answer:
        """What the rule of that name answers; one that is not there holds for nobody.

        It is worked out once for a view, which is a customer at an instant.
        """
        answer = view.quick.get(name)
        if answer is None:
            asker = self._askers.get(name)
            if asker is None:
                rule = self._rules.get(name)
                asker = _never if rule is None else self.ready(rule)
                self._askers[name] = asker
            answer = view.quick[name] = asker(view)
        return answer

    def ready(self, rule: Rule) -> Asker:
        """The asker of one rule."""
        if isinstance(rule, Branch):
            parts = sorted(rule.parts, key=_cost)
            return _BRANCHES[rule.word]([self.ready(part) for part in parts])
        if isinstance(rule, InSegment):
            return self._segment(rule.name)
        made = None
        if isinstance(rule, Did):
            made = _did(rule)
        elif isinstance(rule, NotFollowed):
            made = _not_followed(rule)
        elif isinstance(rule, Figure):
            made = _figure(rule)
        elif isinstance(rule, Compared):
            made = _compared(rule)
        return made or _plain(rule)

    def _segment(self, name: str) -> Asker:
        def ask(view: View) -> Answer:
            if view.entry is None:
                return self.ask(name, view)
            return self.ask(name, View(view.facts, view.now, view.segments))

        return ask


def _never(view: View) -> Answer:
    return NEVER_HOLDS


def _plain(rule: Rule) -> Asker:
    def ask(view: View) -> Answer:
        return rule.matches(view), rule.may_turn_at(view)

    return ask


def _cost(rule: Rule) -> int:
    for cost, kinds in enumerate(_COST):
        if isinstance(rule, kinds):
            return cost
    return len(_COST)


def _all(parts: list[Asker]) -> Asker:
    """See `Branch.may_turn_at`: the last of those that fail decides, else the first turn of any."""

    def ask(view: View) -> Answer:
        first: datetime | None = None
        latest: datetime | None = None
        for part in parts:
            holds, turns = part(view)
            if holds:
                if turns is not None and (first is None or turns < first):
                    first = turns
            elif turns is None:
                return NEVER_HOLDS
            elif latest is None or turns > latest:
                latest = turns
        return (True, first) if latest is None else (False, latest)

    return ask


def _any(parts: list[Asker]) -> Asker:
    def ask(view: View) -> Answer:
        first: datetime | None = None
        latest: datetime | None = None
        for part in parts:
            holds, turns = part(view)
            if not holds:
                if turns is not None and (first is None or turns < first):
                    first = turns
            elif turns is None:
                return ALWAYS_HOLDS
            elif latest is None or turns > latest:
                latest = turns
        return (False, first) if latest is None else (True, latest)

    return ask


def _none(parts: list[Asker]) -> Asker:
    some = parts[0] if len(parts) == 1 else _any(parts)

    def ask(view: View) -> Answer:
        holds, turns = some(view)
        return not holds, turns

    return ask


_BRANCHES: dict[str, Callable[[list[Asker]], Asker]] = {
    "all": _all,
    "any": _any,
    "none": _none,
    "not": _none,
}


def _did(rule: Did) -> Asker | None:
    """Counts of one event, anywhere in its history or younger than a length."""
    return _counted(rule, None)


def _not_followed(rule: NotFollowed) -> Asker | None:
    """The same of events after which one other did not come."""
    if len(rule.by) != 1 or rule.by[0].endswith("*") or rule.same is not None:
        return None
    return _counted(rule.did, rule.by[0])


def _counted(rule: Did, by: str | None) -> Asker | None:
    window, names = rule.window, rule.names
    if len(names) != 1 or names[0].endswith("*") or rule.where.conditions:
        return None
    if window != Window(far=window.far) or not isinstance(window.far, timedelta | None):
        return None
    least, most = rule.at_least or 0, rule.at_most
    if most is None:
        return _at_least(names[0], least, window.far, by)
    return None if least > 0 else _none([_at_least(names[0], most + 1, window.far, by)])


def _at_least(name: str, count: int, far: timedelta | None, by: str | None) -> Asker:
    """The `count`-newest event tells, since all that are newer lie inside with it."""
    if count <= 0:
        return lambda view: ALWAYS_HOLDS

    def ask(view: View) -> Answer:
        events = view.facts.events.get(name)
        if events is None or len(events) < count:
            return NEVER_HOLDS
        event = events[-count]
        if by is not None and (followed := view.facts.events.get(by)) and event < followed[-1]:
            return NEVER_HOLDS
        if far is None:
            return ALWAYS_HOLDS
        turns = event.at + far
        return (True, turns) if turns > view.now else NEVER_HOLDS

    return ask


def _figure(rule: Figure) -> Asker | None:
    """Totals compared with one number, all of history or younger than a length."""
    window, ops = rule.window, rule.comparison.ops
    if rule.word != "total_of" or rule.where.conditions or len(ops) != 1:
        return None
    if window != Window(far=window.far) or not isinstance(window.far, timedelta | None):
        return None
    sums = Sums(rule.name, rule.path)
    return sums.asker(ops[0], window.far)


def _compared(rule: Compared) -> Asker | None:
    """An attribute of the shop's own compared with values that are no instants."""
    if rule.of != "customer" or len(rule.path) != 1 or rule.path[0] in KEPT:
        return None
    if rule.comparison != Comparison(rule.comparison.ops):
        return None
    tests = [_equal(op) for op in rule.comparison.ops]
    if not tests or None in tests:
        return None
    name = rule.path[0]
    every = [test for test in tests if test is not None]

    def ask(view: View) -> Answer:
        attributes = view.facts.attributes
        value = attributes[name] if name in attributes else view.facts.customer_value(name)
        for test in every:
            if not test(value):
                return NEVER_HOLDS
        return ALWAYS_HOLDS

    return ask


def _equal(op: Op) -> Callable[[Any], bool] | None:
    if op.word not in PLAIN_OPS:
        return None
    operands = op.operand if op.word in LIST_OPS else (op.operand,)
    if any(isinstance(one, Moment) for one in operands):
        return None
    wanted = frozenset(canonical(one) for one in operands)
    among = op.word in ("is", "is_one_of")

    def test(value: Any) -> bool:
        if not known(value):
            return False
        said = _of_text(value) if type(value) is str else canonical(value)
        return (said in wanted) is among

    return test


@lru_cache(maxsize=4096)
def _of_text(value: str) -> object:
    return canonical(value)
