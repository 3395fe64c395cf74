"""Warns of rules that can never hold, and of those that always do, at the narrowest place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle.catalog.certain import Signed, always, never
from lifecycle.catalog.document import Document
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem
from lifecycle.catalog.project import Project, rules_written
from lifecycle.core.rule.problem import RuleRefused
from lifecycle.core.rule.read import BRANCHES, read_rule
from lifecycle.core.rule.tree import Rule

DELIBERATE = ("everyone", "random_percent", "in_segment")
"""Leaves that may well stand for everybody or for nobody on purpose."""


def decided(project: Project) -> Iterator[Problem]:
    """A warning for each rule whose answer does not depend on anybody."""
    segments = {name: one.rule for name, one in project.segments.items()}
    for document in project.ruled:
        for place, raw in rules_written(document):
            yield from _Looking(document, segments).over(raw, place)


@dataclass(frozen=True, slots=True)
class _Part:
    """One of several rules that must all hold, or fail where `holds` is false."""

    place: Place
    rule: Rule
    holds: bool


@dataclass(frozen=True, slots=True)
class _Looking:
    document: Document
    segments: Mapping[str, Rule]

    def over(self, raw: Any, place: Place) -> list[Problem]:
        """What is decided in a rule as written; of rules inside one another the innermost."""
        if not isinstance(raw, dict):
            return []
        words = [word for word in BRANCHES if word in raw]
        if not words:
            return self._leaf(raw, place)
        inner = [
            problem
            for word in words
            for at, part in _parts(raw[word], (*place, word))
            for problem in self.over(part, at)
        ]
        if inner or (rule := _read(raw)) is None:
            return inner
        if words == ["any"]:
            return self._told(place, "always holds") if always(rule, self.segments) else []
        if not never([(rule, True)], self.segments):
            return []
        return self._contradiction(_must(raw, place), place)

    def _leaf(self, raw: Mapping[str, Any], place: Place) -> list[Problem]:
        rule = None if any(head in raw for head in DELIBERATE) else _read(raw)
        if rule is None:
            return []
        if never([(rule, True)]):
            return self._told(place, "can never hold")
        return self._told(place, "always holds") if always(rule) else []

    def _contradiction(self, parts: Sequence[_Part], place: Place) -> list[Problem]:
        """Tell where the first part stands that leaves nothing, and which one it goes against."""
        low, high = 1, len(parts)
        while low < high:
            middle = (low + high) // 2
            if never(_signed(parts[:middle]), self.segments):
                high = middle
            else:
                low = middle + 1
        if not parts or not never(_signed(parts[:low]), self.segments):
            return self._told(place, "can never hold")
        last = parts[low - 1]
        for other in parts[: low - 1]:
            if never(_signed([other, last]), self.segments):
                line, _ = self.document.position(other.place)
                return self._told(last.place, f"can never hold beside what line {line} says")
        beside = " beside what stands before it" if low > 1 else ""
        return self._told(last.place, f"can never hold{beside}")

    def _told(self, place: Place, what: str) -> list[Problem]:
        hint = "leave it out, or say what is meant"
        if "never" in what:
            hint = (
                "so the rule holds for nobody: mend one of the two"
                if "beside" in what
                else ("nobody can meet it: leave it out, or say what is meant")
            )
        return [self.document.problem(place, f"this {what}", hint, "warning")]


def _signed(parts: Sequence[_Part]) -> list[Signed]:
    return [(one.rule, one.holds) for one in parts]


def _parts(said: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(said, list):
        yield from (((*place, index), part) for index, part in enumerate(said))
    else:
        yield place, said


def _must(raw: Mapping[str, Any], place: Place) -> list[_Part]:
    """The rules that must hold or fail for this one to hold, in the order of the file."""
    found: list[_Part] = []
    for word in (word for word in raw if word in BRANCHES):
        here = (*place, word)
        if word == "any":
            rule = _read({"any": raw["any"]})
            found += [_Part(here, rule, True)] if rule is not None else []
            continue
        for at, part in _parts(raw[word], here):
            if word == "all" and isinstance(part, dict) and any(one in part for one in BRANCHES):
                found += _must(part, at)
            elif (rule := _read(part)) is not None:
                found.append(_Part(at, rule, word == "all"))
    return found


def _read(raw: Any) -> Rule | None:
    try:
        return read_rule(raw)
    except RuleRefused:
        return None
