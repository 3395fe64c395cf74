"""Leaf on how long it has been so: `customer = "path"`, a comparison and `held_for`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from lifecycle.core import kept
from lifecycle.core.rule.attribute import Compared
from lifecycle.core.rule.compare import LENGTH_OPS, moved
from lifecycle.core.rule.length import Length, any_length, attributes_of, length_of, words_of
from lifecycle.core.rule.problem import RuleProblems
from lifecycle.core.rule.tree import Needs, View, Why
from lifecycle.core.rule.where import holds_at
from lifecycle.core.words import WordProblem, rfc3339

_MADE_OF = {"language": ("language", "locale")}
"""Attributes whose past is read off another's."""


@dataclass(frozen=True, slots=True)
class HeldFor:
    """An attribute has compared so, without a break, for at least so long."""

    compared: Compared
    length: Length

    def matches(self, view: View) -> bool:
        """Whether it compares so now, and did all the while."""
        reached = self._reached(view)
        return reached is not None and reached <= view.now

    def may_turn_at(self, view: View) -> datetime | None:
        """The instant at which it will have been so for long enough."""
        reached = self._reached(view)
        return reached if reached is not None and reached > view.now else None

    def since(self, view: View) -> datetime | None:
        """Since when it has compared so without a break; None when it does not now.

        What the attribute was before anything was said of it is unknown, from the moment on at
        which the customer came to be known.
        """
        began: datetime | None = None
        for at, value in reversed(self._past(view)):
            comparison = self.compared.comparison
            if not holds_at(value, self.compared.path[1:], comparison, view):
                break
            began = at
        return began

    def _past(self, view: View) -> list[tuple[datetime, Any]]:
        name, known_since = self.compared.path[0], view.facts.known_since
        past = list(view.facts.past.get(name, ()))
        if not past and name != "id" and view.facts.customer_value(name, view.now) is not None:
            return []  # what a hook gives has no past
        if known_since is not None and (not past or known_since < past[0][0]):
            past.insert(0, (known_since, view.facts.customer_id if name == "id" else None))
        return past

    def _reached(self, view: View) -> datetime | None:
        since, length = self.since(view), length_of(self.length, view)
        return None if since is None or length is None else moved(since, length)

    def needs(self) -> Needs:
        """The attribute with what it was before, and what the comparison reads."""
        name = self.compared.path[0]
        needs = self.compared.needs() | Needs(attributes=attributes_of(self.length))
        return replace(needs, past=frozenset(_MADE_OF.get(name, (name,))))

    def why(self, view: View) -> Why:
        """The comparison, the value it saw, and since when it compares so."""
        told, since = self.compared.why(view), self.since(view)
        saw = told.saw if since is None else f"{told.saw}, so since {rfc3339(since)}"
        asks = f"{told.asks}, held for {words_of(self.length)}"
        return Why(asks, self.matches(view), saw, self.may_turn_at(view))


def held_for(raw: object, compared: Compared, problems: RuleProblems) -> HeldFor:
    """Read `held_for` beside a comparison of an attribute; what is wrong goes to `problems`.

    Refused is what time alone turns: there nothing happens from which to count.
    """
    path = ".".join(compared.path)
    turning = [op.word for op in compared.comparison.ops if op.word in LENGTH_OPS]
    length: Length = timedelta()
    try:
        length = any_length(raw, zero=False)
    except WordProblem as found:
        problems.add(found.problem, found.hint, key="held_for")
    if turning:
        problems.add(
            f"`held_for` cannot stand beside `{turning[0]}`, which time alone turns",
            "keep one of the two, or put each into a leaf of its own",
            key="held_for",
        )
    elif _is_kept(compared.path):
        problems.add(
            f"`held_for` cannot be asked of “{path}”: the engine keeps no past of its own figures",
            "ask the events themselves: did, total_of … with a window",
            key="held_for",
        )
    return HeldFor(compared, length)


def _is_kept(path: tuple[str, ...]) -> bool:
    """Whether the engine keeps the attribute: of its own figures it keeps no past."""
    leaves = kept.LEAVES.get(path[0], ())
    return bool(leaves) and (len(path) == 1 or path[1] in leaves)
