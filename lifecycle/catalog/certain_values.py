"""Whether one value can compare in several ways at once; only what is proved is impossible.

A value is unknown or known; a known one may be a number, text, true or false, a list, an instant.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from unicodedata import normalize

from lifecycle.core.rule.compare import LIST_OPS, NUMBER_OPS, Op, canonical
from lifecycle.core.words import ANY_ZONE, Moment

CLOCK_LEAP = timedelta(days=2)
"""Local times that lie so far apart are different instants, whatever a clock skips or repeats."""
MAX_LIST = 1_000
"""Entries of a list beyond which nothing is proved of it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One operator, and whether it is to hold or to fail."""

    op: Op
    holds: bool

    @property
    def key(self) -> tuple[str, str]:
        """The operator as text: `repr`, since True equals 1 in Python and not in a rule."""
        return self.op.word, _said(self.op.operand)


def _said(operand: object) -> str:
    long = isinstance(operand, tuple) and len(operand) > MAX_LIST
    return str(id(operand)) if long else repr(operand)


@dataclass(frozen=True, slots=True)
class Nature:
    """What is known of a value beforehand: figures are numbers, counts whole ones from 0 on."""

    known: bool = False
    number: bool = False
    whole: bool = False
    zero: bool = False
    """Whether it can be nothing but 0."""


def impossible(asked: Iterable[Asked], nature: Nature = Nature()) -> bool:
    """Whether no value of this nature can answer all of that so."""
    all_asked = list(asked)
    if not _must_be_known(all_asked, nature):
        return False
    if any(one.op.word == "is_set" and one.op.operand is not one.holds for one in all_asked):
        return True
    yes = {one.key for one in all_asked if one.holds}
    if any(one.key in yes for one in all_asked if not one.holds):
        return True
    allowed, forbidden = _equalities(all_asked)
    numbers = [one for one in all_asked if one.op.word in NUMBER_OPS]
    numeric = nature.number or any(one.holds for one in numbers)
    texts = [one for one in all_asked if one.op.word in ("contains", "starts_with", "ends_with")]
    if allowed is not None:
        left = allowed - forbidden
        return not any(_may_be(one, numbers, texts, numeric, nature) for one in left)
    return (
        (numeric and _no_number(numbers, forbidden, nature))
        or _no_text(texts)
        or _no_moment(all_asked)
        or _no_length(all_asked)
    )


def _must_be_known(asked: Sequence[Asked], nature: Nature) -> bool:
    """Whether an unknown value cannot answer so: every operator but `is_set` fails on it."""
    return nature.known or any(
        one.op.operand is one.holds if one.op.word == "is_set" else one.holds for one in asked
    )


def _equalities(asked: Sequence[Asked]) -> tuple[set[object] | None, set[object]]:
    """What a known value must be one of (None: anything), and what it must not be."""
    allowed: set[object] | None = None
    forbidden: set[object] = set()
    for one in asked:
        if one.op.word not in ("is", "is_not", *LIST_OPS):
            continue
        said = one.op.operand if one.op.word in LIST_OPS else (one.op.operand,)
        if len(said) > MAX_LIST:
            continue
        plain = {canonical(value) for value in said if not isinstance(value, Moment)}
        if (one.op.word in ("is", "is_one_of")) is not one.holds:
            forbidden |= plain
        elif not any(isinstance(value, Moment) for value in said):
            allowed = plain if allowed is None else allowed & plain
    return allowed, forbidden


def _may_be(
    value: object,
    numbers: Sequence[Asked],
    texts: Sequence[Asked],
    numeric: bool,
    nature: Nature,
) -> bool:
    """Whether a value in its canonical form may pass the comparisons of numbers and texts."""
    if isinstance(value, str):
        return not numeric and all(_text_holds(one.op, value) is one.holds for one in texts)
    if isinstance(value, tuple) and value[0] == "bool":
        return not numeric and not any(one.holds for one in texts)
    if isinstance(value, tuple) and value[0] == "number":
        found: Decimal = value[1]
        if nature.zero and found:
            return False
        if nature.whole and (found < 0 or found != found.to_integral_value()):
            return False
        return all(_number_holds(one.op, found) is one.holds for one in numbers)
    return True


def _number_holds(op: Op, found: Decimal) -> bool:
    low, high, strict = _span(op, True)
    if low is not None:
        return found > low if strict else found >= low
    assert high is not None
    return found < high if strict else found <= high


def _span(op: Op, holds: bool) -> tuple[Decimal | None, Decimal | None, bool]:
    """The lower or upper bound that a comparison sets, and whether the bound itself is out."""
    from_below = op.word in ("at_least", "more_than")
    strict = op.word in ("more_than", "less_than")
    if from_below is holds:
        return op.operand, None, strict if holds else not strict
    return None, op.operand, strict if holds else not strict


def _no_number(numbers: Sequence[Asked], forbidden: set[object], nature: Nature) -> bool:
    """Whether no number lies between the bounds."""
    low: tuple[Decimal, bool] | None = (Decimal(0), False) if nature.whole or nature.zero else None
    high: tuple[Decimal, bool] | None = (Decimal(0), False) if nature.zero else None
    for one in numbers:
        least, most, out = _span(one.op, one.holds)
        if nature.whole:
            least = least if least is None else _up(least, out)
            most = most if most is None else -_up(-most, out)
            out = False
        if least is not None:
            low = (least, out) if low is None else max(low, (least, out))
        if most is not None:
            ends = [(most, out)] if high is None else [(most, out), high]
            high = min(ends, key=lambda end: (end[0], not end[1]))
    if low is None or high is None:
        return False
    if low[0] != high[0]:
        return low[0] > high[0]
    return low[1] or high[1] or canonical(low[0]) in forbidden


def _up(bound: Decimal, out: bool) -> Decimal:
    """The first whole number from a lower bound on."""
    return Decimal(math.floor(bound) + 1 if out else math.ceil(bound))


def _text_holds(op: Op, text: str) -> bool:
    part = normalize("NFC", str(op.operand))
    if op.word == "contains":
        return part in text
    return text.startswith(part) if op.word == "starts_with" else text.endswith(part)


def _no_text(texts: Sequence[Asked]) -> bool:
    """Whether no text begins or ends so: two beginnings of one text, one begins with the other."""
    held = [(one.op.word, normalize("NFC", str(one.op.operand))) for one in texts if one.holds]
    starts = [part for word, part in held if word == "starts_with"]
    ends = [part for word, part in held if word == "ends_with"]
    for one in starts:
        if any(not one.startswith(two) and not two.startswith(one) for two in starts):
            return True
    for one in ends:
        if any(not one.endswith(two) and not two.endswith(one) for two in ends):
            return True
    failing = [one.op for one in texts if not one.holds]
    return any(
        (op.word != "ends_with" and _text_holds(op, part)) for op in failing for part in starts
    ) or any(
        (op.word != "starts_with" and _text_holds(op, part)) for op in failing for part in ends
    )


def _no_moment(asked: Sequence[Asked]) -> bool:
    """Whether no instant lies between those said; only where something forces an instant."""
    lows: list[tuple[Moment, bool]] = []
    highs: list[tuple[Moment, bool]] = []
    forced = False
    for one in asked:
        operand = one.op.operand
        if not isinstance(operand, Moment):
            continue
        forced = forced or (one.holds and one.op.word in ("before", "after", "is"))
        if one.op.word == "is" and one.holds:
            lows.append((operand, False))
            highs.append((operand, False))
        elif one.op.word in ("before", "after"):
            bound = highs if (one.op.word == "before") is one.holds else lows
            bound.append((operand, one.holds))
    return forced and any(
        _strictly_before(high, low) or ((out or over) and not_later(high, low))
        for high, out in highs
        for low, over in lows
    )


def not_later(one: Moment, other: Moment) -> bool:
    """Whether a moment is surely not later than another, in whatever zone.

    Local times are compared as such: no clock that is set shows a later one earlier.
    """
    if (one.value.tzinfo is None) == (other.value.tzinfo is None):
        return one.value <= other.value
    return _latest(one) <= other.earliest()


def _strictly_before(one: Moment, other: Moment) -> bool:
    if one.value.tzinfo is not None and other.value.tzinfo is not None:
        return one.value < other.value
    try:
        return not_later(Moment(one.value + CLOCK_LEAP), other)
    except OverflowError:
        return False


def _latest(one: Moment) -> datetime:
    return one.earliest() if one.value.tzinfo is not None else one.earliest() + 2 * ANY_ZONE


def _no_length(asked: Sequence[Asked]) -> bool:
    """Whether something lies within a length of now, and not within a longer one."""
    for word in ("within_last", "within_next"):
        said = [one for one in asked if one.op.word == word]
        fixed = [one for one in said if isinstance(one.op.operand, timedelta)]
        inside = [one.op.operand for one in fixed if one.holds]
        outside = [one.op.operand for one in fixed if not one.holds]
        if inside and outside and min(inside) <= max(outside):
            return True
    return False
