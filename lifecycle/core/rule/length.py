"""Lengths in rules: fixed ones, and those of the person: `"1.5 x orders.usual_gap"`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from lifecycle.core.kept import reads_ledger
from lifecycle.core.rule.tree import View
from lifecycle.core.words import (
    LONGEST_LENGTH_DAYS,
    MICROSECOND,
    WordProblem,
    length,
    length_words,
    number,
    path,
)

_OWN = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s+x\s+(\S+)")
_LONGEST = timedelta(days=LONGEST_LENGTH_DAYS)
_DAY_IN_MICROSECONDS = Decimal(timedelta(days=1) // MICROSECOND)


@dataclass(frozen=True, slots=True)
class OwnLength:
    """So many times an attribute of the customer that is a number of days."""

    factor: Decimal
    path: tuple[str, ...]

    def of(self, view: View) -> timedelta | None:
        """The length for this customer, to the microsecond; None where it is unknown.

        An attribute that is no number, or nought or less, gives no length; into a list, the first
        entry that gives one counts. No length is longer than the longest that can be written.
        """
        leaf = self.path[1] if len(self.path) > 1 else None
        root = view.facts.customer_value(self.path[0], view.now, leaf)
        told = (number(value) for value in _values(root, self.path[1:]))
        days = next((one for one in told if one is not None and one > 0), None)
        if days is None:
            return None
        if days.adjusted() > len(str(LONGEST_LENGTH_DAYS)) + 6:
            return _LONGEST
        exact = self.factor * days * _DAY_IN_MICROSECONDS
        micros = int(exact.to_integral_value(ROUND_HALF_EVEN))
        return None if micros == 0 else min(timedelta(microseconds=micros), _LONGEST)

    def words(self) -> str:
        """The length as it is written."""
        return f"{self.factor} x {'.'.join(self.path)}"


def _values(value: Any, at: tuple[str, ...]) -> Iterator[Any]:
    if not at:
        yield value
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _values(entry, at)
    elif isinstance(value, dict):
        yield from _values(value.get(at[0]), at[1:])


Length = timedelta | OwnLength
"""A length as a rule says it; `length_of` tells how long it is for a customer."""


def any_length(raw: object, *, zero: bool = True) -> Length:
    """Read a fixed length or one of the person. Raises WordProblem."""
    match = _OWN.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if match is None:
        if isinstance(raw, str) and " x " in raw:
            raise WordProblem(
                f"“{raw}” is not a length of the person", 'write "1.5 x orders.usual_gap"'
            )
        return length(raw, zero=zero)
    factor = Decimal(match[1])
    if not factor:
        raise WordProblem("a length of 0 times anything holds nothing", 'write "1.5 x …"')
    at = path(match[2])
    if reads_ledger(at):
        raise WordProblem(f"“{match[2]}” is no number of days", 'write "1.5 x orders.usual_gap"')
    return OwnLength(factor, at)


def length_of(said: Length, view: View) -> timedelta | None:
    """How long it is for this customer; None where the attribute it is told in is unknown."""
    return said.of(view) if isinstance(said, OwnLength) else said


def attributes_of(*said: Length | None) -> frozenset[tuple[str, ...]]:
    """The paths of the attributes that lengths of the person read."""
    return frozenset(one.path for one in said if isinstance(one, OwnLength))


def words_of(said: Length) -> str:
    """A length as text."""
    return said.words() if isinstance(said, OwnLength) else length_words(said)
