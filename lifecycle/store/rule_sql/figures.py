"""Figures over events, said in SQL as bounds: total, average, smallest, largest, distinct."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    case,
    cast,
    false,
    func,
    not_,
    or_,
    select,
    true,
)

from lifecycle.core.rule.compare import LIST_OPS, NUMBER_OPS, Op
from lifecycle.core.rule.counts import Figure
from lifecycle.core.words import Moment, number
from lifecycle.store.dialect.values import ARRAY, SCALE, Truth, Values
from lifecycle.store.rule_sql.bounds import Bounds, constant, every, negated, some, sure, unsure
from lifecycle.store.rule_sql.comparisons import known
from lifecycle.store.rule_sql.rows import CUSTOMER, Rows, asked_of, event_rows, said_in_sql

MOST_OPERANDS = 20
"""A figure beside a longer list is left to Python."""


@dataclass(frozen=True, slots=True)
class _Group:
    """The figure of one customer's events in millionths, and whether SQL can be sure of it."""

    customer_id: ColumnElement[Any]
    figure: ColumnElement[Any]
    known: Truth
    doubtful: Truth
    times: ColumnElement[Any] | None = None


def figure_bounds(rule: Figure, nothing: bool, now: datetime, values: Values) -> Bounds:
    """Whether a customer's figure compares so; `nothing` = whether that of no events does."""
    if not said_in_sql(rule.window):
        return unsure()
    if rule.window.reads_entry:
        return constant(nothing)
    asked = {**asked_of(rule.where), rule.path: True}
    rows = event_rows((rule.name,), rule.window, asked, now, values)
    group = _group(rule, rows)
    holds = every(_op(op, rule.word, group, values) for op in rule.comparison.ops)
    if nothing:
        return negated(_customers(group, negated(holds)))
    return _customers(group, holds)


def _customers(group: _Group, holds: Bounds) -> Bounds:
    """The customers with events whose figure holds; a doubtful figure may or may not."""

    def having(truth: Truth) -> Truth:
        customer_id = group.customer_id
        return CUSTOMER.c.customer_id.in_(select(customer_id).group_by(customer_id).having(truth))

    return Bounds(
        having(or_(group.doubtful, holds.upper)),
        having(and_(not_(group.doubtful), holds.lower)),
    )


def _group(rule: Figure, rows: Rows) -> _Group:
    values = rows.values
    met = rows.meets(rule.where)
    if rule.path not in rows.paths:
        none = cast(0, BigInteger)
        customers = select(rows.customer_id).where(met.upper).subquery()
        return _Group(customers.c.customer_id, none, false(), func.count() > 0)
    value = rows.value(rule.path)
    numeric = value.numeric
    assert numeric is not None, "the path of a figure is read as a number"
    unsure_row = or_(and_(met.upper, not_(met.lower)), rows.doubtful, value.kind == ARRAY)
    if rule.word == "distinct_of":
        said = known(value, values)
        figure = case((said, values.key(value, numeric)))
        unsure_row = or_(unsure_row, and_(said, figure.is_(None)))
    else:
        figure = case((numeric.sure, values.rounded(numeric.millionths)))
        unsure_row = or_(unsure_row, numeric.perhaps)
    columns = (rows.customer_id, figure.label("figure"), unsure_row.label("unsure"))
    counted = values.fence(select(*columns).where(met.upper)).subquery().c
    return _figure(rule.word, counted.customer_id, counted.figure, counted.unsure, values)


def _figure(
    word: str,
    customer_id: ColumnElement[Any],
    figure: ColumnElement[Any],
    unsure_row: Truth,
    values: Values,
) -> _Group:
    doubtful = func.sum(case((unsure_row, 1), else_=0)) > 0
    count = func.count(figure)
    if word == "distinct_of":
        return _Group(customer_id, func.count(figure.distinct()) * SCALE, true(), doubtful)
    if word in ("smallest_of", "largest_of"):
        edge = func.min(figure) if word == "smallest_of" else func.max(figure)
        return _Group(customer_id, func.coalesce(edge, 0), count > 0, doubtful)
    total, too_large = values.total(figure)
    doubtful = or_(doubtful, too_large)
    if word == "total_of":
        return _Group(customer_id, total, true(), doubtful)
    return _Group(customer_id, total, count > 0, doubtful, count)


def _op(op: Op, word: str, group: _Group, values: Values) -> Bounds:
    if op.word == "is_set":
        return sure(group.known if op.operand else not_(group.known))
    if op.word == "same_as":
        return constant(False)
    if op.word in NUMBER_OPS:
        return every((sure(group.known), _compared(op.word, op.operand, group, values)))
    if op.word not in ("is", "is_not", *LIST_OPS):
        return unsure()
    operands = op.operand if op.word in LIST_OPS else (op.operand,)
    if len(operands) > MOST_OPERANDS:
        return unsure()
    equal = some(_equal(operand, group, values) for operand in operands)
    if op.word in ("is_not", "is_none_of"):
        equal = negated(equal)
    return every((sure(group.known), equal))


def _equal(operand: Any, group: _Group, values: Values) -> Bounds:
    if isinstance(operand, Moment):
        return unsure()
    wanted = number(operand)
    return constant(False) if wanted is None else _compared("is", wanted, group, values)


def _compared(word: str, operand: Decimal, group: _Group, values: Values) -> Bounds:
    holds = values.compare(group.figure, word, operand, group.times)
    return unsure() if holds is None else sure(holds)
