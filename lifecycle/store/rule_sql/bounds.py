"""Bounds of a truth: what surely holds, and what may hold; where both are one, SQL decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, or_, true

Truth = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Bounds:
    """`lower` holds only where the rule does, `upper` wherever the rule does. Neither is NULL."""

    upper: Truth
    lower: Truth

    @property
    def exact(self) -> bool:
        """Whether both are one and the same."""
        return self.upper is self.lower

    def each(self, change: Callable[[Truth], Truth]) -> Bounds:
        """Both changed alike."""
        upper = change(self.upper)
        return Bounds(upper, upper if self.exact else change(self.lower))


def sure(truth: Truth) -> Bounds:
    """A truth that SQL knows exactly."""
    return Bounds(truth, truth)


def constant(truth: bool) -> Bounds:
    """Holds for all or for none."""
    return sure(true() if truth else false())


def unsure(truth: Truth | None = None) -> Bounds:
    """Never surely; perhaps where `truth` holds, or anywhere."""
    return Bounds(true() if truth is None else truth, false())


def negated(bounds: Bounds) -> Bounds:
    """What surely does not hold is the complement of what may."""
    upper = not_(bounds.lower)
    return Bounds(upper, upper if bounds.exact else not_(bounds.upper))


def every(parts: Iterable[Bounds]) -> Bounds:
    """All hold; of no parts: true."""
    return _joined(list(parts), lambda truths: and_(true(), *truths))


def some(parts: Iterable[Bounds]) -> Bounds:
    """At least one holds; of no parts: false."""
    return _joined(list(parts), lambda truths: or_(false(), *truths))


def _joined(parts: list[Bounds], join: Callable[[list[Truth]], Any]) -> Bounds:
    upper = join([part.upper for part in parts])
    if all(part.exact for part in parts):
        return Bounds(upper, upper)
    return Bounds(upper, join([part.lower for part in parts]))
