"""A figure as a probe: read as doubles with their margin, and where that is too wide, unsure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, FromClause, Select, and_, case, func, not_, or_, select

from lifecycle.core.rule.compare import LIST_OPS, Comparison, Op
from lifecycle.core.rule.counts import Figure
from lifecycle.core.rule.window import Window
from lifecycle.core.words import Moment, number
from lifecycle.store.dialect.values import ARRAY, SCALE, Truth
from lifecycle.store.rule_sql.answers import NEVER, UNSURE, Answer, Ask, Row
from lifecycle.store.rule_sql.comparisons import known
from lifecycle.store.rule_sql.counted import DOCUMENTED, MICROSECOND
from lifecycle.store.rule_sql.probe import (
    BY_DOCUMENT,
    Asking,
    Column,
    Driver,
    Layer,
    Probe,
    anybody,
    as_micros,
)
from lifecycle.store.rule_sql.rows import (
    CALENDAR,
    EVENT,
    asked_of,
    between,
    by_machines,
    edges,
    event_rows,
    named,
)

ROUNDED = 1e-6
"""A number may be rounded by half of this, to whole millionths."""
RELATIVE = 1e-9
"""Far more than sums of doubles lose."""
LARGEST = 1e12
"""Beyond it Python decides."""
RISES = ("at_least", "more_than")
FALLS = ("at_most", "less_than")


@dataclass(frozen=True, slots=True)
class _Figure:
    """One figure; `nothing` says whether that of no events compares so."""

    rule: Figure
    nothing: bool
    asking: Asking

    @property
    def plain(self) -> bool:
        """Whether a number at a path is all that is read of an event."""
        window = edges(self.rule.window, self.asking.now)
        return (
            not self.rule.where.conditions
            and self.rule.word != "distinct_of"
            and window[0] == window[1]
            and not by_machines((self.rule.name,))
        )

    def columns(self, layer: Layer) -> list[Column]:
        """The figure's parts in one text, and the first event that comes past the near edge."""
        made = self._summed(self.rule.window, layer.rows)
        packed = self.asking.values.packed(list(made.selected_columns))
        found: list[Column] = [made.with_only_columns(packed).scalar_subquery()]
        if self.rule.window.near:
            window = replace(self.rule.window, far=self.rule.window.near, near=timedelta())
            rows = event_rows(
                (self.rule.name,), window, {}, self.asking.now, self.asking.values, layer.rows
            )
            first = select(func.min(as_micros(rows.columns.at))).where(rows.place.upper)
            found.append(first.scalar_subquery())
        return found

    def _summed(self, window: Window, of: FromClause | None) -> Select[Any]:
        """How many numbers, their sum, the smallest, the largest, doubts, the first instant."""
        events, numbers, doubt, met = self._numbers(window, of)
        total: Column = func.coalesce(func.sum(numbers), 0)
        ends: list[Column] = [func.min(numbers), func.max(numbers)]
        if self.rule.word == "distinct_of":
            total, ends = func.count(numbers.distinct()), [func.min(0), func.max(0)]
        return select(
            func.count(numbers).label("numbers"),
            total.label("total"),
            ends[0].label("smallest"),
            ends[1].label("largest"),
            func.coalesce(func.sum(case((doubt, 1), else_=0)), 0).label("doubts"),
            func.min(as_micros(events.at)).label("first"),
        ).where(met)

    def _numbers(
        self, window: Window, of: FromClause | None
    ) -> tuple[Any, Column, Truth, Truth | ColumnElement[bool]]:
        values, now, rule = self.asking.values, self.asking.now, self.rule
        if self.plain:
            events: Select[Any] = select(
                EVENT.c.customer_id,
                EVENT.c.at,
                values.document(EVENT.c.properties).label("document"),
            ).where(
                named((rule.name,), values),
                *between(EVENT.c.at, edges(window, now)[0]),
            )
            if of is None:
                events = values.by_name(events, EVENT)
            else:
                events = values.of_customer(events, EVENT)
                events = events.where(EVENT.c.customer_id == of.c.customer_id).correlate(of)
            rough = values.rough(events, rule.path)
            return rough, rough.number, rough.doubtful != 0, rough.at.is_not(None)
        asked = {**asked_of(rule.where), rule.path: True}
        rows = event_rows((rule.name,), window, asked, now, values, of)
        met = rows.meets(rule.where)
        value = rows.value(rule.path)
        assert value.numeric is not None
        doubt = or_(and_(met.upper, not_(met.lower)), rows.doubtful, value.kind == ARRAY)
        if rule.word == "distinct_of":
            said = known(value, values)
            key = case((said, values.key(value, value.numeric)))
            return rows.columns, key, or_(doubt, and_(said, key.is_(None))), met.upper
        amount = case((value.numeric.sure, value.numeric.millionths * (1.0 / SCALE)))
        return rows.columns, amount, or_(doubt, value.numeric.perhaps), met.upper

    def ask(self, place: int) -> Ask:
        """By the margins of the sum."""
        far, near = self.rule.window.far, self.rule.window.near
        leaves = None if far is None else far // MICROSECOND  # type: ignore[operator]
        enters = near // MICROSECOND if near else None  # type: ignore[operator]
        return _asked(self, place, leaves, enters)

    def soon(self, columns: Sequence[Column]) -> Truth | None:
        """Where nothing is not enough, there must be something."""
        return None

    def driver(self) -> Driver | None:
        """The customers with such events, where nothing is not enough."""
        if self.nothing:
            return None
        window = replace(self.rule.window, near=timedelta())
        now = self.asking.now
        low, high = edges(window, now)[0]
        events, numbers, doubt, met = self._numbers(window, None)
        doubts = func.sum(case((doubt, 1), else_=0))
        grouped = (
            select(
                events.customer_id.label("customer_id"),
                func.count().label("driver_count"),
                func.min(as_micros(events.at)).label("driver_first"),
                func.max(as_micros(events.at)).label("driver_last"),
            )
            .where(met)
            .group_by(events.customer_id)
        )
        least = _least(self.rule.comparison)
        if self.rule.word == "total_of" and least is not None and not self.rule.window.near:
            margin = func.count() * ROUNDED + abs(least) * RELATIVE
            enough = func.sum(numbers) >= least - margin
            grouped = grouped.having(or_(enough, func.min(numbers) < 0, doubts > 0))
        return Driver(grouped, (self.rule.name,), low, high, DOCUMENTED, False)


def measured(rule: Figure, nothing: bool, asking: Asking) -> Probe | None:
    """The probe of a figure; None where SQL cannot read its path."""
    if rule.path[0] in CALENDAR or not asking.values.can_read(rule.path):
        return None
    figure = _Figure(rule, nothing, asking)
    return Probe(
        BY_DOCUMENT, figure.columns, figure.ask, figure.soon, anybody, driver=figure.driver()
    )


def _least(comparison: Comparison) -> float | None:
    """What the figure must at least come to; None where it need not be large."""
    told = [float(op.operand) for op in comparison.ops if op.word in RISES]
    return max(told, default=None)


def _asked(figure: _Figure, place: int, far: int | None, near: int | None) -> Ask:
    rule, nothing = figure.rule, figure.nothing
    words = {op.word for op in rule.comparison.ops}
    decode = msgspec.json.Decoder(list[float | int | None]).decode

    def ask(row: Row) -> Answer:
        packed = row[place]
        try:
            count, total, smallest, largest, doubts, first = decode(packed)
        except (msgspec.DecodeError, TypeError):
            return UNSURE
        enters = NEVER
        if near is not None and row[place + 1] is not None:
            enters = row[place + 1] + near
        if doubts:
            return UNSURE
        if not count:
            return nothing, enters
        turns = min(enters, NEVER if far is None or first is None else int(first) + far)
        edges_of = _value(rule.word, count, total or 0, smallest or 0, largest or 0)
        holds = None if edges_of is None else _compared(rule.comparison, *edges_of)
        if holds is None:
            return UNSURE
        if near is None and _settled(rule.word, words, holds, smallest or 0):
            turns = NEVER
        return holds, turns

    return ask


def _value(
    word: str, count: float, total: float, smallest: float, largest: float
) -> tuple[float, float] | None:
    """Between which two numbers the figure lies."""
    if word == "distinct_of":
        return total, total
    size = max(abs(smallest), abs(largest))
    if size > LARGEST:
        return None
    if word == "total_of":
        margin = count * (ROUNDED + size * RELATIVE)
        return total - margin, total + margin
    margin = ROUNDED + size * RELATIVE
    value = {"smallest_of": smallest, "largest_of": largest, "average_of": total / count}[word]
    return value - margin, value + margin


def _compared(comparison: Comparison, low: float, high: float) -> bool | None:
    """Whether a known number between the two compares so in each operator."""
    answers = [_op(op, low, high) for op in comparison.ops]
    if any(answer is False for answer in answers):
        return False
    return None if any(answer is None for answer in answers) else True


def _op(op: Op, low: float, high: float) -> bool | None:
    word = op.word
    if word == "is_set":
        return bool(op.operand)
    if word in (*RISES, *FALLS):
        operand = float(op.operand)
        above = low > operand if word in ("more_than", "at_most") else low >= operand
        below = high <= operand if word in ("more_than", "at_most") else high < operand
        if not above and not below:
            return None
        return above if word in RISES else below
    if word not in ("is", "is_not", *LIST_OPS):
        return None
    operands = op.operand if word in LIST_OPS else (op.operand,)
    equal = [_equal(operand, low, high) for operand in operands]
    found = True if True in equal else (None if None in equal else False)
    return found if found is None or word in ("is", "is_one_of") else not found


def _equal(operand: object, low: float, high: float) -> bool | None:
    if isinstance(operand, Moment):
        return None
    wanted: Decimal | None = number(operand)
    if wanted is None or not low <= float(wanted) <= high:
        return False
    return True if low == high else None


def _settled(word: str, words: set[str], holds: bool, smallest: float) -> bool:
    """Whether events that leave can only keep the answer as it is."""
    shrinks = word == "largest_of" or (word == "total_of" and smallest >= 0)
    if not shrinks:
        return False
    return (not holds and words <= set(RISES)) or (
        holds and words <= set(FALLS) and word == "total_of"
    )
