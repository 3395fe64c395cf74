"""Plain words compared with plain words: what a database tells at one look into a document."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_

from lifecycle.core.rule.compare import LIST_OPS, Comparison, Op
from lifecycle.core.words import number
from lifecycle.store.dialect.values import Truth, Values

TAKEN_FOR_OTHERS = "K;`"
"""The only letters of ASCII that another character becomes under NFC."""
EQUAL = ("is", "is_one_of")
UNEQUAL = ("is_not", "is_none_of")


def same_text(
    comparison: Comparison, document: ColumnElement[Any], path: tuple[str, ...], values: Values
) -> Truth | None:
    """Whether the value at a path of one part compares so; None where that takes more to tell."""
    if len(path) > 1:
        return None
    found = values.scalar(document, path)
    if found is None:
        return None
    told = [_op(op, found, values) for op in comparison.ops]
    known = [one for one in told if one is not None]
    return and_(*known) if len(known) == len(told) else None


def _op(op: Op, found: ColumnElement[Any], values: Values) -> Truth | None:
    said = and_(found.is_not(None), found != "")
    if op.word == "is_set":
        return said if op.operand else ~said
    if op.word not in (*EQUAL, *UNEQUAL):
        return None
    operands = op.operand if op.word in LIST_OPS else (op.operand,)
    if not operands or not all(_plain(one) for one in operands):
        return None
    one_of = values.one_of_texts(found, operands)
    return and_(said, one_of if op.word in EQUAL else ~one_of)


def _plain(operand: object) -> bool:
    """Whether nothing but the same letters is equal to it."""
    return (
        isinstance(operand, str)
        and operand.isascii()
        and operand.isprintable()
        and number(operand) is None
        and operand[0] not in "[{"
        and not any(letter in operand for letter in TAKEN_FOR_OTHERS)
    )
