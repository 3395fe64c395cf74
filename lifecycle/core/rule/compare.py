"""Comparisons: what stands beside `customer`, `event`, a figure or a property in `where`."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from lifecycle.core.rule.length import (
    OwnLength,
    any_length,
    attributes_of,
    length_of,
    words_of,
)
from lifecycle.core.rule.problem import RuleProblems
from lifecycle.core.rule.tree import View, earliest
from lifecycle.core.rule.yearly import yearly_in_data
from lifecycle.core.words import (
    FIRST_INSTANT,
    LAST_INSTANT,
    MICROSECOND,
    Moment,
    WordProblem,
    moment,
    moment_in_data,
    shown,
)
from lifecycle.core.words import number as number_of

TEXT_OPS = ("contains", "starts_with", "ends_with")
NUMBER_OPS = ("at_least", "at_most", "more_than", "less_than")
MOMENT_OPS = ("before", "after")
LENGTH_OPS = ("within_last", "within_next", "anniversary_within_next")
"""Those that time alone may turn."""
LIST_OPS = ("is_one_of", "is_none_of")
OPS: tuple[str, ...] = (
    *("is", "is_not", "is_set", "same_as"),
    *LIST_OPS,
    *TEXT_OPS,
    *NUMBER_OPS,
    *MOMENT_OPS,
    *LENGTH_OPS,
)

Operand = Any


def known(value: object) -> bool:
    """Whether a value says something; empty text counts as unknown."""
    return value is not None and value != ""


def canonical(value: object) -> object:
    """A value in the form in which two equal ones are equal: numbers by number, text after NFC."""
    if isinstance(value, bool):
        return ("bool", value)
    found = number_of(value)
    if found is not None:
        return ("number", found.normalize() if found else Decimal(0))
    if isinstance(value, datetime | date):
        read = moment_in_data(value)
        return ("moment", read.value if read else value)
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    return ("other", repr(value))


def moved(at: datetime, by: timedelta) -> datetime:
    """An instant moved by a length, as far as the calendar goes."""
    try:
        return at + by
    except OverflowError:
        return LAST_INSTANT if by > timedelta() else FIRST_INSTANT


@dataclass(frozen=True, slots=True)
class Op:
    """One operator with its operand, already read."""

    word: str
    operand: Operand

    def holds(self, value: object, view: View) -> bool:
        """Whether a known `value` compares so; `is_set` alone is asked of unknown ones too."""
        word = self.word
        if word == "is_set":
            return known(value) is self.operand
        if not known(value):
            return False
        if word in ("is", "is_not"):
            return self._equal(value, self.operand, view) is (word == "is")
        if word in LIST_OPS:
            found = any(self._equal(value, one, view) for one in self.operand)
            return found is (word == "is_one_of")
        if word in TEXT_OPS:
            return self._text(value)
        if word in NUMBER_OPS:
            return self._number(value)
        if word == "same_as":
            other = view.facts.event_value(view.entry, self.operand) if view.entry else None
            return known(other) and canonical(value) == canonical(other)
        if word in LENGTH_OPS:
            return self._near(value, view)
        return self._in_time(value, view)

    @staticmethod
    def _equal(value: object, operand: object, view: View) -> bool:
        if isinstance(operand, Moment):
            read = moment_in_data(value)
            return read is not None and read.at(view.zone) == operand.at(view.zone)
        return canonical(value) == canonical(operand)

    def _text(self, value: object) -> bool:
        if isinstance(value, list | tuple):
            wanted = canonical(self.operand)
            return self.word == "contains" and any(canonical(one) == wanted for one in value)
        if isinstance(value, bool | dict):
            return False
        text, part = (unicodedata.normalize("NFC", str(one)) for one in (value, self.operand))
        if self.word == "contains":
            return part in text
        return text.startswith(part) if self.word == "starts_with" else text.endswith(part)

    def _number(self, value: object) -> bool:
        found = number_of(value)
        if found is None:
            return False
        if self.word == "at_least":
            return bool(found >= self.operand)
        if self.word == "at_most":
            return bool(found <= self.operand)
        return bool(found > self.operand if self.word == "more_than" else found < self.operand)

    def _in_time(self, value: object, view: View) -> bool:
        read = moment_in_data(value)
        if read is None:
            return False
        at = read.at(view.zone)
        edge = self.operand.at(view.zone)
        return bool(at < edge if self.word == "before" else at > edge)

    def _near(self, value: object, view: View) -> bool:
        said, at = length_of(self.operand, view), self._moment(value, view)
        if said is None or at is None:
            return False
        if self.word == "within_last":
            return moved(view.now, -said) < at <= view.now
        return view.now <= at < moved(view.now, said)

    def _moment(self, value: object, view: View) -> datetime | None:
        """The instant that is near or not: the value's own, or that of its next return."""
        if self.word == "anniversary_within_next":
            yearly = yearly_in_data(value, view.zone)
            return None if yearly is None else yearly.next_return(view.now, view.zone)
        read = moment_in_data(value)
        return None if read is None else read.at(view.zone)

    def may_turn_at(self, value: object, view: View) -> datetime | None:
        """When time alone turns this comparison of `value` next."""
        if self.word not in LENGTH_OPS:
            return None
        said, at = length_of(self.operand, view), self._moment(value, view)
        if said is None or at is None:
            return None
        if self.word == "within_last":
            edges = (at, moved(at, said))
        else:
            edges = (moved(at, MICROSECOND - said), at + MICROSECOND)
        return earliest(edge if edge > view.now else None for edge in edges)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Several operators in one leaf: each must hold."""

    ops: tuple[Op, ...]

    def holds(self, value: object, view: View) -> bool:
        """Whether `value` compares so in each operator."""
        return all(op.holds(value, view) for op in self.ops)

    def may_turn_at(self, value: object, view: View) -> datetime | None:
        """When time alone turns it next."""
        return earliest(op.may_turn_at(value, view) for op in self.ops)

    @property
    def turns(self) -> bool:
        """Whether time alone may turn it."""
        return any(op.word in LENGTH_OPS for op in self.ops)

    @property
    def reads_entry(self) -> bool:
        """Whether it compares with the entry event."""
        return any(op.word == "same_as" for op in self.ops)

    @property
    def attributes(self) -> frozenset[tuple[str, ...]]:
        """The paths of the attributes in which lengths of the person are told."""
        return attributes_of(*(op.operand for op in self.ops if isinstance(op.operand, OwnLength)))

    def words(self) -> str:
        """The comparison as text."""
        return " and ".join(f"{op.word} {_operand_words(op.operand)}" for op in self.ops)


def comparison(raw: Mapping[str, Any], problems: RuleProblems) -> Comparison:
    """Read the operators in `raw` (other keys left out); what is wrong goes to `problems`."""
    ops = []
    for word in OPS:
        if word in raw:
            try:
                ops.append(Op(word, _operand(word, raw[word])))
            except WordProblem as found:
                problems.add(found.problem, found.hint, key=word)
    return Comparison(tuple(ops))


def _operand(word: str, raw: object) -> Operand:
    if word in LIST_OPS:
        if not isinstance(raw, list):
            raise WordProblem(f"`{word}` takes a list", f'write {word} = ["a", "b"]')
        return tuple(_scalar(word, one) for one in raw)
    if word in NUMBER_OPS:
        found = number_of(raw)
        if found is None:
            raise WordProblem(
                f"`{word}` takes a number, not {shown(raw)}", "for instants: before, after"
            )
        return found
    if word in MOMENT_OPS:
        return moment(raw)
    if word in LENGTH_OPS:
        return any_length(raw, zero=False)
    if word == "is_set":
        if not isinstance(raw, bool):
            raise WordProblem("`is_set` takes true or false", "write is_set = true, without quotes")
        return raw
    if word == "same_as" or word in TEXT_OPS:
        if isinstance(raw, bool | dict | list) or not str(raw):
            hint = f'write {word} = "sku"' if word == "same_as" else f'write {word} = "abc"'
            raise WordProblem(f"`{word}` takes text, not {shown(raw)}", hint)
        return str(raw)
    return _scalar(word, raw)


def _scalar(word: str, raw: object) -> Operand:
    if isinstance(raw, dict | list) or raw == "":
        raise WordProblem(
            f"`{word}` takes text, a number, a date, true or false, not {shown(raw)}",
            "for empty or missing values write is_set = false"
            if raw == ""
            else 'for one of several write is_one_of = ["a", "b"]',
        )
    if isinstance(raw, time):
        raise WordProblem(f"`{word}` takes a time of day as text", f'write {word} = "{raw}"')
    if isinstance(raw, datetime | date):
        return moment(raw)
    return raw


def _operand_words(operand: Operand) -> str:
    if isinstance(operand, tuple):
        return "[" + ", ".join(_operand_words(one) for one in operand) + "]"
    if isinstance(operand, Moment):
        return operand.value.isoformat()
    if isinstance(operand, timedelta | OwnLength):
        return words_of(operand)
    if isinstance(operand, bool):
        return str(operand).lower()
    return str(operand)
