"""Whom a night's new values may turn: those for whom a comparison in a rule answers otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from lifecycle.core import kept
from lifecycle.core.facts import Facts
from lifecycle.core.rule.attribute import Compared
from lifecycle.core.rule.compare import LIST_OPS, NUMBER_OPS, TEXT_OPS, Comparison
from lifecycle.core.rule.tree import Branch, Rule, View
from lifecycle.core.words import EPOCH

PLAIN_OPS = ("is", "is_not", "is_set", *LIST_OPS, *TEXT_OPS, *NUMBER_OPS)
PLAIN = (str, bool, int, float)
Values = Mapping[str, Any]
Path = tuple[str, ...]
_NOWHERE = View(Facts("", EPOCH.astimezone(UTC), ZoneInfo("UTC")), EPOCH)
"""Plain comparisons look at nothing but the value."""


class Turned:
    """Knows what rules ask of the attributes that are reckoned at night.

    Of a plain comparison only its answer counts; whatever else reads a value is asked again when
    the value is another one.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._comparisons: set[tuple[Path, Comparison]] = set()
        self._values: set[Path] = set()
        for leaf in _leaves(rules):
            if isinstance(leaf, Compared) and leaf.of == "customer" and _plain(leaf):
                if leaf.path[0] in kept.NIGHTLY:
                    self._comparisons.add((leaf.path, leaf.comparison))
                continue
            for path in leaf.needs().attributes:
                names = path[1:2] or kept.NIGHTLY.get(path[0], ())
                if path[0] in kept.NIGHTLY:
                    self._values |= {(path[0], name) for name in names}

    def by(self, before: Values, after: Values) -> bool:
        """Whether some rule may answer otherwise after these values than before."""
        if any(_value(before, path) != _value(after, path) for path in self._values):
            return True
        for path, comparison in self._comparisons:
            one, other = _value(before, path), _value(after, path)
            if one != other and comparison.holds(one, _NOWHERE) != comparison.holds(
                other, _NOWHERE
            ):
                return True
        return False


def _leaves(rules: Iterable[Rule]) -> Iterable[Rule]:
    for rule in rules:
        if isinstance(rule, Branch):
            yield from _leaves(rule.parts)
        else:
            yield rule


def _plain(leaf: Compared) -> bool:
    return len(leaf.path) == 2 and all(
        op.word in PLAIN_OPS
        and all(
            isinstance(one, PLAIN) or op.word in NUMBER_OPS
            for one in (op.operand if isinstance(op.operand, tuple) else (op.operand,))
        )
        for op in leaf.comparison.ops
    )


def _value(values: Values, path: Path) -> Any:
    return values.get(path[0], {}).get(path[1])
