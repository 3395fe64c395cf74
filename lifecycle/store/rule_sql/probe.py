"""A probe: the columns that one leaf reads of a customer, and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, Select, type_coerce

from lifecycle.store.dialect.values import Truth, Values
from lifecycle.store.rule_sql.answers import UNSURE, Ask, always
from lifecycle.store.rule_sql.rows import Path, Rows

BY_ROW, BY_INDEX, BY_DOCUMENT = 0, 1, 2
"""What a probe costs: the customer's own row, an index of events, the documents of events."""

Column = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Layer:
    """The rows of customers that are left when a probe is read.

    `attributes` has the values of attributes; `driver` is what brought the customers together, if
    it was one leaf alone: then there are the columns `driver_count`, `driver_first` and
    `driver_last`.
    """

    rows: FromClause
    attributes: Rows | None = None
    driver: Driver | None = None

    @property
    def customer_id(self) -> Column:
        """Whose row it is."""
        return self.rows.c.customer_id


Tell = Callable[[Sequence[Column]], Truth | None]


def anybody(columns: Sequence[Column]) -> Truth | None:
    """No customer is left out."""
    return None


def _no_columns(layer: Layer) -> list[Column]:
    return []


def _unsure(place: int) -> Ask:
    return always(UNSURE)


@dataclass(frozen=True, slots=True)
class Driver:
    """The customers who have events enough for a leaf to hold, now or later by time alone.

    `query` gives them with `driver_count`, `driver_first` and `driver_last`. `names`, `after` and
    `up_to` say which events are read for it, `plain` that all those count, and `weight` what one of
    them costs.
    """

    query: Select[Any]
    names: tuple[str, ...]
    after: datetime | None
    up_to: datetime
    weight: int
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Probe:
    """How one leaf is asked in a set query.

    `columns` are read in their `layer`, `ask` is made once the place of the first in the row is
    known. `soon` leaves out customers for whom the leaf does not hold and time alone will not
    change that; `lapse` those for whom it holds for ever. Unsaid, it is for Python to decide.
    """

    layer: int = BY_ROW
    columns: Callable[[Layer], list[Column]] = _no_columns
    ask: Callable[[int], Ask] = _unsure
    soon: Tell = anybody
    lapse: Tell = anybody
    driver: Driver | None = None
    first: Column | None = None
    """A column over the customer's own row, read before all others: then there is no other."""
    attributes: tuple[tuple[Path, bool], ...] = ()
    """Attributes to be read, and which of them as numbers."""


@dataclass(frozen=True, slots=True)
class Asking:
    """For which instant and database probes are made."""

    now: datetime
    values: Values


def as_micros(instant: Column) -> Column:
    """An instant as the number it is kept as, which costs less to read."""
    return type_coerce(instant, BigInteger)
