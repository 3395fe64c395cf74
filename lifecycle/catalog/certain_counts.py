"""Whether counts of events contradict one another: a part of the events is never more than all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta

from lifecycle.catalog.certain_values import Asked, impossible, not_later
from lifecycle.core.rule.where import Where
from lifecycle.core.rule.window import Window
from lifecycle.core.words import Moment


@dataclass(frozen=True, slots=True)
class Counted:
    """So many events, at least `low` and at most `high`, of these names, conditions and window.

    Conditions stand as text: in Python 1 equals True, and in a rule it does not.
    """

    names: frozenset[str]
    conditions: frozenset[str]
    window: Window
    low: int
    high: int | None

    def contains(self, other: Counted) -> bool:
        """Whether every event that the other counts is counted here too."""
        return (
            self.conditions <= other.conditions
            and all(_covered(name, self.names) for name in other.names)
            and _spans(self.window, other.window)
        )


def conditions_of(where: Where) -> frozenset[str]:
    """The conditions as text, each for itself."""
    return frozenset(repr(one) for one in where.conditions)


def never_met(where: Where) -> bool:
    """Whether a condition contradicts itself, so that no event can meet it."""
    return any(
        impossible([Asked(op, True) for op in compared.ops]) for _, compared in where.conditions
    )


def fixed(window: Window) -> bool:
    """Whether the window's lengths are known for everybody."""
    return isinstance(window.far, timedelta | None) and isinstance(window.near, timedelta)


def empty(window: Window) -> bool:
    """Whether the window ends before it begins, in whatever zone, so that nothing lies in it."""
    since, until = window.since, window.until
    return since is not None and until is not None and not_later(until, since)


def no_count(counts: Sequence[Counted]) -> bool:
    """Whether no history of events gives all of these counts."""
    wanting = [one for one in counts if one.low > 0]
    limited = [one for one in counts if one.high is not None]
    return any(
        few.high is not None and many.low > few.high and few.contains(many)
        for many in wanting
        for few in limited
    )


def _covered(name: str, names: frozenset[str]) -> bool:
    return name in names or any(
        one.endswith("*") and name.removesuffix("*").startswith(one[:-1]) for one in names
    )


def _spans(window: Window, other: Window) -> bool:
    """Whether a window surely holds all that the other holds."""
    plain = {"far", "near", "since", "until"}
    rest = [one.name for one in fields(window) if one.name not in plain]
    whole = Window()
    if any(
        getattr(window, name) not in (getattr(whole, name), getattr(other, name)) for name in rest
    ):
        return False
    return (
        _reaches(window, other)
        and (window.near == other.near or window.near == timedelta() or _near(window, other))
        and _bounded(window.since, other.since, back=True)
        and _bounded(window.until, other.until, back=False)
    )


def _reaches(window: Window, other: Window) -> bool:
    if window.far is None or window.far == other.far:
        return True
    both = isinstance(window.far, timedelta) and isinstance(other.far, timedelta)
    return both and window.far >= other.far  # type: ignore[operator]


def _near(window: Window, other: Window) -> bool:
    both = isinstance(window.near, timedelta) and isinstance(other.near, timedelta)
    return both and window.near <= other.near  # type: ignore[operator]


def _bounded(bound: Moment | None, other: Moment | None, *, back: bool) -> bool:
    if bound is None:
        return True
    if other is None:
        return False
    return not_later(bound, other) if back else not_later(other, bound)
