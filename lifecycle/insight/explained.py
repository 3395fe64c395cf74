"""A rule explained for one customer: each leaf, what it saw, whether it holds, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.rule.standing import InSegment
from lifecycle.core.rule.tree import Branch, Rule, View, Why

MOST_LOOKS = 100
"""So many later instants are looked at for the one at which an answer turns."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What a rule, or a part of it, asks; what it saw; whether it holds; until when."""

    asks: str
    holds: bool
    saw: str
    until: datetime | None
    """When the answer turns if nothing happens; None: not by time alone."""
    exact: bool
    """Whether it turns right then; else it turns no earlier."""
    parts: tuple[Explained, ...] = ()


def explain(
    rule: Rule, facts: Facts, segments: Mapping[str, Rule], now: datetime, entry: Event | None
) -> Explained:
    """What a rule asks of a customer at `now`, part by part, beside the event that let them in."""
    view = View(facts, now, segments, entry)
    return _part(rule, rule.why(view), view)


def _part(rule: Rule | None, why: Why, view: View) -> Explained:
    below: list[Rule | None] = []
    if isinstance(rule, Branch):
        below = list(rule.parts)
    elif isinstance(rule, InSegment):
        below = [view.segments.get(rule.name)]
        view = View(view.facts, view.now, view.segments)
    if len(below) != len(why.parts):
        below = [None] * len(why.parts)
    until, exact = (why.until, False) if rule is None else _turns(rule, view)
    parts = (_part(one, told, view) for one, told in zip(below, why.parts, strict=True))
    return Explained(why.asks, why.holds, why.saw, until, exact, tuple(parts))


def _turns(rule: Rule, view: View) -> tuple[datetime | None, bool]:
    """When the answer turns, and whether it surely does then.

    A wake-up is never late and may be early: the rule is asked again at each until it differs.
    """
    fresh = View(view.facts, view.now, view.segments, view.entry)
    holds = rule.matches(fresh)
    at = rule.may_turn_at(fresh)
    for _ in range(MOST_LOOKS):
        if at is None:
            return None, True
        later = View(replace(view.facts, now=at), at, view.segments, view.entry)
        if rule.matches(later) is not holds:
            return at, True
        before, at = at, rule.may_turn_at(later)
        assert at is None or at > before, "a rule would be asked again at the same instant"
    return at, False
