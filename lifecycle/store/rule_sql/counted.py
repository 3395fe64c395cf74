"""`did` as a probe: the event by which there are enough, or too many, tells answer and turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import case, func, null, select

from lifecycle.core.rule.counts import Did
from lifecycle.core.rule.window import Window
from lifecycle.core.words import micros
from lifecycle.store.dialect.values import Truth
from lifecycle.store.rule_sql.answers import FAILS, HOLDS, UNSURE, Answer, Ask, Row, every
from lifecycle.store.rule_sql.probe import (
    BY_DOCUMENT,
    BY_INDEX,
    Asking,
    Column,
    Driver,
    Layer,
    Probe,
    as_micros,
)
from lifecycle.store.rule_sql.rows import (
    EVENT,
    Rows,
    asked_of,
    between,
    by_machines,
    edges,
    event_rows,
    named,
)

MICROSECOND = timedelta(microseconds=1)
INDEXED, DOCUMENTED = 1, 4
"""What it costs to read one event from an index alone, and with its document."""


@dataclass(frozen=True, slots=True)
class _Count:
    """One `did`, its bounds told as places counted from the newest event in the window."""

    rule: Did
    asking: Asking

    @property
    def least(self) -> int:
        """The place of the event by which there are enough; 0 where none is asked for."""
        return self.rule.at_least or 0

    @property
    def over(self) -> int:
        """The place of the event by which there are too many; 0 where there is no such."""
        return 0 if self.rule.at_most is None else self.rule.at_most + 1

    @property
    def sure(self) -> bool:
        """Whether SQL knows of each event whether it counts."""
        wide, narrow = edges(self.rule.window, self.asking.now)
        return (
            not self.rule.where.conditions and wide == narrow and not by_machines(self.rule.names)
        )

    @property
    def width(self) -> int:
        """How many columns a place takes: one where SQL is sure of what it reads."""
        if self.sure:
            return 1
        asked = asked_of(self.rule.where)
        rows = event_rows(
            self.rule.names, self.rule.window, asked, self.asking.now, self.asking.values
        )
        return 1 if rows.meets(self.rule.where).exact else 2

    def columns(self, layer: Layer) -> list[Column]:
        """By place, the instant of that event: one that may count, and one that surely does."""
        found = []
        for place in (self.least, self.over):
            if place:
                found += self._newest(layer, place)
        if self.rule.window.near:
            found.append(self._first_to_come(layer))
        return found

    def _newest(self, layer: Layer, place: int) -> list[Column]:
        rows = self._rows(layer, self.rule.window)
        met = rows.meets(self.rule.where)
        perhaps = self._at(rows, met.upper, layer, place)
        if self.sure:
            return [self._driven(layer, place, perhaps)]
        if met.exact:
            return [perhaps]
        return [perhaps, self._at(rows, met.lower, layer, place)]

    def _at(self, rows: Rows, met: Truth, layer: Layer, place: int) -> Column:
        at = as_micros(rows.columns.at)
        query = select(at).where(met).order_by(at.desc()).limit(1).offset(place - 1)
        return query.correlate(layer.rows).scalar_subquery()

    def _driven(self, layer: Layer, place: int, otherwise: Column) -> Column:
        """What the events that brought the customers together tell already."""
        driver = layer.driver
        low, high = edges(self.rule.window, self.asking.now)[0]
        if driver is None or not driver.plain or driver.names != self.rule.names:
            return otherwise
        if high != driver.up_to or not _covers(driver.after, low):
            return otherwise
        given = layer.rows.c
        if place == 1:
            return given.driver_last if low is None else _after(given.driver_last, low)
        if low != driver.after:
            return otherwise
        if self.rule.window.far is None:
            return case((given.driver_count >= place, given.driver_first))
        few = (given.driver_count < place, null())
        return case(few, (given.driver_count == place, given.driver_first), else_=otherwise)

    def _first_to_come(self, layer: Layer) -> Column:
        """The first event that the near edge keeps out so far."""
        window = _coming(self.rule.window)
        rows = self._rows(layer, window)
        met = rows.meets(self.rule.where)
        first = select(func.min(as_micros(rows.columns.at))).where(met.upper)
        return first.correlate(layer.rows).scalar_subquery()

    def _rows(self, layer: Layer, window: Window) -> Rows:
        asked = asked_of(self.rule.where)
        return event_rows(
            self.rule.names, window, asked, self.asking.now, self.asking.values, layer.rows
        )

    def ask(self, place: int) -> Ask:
        """Both bounds must be kept."""
        window = self.rule.window
        far = None if window.far is None else _micros(window.far)
        near = _micros(window.near) if window.near else None
        width = self.width
        coming = place + width * (bool(self.least) + bool(self.over))
        parts: list[Ask] = []
        if self.least:
            parts.append(_enough(place, place + width - 1, far, near, coming))
            place += width
        if self.over:
            parts.append(_not_too_many(place, place + width - 1, far, near, coming))
        return parts[0] if len(parts) == 1 else every(parts)

    def soon(self, columns: Sequence[Column]) -> Truth | None:
        """Enough events there must be, or come; without a far edge there must not be too many."""
        near = self.rule.window.near
        if self.least:
            there = columns[0].is_not(None)
            return there | columns[-1].is_not(None) if near else there
        return None if self.rule.window.far is not None else columns[-1 - bool(near)].is_(None)

    def lapse(self, columns: Sequence[Column]) -> Truth | None:
        """Too many events there must be, or come; without a far edge enough stay enough."""
        near = self.rule.window.near
        if self.over and not self.least:
            there = columns[0].is_not(None)
            return there | columns[-1].is_not(None) if near else there
        if self.over or self.rule.window.far is not None:
            return None
        return columns[self.width - 1].is_(None)

    def driver(self) -> Driver | None:
        """The customers with events enough in the window, or on their way into it."""
        if not self.least:
            return None
        window = replace(self.rule.window, near=timedelta())
        now, values = self.asking.now, self.asking.values
        low, high = edges(window, now)[0]
        if self.sure:
            said = named(self.rule.names, values)
            events = select(EVENT.c.customer_id, as_micros(EVENT.c.at).label("at")).where(
                said, *between(EVENT.c.at, (low, high))
            )
            if not any(name.endswith("*") for name in self.rule.names):
                events = values.by_name(events, EVENT)
            customer_id, at = events.selected_columns
        else:
            rows = event_rows(self.rule.names, window, asked_of(self.rule.where), now, values)
            customer_id, at = rows.customer_id, as_micros(rows.columns.at)
            events = select(customer_id).where(rows.meets(self.rule.where).upper)
        grouped = events.with_only_columns(
            customer_id.label("customer_id"),
            func.count().label("driver_count"),
            func.min(at).label("driver_first"),
            func.max(at).label("driver_last"),
        ).group_by(customer_id)
        if self.least > 1:
            grouped = grouped.having(func.count() >= self.least)
        weight = INDEXED if self.sure else DOCUMENTED
        return Driver(grouped, self.rule.names, low, high, weight, self.sure)


def counted(rule: Did, asking: Asking) -> Probe:
    """The probe of a `did` whose window does not read the entry event."""
    count = _Count(rule, asking)
    if not count.least and not count.over:
        return Probe(ask=lambda place: lambda row: HOLDS)
    return Probe(
        BY_DOCUMENT if rule.where.conditions else BY_INDEX,
        count.columns,
        count.ask,
        count.soon,
        count.lapse,
        count.driver(),
    )


def not_followed(rule: Did, by: tuple[str, ...], asking: Asking) -> Probe | None:
    """The probe of events after which none of `by` came; None where SQL cannot be sure of it.

    The event by which there are enough is the oldest of those that count, so that what followed it
    is all that may stand against them.
    """
    count = _Count(rule, asking)
    if not count.least or count.over or not count.sure or rule.window.near or by_machines(by):
        return None
    far = None if rule.window.far is None else _micros(rule.window.far)

    def columns(layer: Layer) -> list[Column]:
        rows = event_rows(by, Window(), {}, asking.now, asking.values, layer.rows)
        last = select(func.max(as_micros(rows.columns.at))).correlate(layer.rows)
        return [*count.columns(layer), last.scalar_subquery()]

    def ask(place: int) -> Ask:
        def told(row: Row) -> Answer:
            at, last = row[place], row[place + 1]
            if at is None or (last is not None and last > at):
                return FAILS
            if last == at:
                return UNSURE
            return (True, at + far) if far is not None else HOLDS

        return told

    return Probe(BY_INDEX, columns, ask, count.soon, driver=count.driver())


def _covers(after: datetime | None, low: datetime | None) -> bool:
    return after is None or (low is not None and low >= after)


def _after(at: Column, low: datetime) -> Column:
    return case((at > micros(low), at))


def _coming(window: Window) -> Window:
    """The stretch from the near edge to now, as long as it was when the rule was written."""
    assert isinstance(window.near, timedelta)
    return replace(window, far=window.near, near=timedelta())


def _micros(length: object) -> int:
    assert isinstance(length, timedelta)
    return length // MICROSECOND


def _enough(
    perhaps: int, surely: int, far: int | None, near: int | None, coming: int
) -> Callable[[Row], Answer]:
    """There are enough while the event of that place lies in the window."""

    def ask(row: Row) -> Answer:
        if row[perhaps] is None:
            if near is None or row[coming] is None:
                return FAILS
            return False, row[coming] + near
        at = row[surely]
        if at is None:
            return UNSURE
        return (True, at + far) if far is not None else HOLDS

    return ask


def _not_too_many(
    perhaps: int, surely: int, far: int | None, near: int | None, coming: int
) -> Callable[[Row], Answer]:
    """There are not too many while no event has that place."""

    def ask(row: Row) -> Answer:
        if row[perhaps] is None:
            if near is None or row[coming] is None:
                return HOLDS
            return True, row[coming] + near
        at = row[surely]
        if at is None:
            return UNSURE
        return (False, at + far) if far is not None else FAILS

    return ask
