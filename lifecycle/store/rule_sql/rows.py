"""Rows that a leaf looks at: events of some names in a window, or customers, with their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    case,
    cast,
    false,
    literal,
    not_,
    or_,
    select,
    true,
    type_coerce,
)

from lifecycle.core.event import HUMAN_ONLY
from lifecycle.core.rule.where import Where
from lifecycle.core.rule.window import Window
from lifecycle.core.words import MICROSECOND, Moment
from lifecycle.store.dialect.values import ARRAY, MISSING, NULL, Numeric, Truth, Value, Values
from lifecycle.store.rule_sql.bounds import Bounds, every, sure, unsure
from lifecycle.store.rule_sql.comparisons import asks_number, compared
from lifecycle.store.tables import METADATA

EVENT = METADATA.tables["event"]
CUSTOMER = METADATA.tables["customer"]
ANY_ZONE = timedelta(hours=26)
"""No local clock is further than this from UTC, skipped days included."""
CALENDAR = ("event_day", "event_hour", "event_weekday")
"""What the engine adds to an event by the customer's clock, unless the event itself says it."""
_UTC = ZoneInfo("UTC")
_FIRST = datetime(1, 1, 3, tzinfo=UTC)
_LAST = datetime(9999, 12, 29, tzinfo=UTC)

OWN = ("id", "email", "timezone", "locale", "language")
"""Attributes that the customer's record itself carries."""
RECKONED = ("orders", "engagement", "points", "incentives", "rfm", "predicted")
"""Attributes that the engine works out: Python decides."""

Path = tuple[str, ...]
Asked = dict[Path, bool]
"""The paths to read, and which of them as numbers."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A derived table: one row an event or customer, with the values at the paths asked for."""

    columns: Any
    values: Values
    paths: dict[Path, int]
    place: Bounds
    """Whether the row lies in the window, as far as the edges depend on the customer's zone."""

    @property
    def customer_id(self) -> ColumnElement[Any]:
        """Whose row it is."""
        return self.columns.customer_id  # type: ignore[no-any-return]

    @property
    def doubtful(self) -> Truth:
        """Whether the values of this row cannot be read in SQL: a list on the way, for one."""
        return self.columns.doubtful if self.paths else false()

    def value(self, path: Path) -> Value:
        """The value at a path, its number included where it was asked for."""
        column = self.columns
        kind, text = column[f"kind_{(at := self.paths[path])}"], column[f"text_{at}"]
        if f"sure_{at}" not in column:
            return Value(kind, text)
        read = Numeric(column[f"sure_{at}"], column[f"perhaps_{at}"], column[f"millionths_{at}"])
        return Value(kind, text, read)

    def meets(self, where: Where) -> Bounds:
        """Whether the row meets every condition, the window's included."""
        parts = [self.place]
        for path, comparison in where.conditions:
            if path in self.paths:
                parts.append(compared(comparison, self.value(path), self.values))
            else:
                parts.append(unsure())
        met = every(parts)
        if not where.conditions:
            return met
        lower = and_(~self.doubtful, met.lower)
        return Bounds(or_(and_(self.doubtful, self.place.upper), met.upper), lower)


def event_rows(
    names: Sequence[str],
    window: Window,
    asked: Asked,
    now: datetime,
    values: Values,
    of: FromClause | None = None,
) -> Rows:
    """The events of these names that may lie in the window at `now`.

    Everybody's, or of each customer among the rows of `of`, around the query that is made of them.
    Those that became known after `now` are among them, which spares the reading of rows.
    """
    asked = {
        path: as_number
        for path, as_number in asked.items()
        if path[0] not in CALENDAR and values.can_read(path)
    }
    wide, narrow = edges(window, now)
    columns: list[Any] = [EVENT.c.customer_id, EVENT.c.at]
    if asked:
        columns.append(values.document(EVENT.c.properties).label("document"))
    if machines := by_machines(names):
        human, surely = _human(values)
        columns += [human.label("human"), surely.label("surely_human")]
    inner = select(*columns).where(named(names, values), *between(EVENT.c.at, wide))
    if of is not None:
        inner = values.of_customer(inner.where(EVENT.c.customer_id == of.c.customer_id), EVENT)
        inner = inner.correlate(of)
    elif not any(name.endswith("*") for name in names):
        inner = values.by_name(inner, EVENT)
    derived = with_values(inner, asked, values) if asked else inner.subquery().c
    place = sure(true())
    if narrow != wide:
        place = Bounds(true(), and_(true(), *between(derived.at, narrow)))
    if machines:
        place = every((place, Bounds(derived.human, derived.surely_human)))
    return Rows(derived, values, numbered(asked), place)


def asked_of(where: Where) -> Asked:
    """The paths that the conditions read, and which of them as numbers."""
    asked: Asked = {}
    for path, comparison in where.conditions:
        asked[path] = asked.get(path, False) or asks_number(comparison)
    return asked


def own_value(name: str, customer: Any, values: Values) -> ColumnElement[Any]:
    """What the record itself says, should the shop send no attribute of that name."""
    if name == "language":
        return values.first_part(customer.c.locale)
    column: ColumnElement[Any] = customer.c["customer_id" if name == "id" else name]
    return column


def numbered(asked: Asked) -> dict[Path, int]:
    """The number under which the columns of each path are found."""
    return {path: number for number, path in enumerate(asked)}


def with_values(inner: Select[Any], asked: Asked, values: Values) -> Any:
    """Layer on layer, each fenced: the document, the values in it, their numbers."""
    rows = values.fence(inner).subquery()
    document = rows.c.document
    doubts = [values.unreadable(document)]
    for before in dict.fromkeys(path[:end] for path in asked for end in range(1, len(path))):
        doubts.append(values.read(document, before).kind == ARRAY)
    used = ("document", *(f"own_{number}" for number in range(len(asked))))
    columns: list[Any] = [column for column in rows.c if column.name not in used]
    columns.append(or_(*doubts).label("doubtful"))
    for path, number in numbered(asked).items():
        value = values.read(document, path)
        if f"own_{number}" in rows.c:
            value = _or_own(value, rows.c[f"own_{number}"], values)
        columns += [value.kind.label(f"kind_{number}"), value.text.label(f"text_{number}")]
    read = values.fence(select(*columns)).subquery()
    if not any(asked.values()):
        return read.c
    columns = list(read.c)
    for path, number in numbered(asked).items():
        if asked[path]:
            numeric = values.numeric(Value(read.c[f"kind_{number}"], read.c[f"text_{number}"]))
            columns += [
                numeric.sure.label(f"sure_{number}"),
                numeric.perhaps.label(f"perhaps_{number}"),
                numeric.millionths.label(f"millionths_{number}"),
            ]
    return values.fence(select(*columns)).subquery().c


def _or_own(value: Value, own: ColumnElement[Any], values: Values) -> Value:
    unsaid = value.kind == MISSING
    kind = case((own.is_(None), literal(NULL, Text)), else_=literal(values.text, Text))
    return Value(
        case((unsaid, kind), else_=value.kind),
        case((unsaid, own), else_=cast(value.text, Text)),
    )


def _covers(name: str, other: str) -> bool:
    return other.startswith(name[:-1]) if name.endswith("*") else name == other


def by_machines(names: Sequence[str]) -> bool:
    """Whether some events of these names count only where a person was behind them."""
    return any(_covers(name, human) for name in names for human in HUMAN_ONLY)


def _human(values: Values) -> tuple[Truth, Truth]:
    """Whether a person may have been, and surely was, behind an event."""
    properties = type_coerce(EVENT.c.properties, Text)
    document = values.document(EVENT.c.properties)
    mentioned = and_(
        or_(*(EVENT.c.name == name for name in HUMAN_ONLY)),
        values.mentions(properties, '"machine":true'),
    )
    machine = values.boolean(values.read(document, ("machine",)), True)
    human = case((mentioned, not_(machine)), else_=true())
    if values.forgiving:
        return human, human
    surely = case((mentioned, and_(not_(values.unreadable(document)), not_(machine))), else_=true())
    return human, surely


def named(names: Sequence[str], values: Values) -> Truth:
    """Whether an event has one of these names."""
    plain = [name for name in names if not name.endswith("*")]
    said: list[Truth] = [
        values.begins(EVENT.c.name, name[:-1]) for name in names if name.endswith("*")
    ]
    if plain:
        said.append(EVENT.c.name == plain[0] if len(plain) == 1 else EVENT.c.name.in_(plain))
    return or_(*said)


Edges = tuple[datetime | None, datetime]


def edges(window: Window, now: datetime) -> tuple[Edges, Edges]:
    """The widest and the narrowest window (after, up to) that some zone may give."""
    assert isinstance(window.far, timedelta | None) and isinstance(window.near, timedelta)
    low = None if window.far is None else now - window.far
    high = now - window.near
    wide, narrow = (low, high), (low, high)
    if window.since is not None:
        early, late = _instants(window.since)
        wide = (_later(wide[0], early - MICROSECOND), wide[1])
        narrow = (_later(narrow[0], late - MICROSECOND), narrow[1])
    if window.until is not None:
        early, late = _instants(window.until)
        wide = (wide[0], min(wide[1], late - MICROSECOND))
        narrow = (narrow[0], min(narrow[1], early - MICROSECOND))
    return wide, narrow


def _instants(moment: Moment) -> tuple[datetime, datetime]:
    if moment.value.tzinfo is not None:
        at = moment.at(_UTC)
        return at, at
    at = min(max(moment.value.replace(tzinfo=UTC), _FIRST), _LAST)
    return at - ANY_ZONE, at + ANY_ZONE


def _later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)


def between(at: ColumnElement[Any], edges: Edges) -> list[Truth]:
    """Whether an instant lies between the edges."""
    low, high = edges
    return [at <= high] if low is None else [at > low, at <= high]
