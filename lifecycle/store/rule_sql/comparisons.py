"""Comparisons on a value inside a document, said in SQL as bounds."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, not_, or_

from lifecycle.core.rule.compare import (
    LENGTH_OPS,
    LIST_OPS,
    MOMENT_OPS,
    NUMBER_OPS,
    TEXT_OPS,
    Comparison,
    Op,
)
from lifecycle.core.words import Moment, number
from lifecycle.store.dialect.values import ARRAY, MISSING, NULL, Truth, Value, Values
from lifecycle.store.rule_sql.bounds import Bounds, constant, every, negated, some, sure, unsure

EQUAL_OPS = ("is", "is_not", *LIST_OPS)


def known(value: Value, values: Values) -> Truth:
    """Whether a value says something; empty text does not."""
    empty = and_(value.kind == values.text, value.text == "")
    return and_(value.kind.not_in((MISSING, NULL)), not_(empty))


def asks_number(comparison: Comparison) -> bool:
    """Whether a value must be read as a number to be compared so."""
    for op in comparison.ops:
        operands = op.operand if op.word in LIST_OPS else (op.operand,)
        if op.word in NUMBER_OPS:
            return True
        if op.word in EQUAL_OPS and any(number(operand) is not None for operand in operands):
            return True
    return False


def compared(comparison: Comparison, value: Value, values: Values) -> Bounds:
    """Whether a value compares so in each operator."""
    return every(_op(op, value, values) for op in comparison.ops)


def _op(op: Op, value: Value, values: Values) -> Bounds:
    said = known(value, values)
    if op.word == "is_set":
        return sure(said if op.operand else not_(said))
    if op.word == "same_as":
        return constant(False)
    if op.word in MOMENT_OPS or op.word in LENGTH_OPS:
        return unsure(_readable_as_moment(value, values))
    if op.word in NUMBER_OPS:
        return _number(op.word, op.operand, value, values)
    if op.word in TEXT_OPS:
        return _text(op.word, op.operand, value, values)
    if op.word not in EQUAL_OPS:
        return unsure(said)
    operands = op.operand if op.word in LIST_OPS else (op.operand,)
    equal = _equal_to_one(operands, value, values)
    if op.word in ("is_not", "is_none_of"):
        equal = negated(equal)
    return every((sure(said), equal))


def _readable_as_moment(value: Value, values: Values) -> Truth:
    return value.kind.in_((values.text, *values.numbers))


def _number(word: str, operand: Decimal, value: Value, values: Values) -> Bounds:
    numeric = value.numeric
    assert numeric is not None, "a number is read where it is asked for"
    holds = values.compare(numeric.millionths, word, operand)
    if holds is None:
        return unsure(or_(numeric.sure, numeric.perhaps))
    lower = and_(numeric.sure, holds)
    return Bounds(or_(lower, numeric.perhaps), lower)


def _text(word: str, operand: str, value: Value, values: Values) -> Bounds:
    part = normal(operand)
    perhaps: list[Truth] = [value.kind.in_(values.numbers)]
    if word == "contains":
        perhaps.append(value.kind == ARRAY)
    is_text = value.kind == values.text
    if "\0" in part:
        return unsure(or_(is_text, *perhaps))
    text = value.text
    if word == "contains":
        found = func.replace(text, part, "") != text
    elif word == "starts_with":
        found = func.substr(text, 1, len(part)) == part
    else:
        tail = func.substr(text, func.length(text) - len(part) + 1, len(part))
        found = and_(func.length(text) >= len(part), tail == part)
    strange = values.foreign(text)
    lower = and_(is_text, not_(strange), found)
    return Bounds(or_(lower, and_(is_text, strange), *perhaps), lower)


def _equal_to_one(operands: Sequence[Any], value: Value, values: Values) -> Bounds:
    """Equal to one of them: truths, moments, numbers and texts each have their own way."""
    truths = {operand for operand in operands if isinstance(operand, bool)}
    others = [operand for operand in operands if not isinstance(operand, bool)]
    parts = [sure(values.boolean(value, truth)) for truth in truths]
    if any(isinstance(operand, Moment) for operand in others):
        parts.append(unsure(_readable_as_moment(value, values)))
    plain = [operand for operand in others if not isinstance(operand, Moment)]
    numbers = [found for operand in plain if (found := number(operand)) is not None]
    texts = [normal(operand) for operand in plain if number(operand) is None]
    if numbers:
        parts.append(_one_of_numbers(numbers, value, values))
    if texts:
        parts.append(_one_of_texts(texts, value, values))
    return some(parts) if parts else constant(False)


def normal(operand: object) -> str:
    """An operand as text in the one form of Unicode in which texts are compared."""
    return unicodedata.normalize("NFC", str(operand))


def _one_of_numbers(numbers: Sequence[Decimal], value: Value, values: Values) -> Bounds:
    numeric = value.numeric
    assert numeric is not None, "a number is read where it is asked for"
    lower = and_(numeric.sure, values.one_of_numbers(numeric.millionths, numbers))
    return Bounds(or_(lower, numeric.perhaps), lower)


def _one_of_texts(texts: Sequence[str], value: Value, values: Values) -> Bounds:
    """Text written otherwise in Unicode may be equal all the same: Python decides of it."""
    is_text = value.kind == values.text
    if any("\0" in text for text in texts):
        return unsure(is_text)
    lower = and_(is_text, values.one_of_texts(value.text, texts))
    return Bounds(or_(lower, and_(is_text, values.foreign(value.text))), lower)
