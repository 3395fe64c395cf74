"""Conditions on an event's properties; under one list all hold for one and the same entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from lifecycle.core.event import Event
from lifecycle.core.rule.compare import OPS, Comparison, comparison
from lifecycle.core.rule.problem import RuleProblems
from lifecycle.core.rule.tree import View, earliest
from lifecycle.core.words import DEPTH_HINT, PATH_DEPTH, WordProblem, path

Condition = tuple[tuple[str, ...], Comparison]
ONE_SLIP = 0.85
"""How like a comparison a word is that is surely meant for it, of 1."""


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions by path; an event meets them when each holds."""

    conditions: tuple[Condition, ...] = ()

    def meets(self, event: Event, view: View) -> bool:
        """Whether the event meets every condition."""
        deeper = []
        for at, compared in self.conditions:
            if len(at) > 1:
                deeper.append((at, compared))
            elif not compared.holds(view.facts.event_value(event, at[0]), view):
                return False
        return not deeper or _meets(_Properties(event, view), tuple(deeper), view)

    def pick(self, event: Event, at: tuple[str, ...], view: View) -> Iterator[Any]:
        """The known values at the path `at` where the conditions hold, entry by entry."""
        return _pick(_Properties(event, view), at, self.conditions, view)

    def may_turn_at(self, events: Iterable[Event], view: View) -> datetime | None:
        """When time alone turns a condition for one of the events."""
        turning = [(at, compared) for at, compared in self.conditions if compared.turns]
        if not turning:
            return None
        return earliest(
            compared.may_turn_at(value, view)
            for event in events
            for at, compared in turning
            for value in value_at(_Properties(event, view), at)
        )

    @property
    def turns(self) -> bool:
        """Whether time alone may turn a condition."""
        return any(compared.turns for _, compared in self.conditions)

    @property
    def reads_entry(self) -> bool:
        """Whether a condition compares with the entry event."""
        return any(compared.reads_entry for _, compared in self.conditions)

    @property
    def attributes(self) -> frozenset[tuple[str, ...]]:
        """The attributes in which lengths of the conditions are told."""
        none: frozenset[tuple[str, ...]] = frozenset()
        return none.union(*(compared.attributes for _, compared in self.conditions))

    def words(self, word: str = "where") -> str:
        """The conditions as text, with a leading blank and the key they stand under."""
        if not self.conditions:
            return ""
        said = ", ".join(f"{'.'.join(at)} {c.words()}" for at, c in self.conditions)
        return f" {word} {said}"


class _Properties:
    """An event's properties, with the calendar ones the engine adds, read like a mapping."""

    def __init__(self, event: Event, view: View) -> None:
        self._event, self._view = event, view

    def get(self, name: str) -> Any:
        """The property's value, None when unknown."""
        return self._view.facts.event_value(self._event, name)


def value_at(value: Any, at: tuple[str, ...]) -> Iterator[Any]:
    """Each value found at a path, through lists too."""
    if not at:
        yield value
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from value_at(entry, at)
    elif isinstance(value, dict | _Properties):
        yield from value_at(value.get(at[0]), at[1:])


def holds_at(value: Any, at: tuple[str, ...], compared: Comparison, view: View) -> bool:
    """Whether some value at the path compares so; one that is nowhere is unknown."""
    found = list(value_at(value, at))
    return any(compared.holds(one, view) for one in found or [None])


def _groups(conditions: tuple[Condition, ...]) -> dict[str, list[Condition]]:
    groups: dict[str, list[Condition]] = {}
    for at, compared in conditions:
        groups.setdefault(at[0], []).append((at[1:], compared))
    return groups


def _meets(value: Any, conditions: tuple[Condition, ...], view: View) -> bool:
    if not isinstance(value, dict | _Properties):
        return all(compared.holds(None, view) for _, compared in conditions)
    for key, below in _groups(conditions).items():
        child = value.get(key)
        deeper = []
        for at, compared in below:
            if at:
                deeper.append((at, compared))
            elif not compared.holds(child, view):
                return False
        if deeper:
            entries = child if isinstance(child, list | tuple) and child else [child]
            if not any(_meets(entry, tuple(deeper), view) for entry in entries):
                return False
    return True


def _pick(
    value: Any, at: tuple[str, ...], conditions: tuple[Condition, ...], view: View
) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for entry in value:
            yield from _pick(entry, at, conditions, view)
        return
    if not at:
        if value is not None and value != "" and _meets_here(value, conditions, view):
            yield value
        return
    if not isinstance(value, dict | _Properties):
        return
    along = tuple((path[1:], c) for path, c in conditions if path[0] == at[0] and len(path) > 1)
    beside = tuple((path, c) for path, c in conditions if path[0] != at[0] or len(path) == 1)
    if not beside or _meets(value, beside, view):
        yield from _pick(value.get(at[0]), at[1:], along, view)


def _meets_here(value: Any, conditions: tuple[Condition, ...], view: View) -> bool:
    return not conditions or _meets(value, conditions, view)


def where(raw: object, problems: RuleProblems, word: str = "where") -> Where:
    """Read a table of conditions, `where` or another word; what is wrong goes to `problems`."""
    if not isinstance(raw, Mapping):
        problems.add(f"`{word}` takes a table", f'write {word} = {{ category = "shoes" }}')
        return Where()
    return Where(tuple(_conditions(raw, (), problems)))


def _conditions(
    raw: Mapping[str, Any], at: tuple[str, ...], problems: RuleProblems
) -> Iterator[Condition]:
    for key, value in raw.items():
        try:
            here = (*at, *path(key))
            if len(here) > PATH_DEPTH:
                problem = f"“{'.'.join(here)}” is deeper than {PATH_DEPTH} parts"
                raise WordProblem(problem, DEPTH_HINT)
        except WordProblem as found:
            problems.add(found.problem, found.hint, key=key)
            continue
        below = problems.below(key)
        if not isinstance(value, Mapping):
            word = {"is_one_of": value} if isinstance(value, list) else {"is": value}
            yield here, comparison(word, below)
        elif not value:
            below.add("says nothing", "write a value or a comparison: { at_least = 50 }")
        elif any(one in OPS for one in value):
            for one in value:
                if one not in OPS:
                    near = get_close_matches(str(one), OPS, 1)
                    hint = f"did you mean `{near[0]}`?" if near else ""
                    hint = "it stands beside `customer` alone" if one == "held_for" else hint
                    below.add(f"`{one}` is no comparison", hint, key=one)
            yield here, comparison(value, below)
        else:
            for one in value:
                # deeper properties may be called anything; what is one slip from a comparison is it
                if near := get_close_matches(str(one), OPS, 1, ONE_SLIP):
                    below.add(f"`{one}` is no comparison", f"did you mean `{near[0]}`?", key=one)
            yield from _conditions(value, here, below)
