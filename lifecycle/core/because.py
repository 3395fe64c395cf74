"""What decided: the leaves of a rule that made its answer, each with what it saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lifecycle.core.rule.standing import InSegment
from lifecycle.core.rule.tree import Branch, Rule, View

MOST_LEAVES = 12
"""So many leaves are kept of one decision: who reads it wants the reason, not the whole rule."""
MOST_TEXT = 300
"""Characters that are kept of what a leaf asks, and of what it saw."""


@dataclass(frozen=True, slots=True)
class Because:
    """One leaf: what it asks, whether it held, and what it saw; `of` names where it stands."""

    asks: str
    holds: bool
    saw: str = ""
    of: str = ""
    """The key in the file, such as `only_if`; empty where that is clear."""

    def told(self) -> dict[str, Any]:
        """The leaf as plain data."""
        return {"of": self.of, "asks": self.asks, "holds": self.holds, "saw": self.saw}

    def words(self) -> str:
        """The leaf as part of a sentence."""
        told = f"“{self.asks}” {'holds' if self.holds else 'does not hold'}"
        if self.saw.startswith("“"):
            return f"{told} ({self.saw})"
        return f"{told}, it saw {self.saw}" if self.saw else told


def because(rule: Rule | None, view: View, of: str = "") -> tuple[Because, ...]:
    """The leaves that made a rule's answer; those that had no part in it are left out.

    It asks the rule again: for decisions that are worth explaining, not for every one.
    """
    if rule is None:
        return ()
    found = []
    for leaf in _deciding(rule, view):
        why = leaf.why(view)
        saw = why.saw
        if isinstance(leaf, InSegment) and not saw:
            saw = _inside(leaf, view)
        found.append(Because(why.asks[:MOST_TEXT], why.holds, saw[:MOST_TEXT], of))
        if len(found) == MOST_LEAVES:
            break
    return tuple(found)


def _deciding(rule: Rule, view: View) -> Iterator[Rule]:
    """The leaves by which a rule holds or not.

    Where all must hold, those that fail; where one is enough, those that hold; else each part.
    """
    if not isinstance(rule, Branch):
        yield rule
        return
    looked_for = rule.word != "all"
    turning = [part for part in rule.parts if part.matches(view) is looked_for]
    for part in turning or rule.parts:
        yield from _deciding(part, view)


def _inside(leaf: InSegment, view: View) -> str:
    """Why somebody is in a segment or not, in the words of the segment's own leaves."""
    rule = view.segments.get(leaf.name)
    if rule is None:
        return ""
    own = View(view.facts, view.now, view.segments, None, view.answers)
    return "; ".join(one.words() for one in because(rule, own))
