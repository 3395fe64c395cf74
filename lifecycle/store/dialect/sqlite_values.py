"""Values inside JSON documents on SQLite: json_extract, and numbers as 64-bit millionths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Integer,
    Select,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    select,
)

from lifecycle.store.dialect.values import (
    ARRAY,
    CALM,
    ESCAPED_NUL,
    MISSING,
    SCALE,
    Numeric,
    Truth,
    Value,
)
from lifecycle.store.tables.columns import json_text

BLANKS = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"
LONGEST_PLAIN = 15
"""Decimals of so many characters survive the way through a double."""
LONGEST_WHOLE = 12
LONGEST_FRACTION = 6
LARGEST_FRACTIONAL = 2_000_000_000
"""Up to here a double tells millionths apart."""
LARGEST = 9 * 10**18


class SqliteValues:
    """See `Values`. A number that is not plain (exponents, many digits) is perhaps one."""

    text = "text"
    forgiving = True
    numbers = ("integer", "real")

    def document(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The column itself: SQLite keeps what it parsed for the length of a row."""
        return column

    def unreadable(self, document: ColumnElement[Any]) -> Truth:
        """Whether the text holds an escaped NUL."""
        return func.instr(document, ESCAPED_NUL) > 0

    def can_read(self, path: Sequence[str]) -> bool:
        """Keys with quotes or escapes cannot be said in a path."""
        return not any(one in '"\\' or one < " " for part in path for one in part)

    def read(self, document: ColumnElement[Any], path: Sequence[str]) -> Value:
        """By json_type and the text of the value; numbers keep their digits as written."""
        at = _path(path)
        kind = func.coalesce(func.json_type(document, at, type_=Text), MISSING)
        written = document.op("->", return_type=Text())(literal(at, Text))
        text = case((kind.in_(self.numbers), written), else_=func.json_extract(document, at))
        return Value(kind, text)

    def scalar(
        self, document: ColumnElement[Any], path: Sequence[str]
    ) -> ColumnElement[Any] | None:
        """By json_extract alone; lists and tables are text that begins with a bracket."""
        return func.json_extract(document, _path(path))

    def fence(self, query: Select[Any]) -> Select[Any]:
        """LIMIT -1, so that a value is read once and not once for each mention."""
        return query.limit(-1)

    def by_name(self, query: Select[Any], table: Any) -> Select[Any]:
        """The planner would take the index by customer, which costs up to a thousand times more."""
        return query.with_hint(table, "INDEXED BY event_by_name", "sqlite")

    def of_customer(self, query: Select[Any], table: Any) -> Select[Any]:
        """Whatever the planner thinks of the key."""
        return query.with_hint(table, "INDEXED BY event_of_customer", "sqlite")

    def in_order(self, customer_id: ColumnElement[Any]) -> ColumnElement[Any]:
        """As they are."""
        return customer_id

    def mentions(self, text: ColumnElement[Any], part: str) -> Truth:
        """By instr: LIKE costs more, and takes capitals for small letters."""
        return func.instr(text, part) > 0

    def begins(self, column: ColumnElement[Any], prefix: str) -> Truth:
        """As a range, which an index can serve."""
        return and_(column >= prefix, func.substr(column, 1, len(prefix)) == prefix)

    def foreign(self, text: ColumnElement[Any]) -> Truth:
        """By a pattern."""
        return _glob(text, f"*[^{CALM}]*")

    def first_part(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        """Up to the first hyphen."""
        hyphens = func.replace(text, "_", "-").op("||")("-")
        return func.substr(text, 1, func.instr(hyphens, "-") - 1)

    def boolean(self, value: Value, wanted: bool) -> Truth:
        """By the kind."""
        return value.kind == ("true" if wanted else "false")

    def numeric(self, value: Value) -> Numeric:
        """Plain decimals are sure: digits, at most one dot, at most six places."""
        text = value.text
        has_digit = _glob(text, "*[0-9]*")
        plain = and_(
            value.kind.in_((self.text, *self.numbers)),
            has_digit,
            func.length(text) <= LONGEST_PLAIN,
            not_(_glob(text, "*[^0-9.-]*")),
            not_(_glob(text, "?*-*")),
            not_(_glob(text, "*.*.*")),
        )
        dot = func.instr(text, ".")
        double = cast(text, Float)
        whole = and_(dot == 0, func.length(text) <= LONGEST_WHOLE)
        fraction = and_(
            dot > 0,
            func.length(text) - dot <= LONGEST_FRACTION,
            func.abs(double) <= LARGEST_FRACTIONAL,
        )
        sure = and_(plain, or_(whole, fraction))
        millionths = case(
            (and_(plain, whole), cast(text, BigInteger) * SCALE),
            (and_(plain, fraction), cast(func.round(double * SCALE), BigInteger)),
        )
        only = not_(_glob(text, f"*[^0-9eE.+{BLANKS}-]*"))
        strange = and_(value.kind == self.text, has_digit, or_(only, self.foreign(text)))
        candidate = or_(value.kind.in_(self.numbers), strange)
        return Numeric(sure, and_(candidate, not_(sure)), millionths)

    def rough(self, events: Select[Any], path: Sequence[str]) -> Any:
        """By json_extract, once an event; what is not a plain number is looked at again."""
        at = _path(path)
        rows = self.fence(
            events.add_columns(func.json_extract(events.selected_columns.document, at).label("raw"))
        ).subquery()
        raw, document = rows.c.raw, rows.c.document
        is_text = func.typeof(raw) == "text"
        plain = and_(
            func.length(raw) <= LONGEST_PLAIN,
            _glob(raw, "*[0-9]*"),
            not_(_glob(raw, "*[^0-9.]*")),
            not_(_glob(raw, "*.*.*")),
        )
        number = case((is_text, case((plain, cast(raw, Float)))), else_=raw)
        on_the_way = [
            func.json_type(document, _path(path[:end])) == ARRAY for end in range(1, len(path))
        ]
        doubtful = case(
            (is_text, case((or_(plain, raw == ""), 0), else_=1)),
            (raw.is_(None), case((or_(false(), *on_the_way), 1), else_=0)),
            (
                raw.in_((0, 1)),
                case((func.json_type(document, at).in_(("true", "false")), 1), else_=0),
            ),
            else_=0,
        )
        kept = [column for column in rows.c if column.name not in ("document", "raw")]
        made = select(*kept, number.label("number"), doubtful.label("doubtful"))
        return self.fence(made).subquery().c

    def packed(self, columns: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
        """By json_array."""
        return func.json_array(*columns, type_=Text)

    def compare(
        self,
        millionths: ColumnElement[Any],
        word: str,
        operand: Decimal,
    ) -> Truth | None:
        """Against whole millionths: the operand is rounded to the side that keeps the answer."""
        scaled = operand.scaleb(6)
        low = _within(scaled.to_integral_value(ROUND_FLOOR))
        high = _within(scaled.to_integral_value(ROUND_CEILING))
        edge = {"at_least": high, "less_than": high}.get(word, low)
        bound: ColumnElement[Any] = literal(edge, BigInteger)
        if word == "is":
            return millionths == bound if low == high else false()
        return _COMPARE[word](millionths, bound)

    def one_of_texts(self, text: ColumnElement[Any], texts: Sequence[str]) -> Truth:
        """As one bound JSON list."""
        return text.in_(_listed(list(texts)))

    def one_of_numbers(self, millionths: ColumnElement[Any], numbers: Sequence[Decimal]) -> Truth:
        """Those that are whole millionths."""
        scaled = (number.scaleb(6) for number in numbers if abs(number.adjusted()) < 30)
        whole = [int(one) for one in scaled if one == one.to_integral_value()]
        return millionths.in_(_listed([one for one in whole if abs(one) <= LARGEST]))

    def key(self, value: Value, numeric: Numeric) -> ColumnElement[Any]:
        """A letter for the kind, and the value."""
        return case(
            (numeric.sure, literal("n").op("||")(numeric.millionths)),
            (numeric.perhaps, None),
            (value.kind.in_(("true", "false")), value.kind),
            (
                and_(value.kind == self.text, not_(self.foreign(value.text))),
                literal("t").op("||")(value.text),
            ),
        )


_COMPARE: dict[str, Callable[[ColumnElement[Any], ColumnElement[Any]], Truth]] = {
    "at_least": lambda one, other: one >= other,
    "at_most": lambda one, other: one <= other,
    "more_than": lambda one, other: one > other,
    "less_than": lambda one, other: one < other,
}


def _path(path: Sequence[str]) -> str:
    return "$" + "".join(f'."{part}"' for part in path)


def _listed(values: list[Any]) -> Select[Any]:
    rows = func.json_each(json_text(values)).table_valued("value")
    return select(rows.c.value)


def _within(whole: Decimal) -> int:
    """The nearest number of 64 bits; no millionths lie beyond it."""
    return int(max(Decimal(-LARGEST), min(Decimal(LARGEST), whole)))


def _glob(text: ColumnElement[Any], pattern: str) -> Truth:
    return cast(func.glob(pattern, text), Integer) == 1
