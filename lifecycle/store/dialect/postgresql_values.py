"""Values inside JSON documents on PostgreSQL: jsonb, and numbers as numeric."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy import (
    Numeric as NumericType,
)
from sqlalchemy.dialects.postgresql import ARRAY as ArrayType
from sqlalchemy.dialects.postgresql import JSONB

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

BLANKS = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"
NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$"
LONGEST_NUMBER = 25
LARGEST = 10**15
"""From here on sums in Python may round: they are left to it."""
_EXACT = Context(prec=200)


class PostgresqlValues:
    """See `Values`."""

    text = "string"
    forgiving = False
    numbers = ("number",)

    def document(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """As jsonb; NULL when it holds a NUL, which jsonb refuses."""
        return case((func.strpos(column, ESCAPED_NUL) == 0, cast(column, JSONB)))

    def unreadable(self, document: ColumnElement[Any]) -> Truth:
        """Whether it could not be cast."""
        return document.is_(None)

    def can_read(self, path: Sequence[str]) -> bool:
        """Any key but one with a NUL."""
        return not any("\0" in part for part in path)

    def read(self, document: ColumnElement[Any], path: Sequence[str]) -> Value:
        """By the path operators."""
        at = cast(list(path), ArrayType(Text))
        found = document.op("#>", return_type=JSONB())(at)
        kind = func.coalesce(func.jsonb_typeof(found, type_=Text), MISSING)
        return Value(kind, document.op("#>>", return_type=Text())(at))

    def scalar(
        self, document: ColumnElement[Any], path: Sequence[str]
    ) -> ColumnElement[Any] | None:
        """Not at one look: a document that cannot be cast has to be told first."""
        return None

    def fence(self, query: Select[Any]) -> Select[Any]:
        """OFFSET 0, so that a document is parsed once and not once for each mention."""
        return query.offset(0)

    def by_name(self, query: Select[Any], table: Any) -> Select[Any]:
        """The planner finds the way."""
        return query

    def of_customer(self, query: Select[Any], table: Any) -> Select[Any]:
        """The planner finds the way."""
        return query

    def in_order(self, customer_id: ColumnElement[Any]) -> ColumnElement[Any]:
        """Whatever the collation of the database is."""
        return customer_id.collate("C")

    def mentions(self, text: ColumnElement[Any], part: str) -> Truth:
        """By strpos."""
        return func.strpos(text, part) > 0

    def begins(self, column: ColumnElement[Any], prefix: str) -> Truth:
        """Whatever the collation is."""
        return func.starts_with(column, prefix)

    def foreign(self, text: ColumnElement[Any]) -> Truth:
        """By a pattern."""
        return text.op("~", is_comparison=True)(f"[^{CALM}]")

    def first_part(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        """Up to the first hyphen."""
        return func.split_part(func.replace(text, "_", "-"), "-", 1)

    def boolean(self, value: Value, wanted: bool) -> Truth:
        """By the kind and the text."""
        return and_(value.kind == "boolean", value.text == ("true" if wanted else "false"))

    def numeric(self, value: Value) -> Numeric:
        """Exact to the last digit, up to a length and a size."""
        bare = func.btrim(value.text, BLANKS)
        is_text = value.kind == self.text
        said = or_(value.kind.in_(self.numbers), and_(is_text, bare.op("~")(NUMBER)))
        shaped = and_(said, func.length(value.text) <= LONGEST_NUMBER)
        number = case((shaped, cast(bare, NumericType)))
        sure = and_(shaped, func.coalesce(func.abs(number) < LARGEST, False))
        strange = and_(is_text, self.foreign(value.text), value.text.op("~")("[0-9]"))
        perhaps = and_(or_(said, strange), not_(sure))
        return Numeric(sure, perhaps, case((sure, number * SCALE)))

    def rough(self, events: Select[Any], path: Sequence[str]) -> Any:
        """By the exact number."""
        rows = self.fence(events).subquery()
        document = rows.c.document
        read = self.read(document, path)
        before = [self.read(document, path[:end]).kind == ARRAY for end in range(1, len(path))]
        doubts = or_(self.unreadable(document), read.kind == ARRAY, *before)
        kept = [column for column in rows.c if column.name != "document"]
        made = select(*kept, read.kind.label("kind"), read.text.label("text"), doubts.label("of"))
        found = self.fence(made).subquery().c
        numeric = self.numeric(Value(found.kind, found.text))
        kept = [column for column in found if column.name not in ("kind", "text", "of")]
        number = case((numeric.sure, cast(numeric.millionths / SCALE, Double)))
        doubtful = case((or_(found.of, numeric.perhaps), 1), else_=0)
        made = select(*kept, number.label("number"), doubtful.label("doubtful"))
        return made.subquery().c

    def packed(self, columns: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
        """By json_build_array."""
        return cast(func.json_build_array(*columns), Text)

    def compare(
        self,
        millionths: ColumnElement[Any],
        word: str,
        operand: Decimal,
    ) -> Truth | None:
        """As numeric, without rounding."""
        bound: ColumnElement[Any] = cast(literal(str(operand.scaleb(6, _EXACT)), Text), NumericType)
        return _COMPARE[word](millionths, bound)

    def one_of_texts(self, text: ColumnElement[Any], texts: Sequence[str]) -> Truth:
        """As one bound array."""
        return text == func.any(cast(list(texts), ArrayType(Text)))

    def one_of_numbers(self, millionths: ColumnElement[Any], numbers: Sequence[Decimal]) -> Truth:
        """As one bound array."""
        scaled = [number.scaleb(6, _EXACT) for number in numbers]
        return millionths == func.any(cast(scaled, ArrayType(NumericType)))

    def key(self, value: Value, numeric: Numeric) -> ColumnElement[Any]:
        """A letter for the kind, and the value."""
        shortest = func.trim_scale(numeric.millionths)
        return case(
            (numeric.sure, literal("n").op("||")(cast(shortest, Text))),
            (numeric.perhaps, None),
            (value.kind == "boolean", value.text),
            (
                and_(value.kind == self.text, not_(self.foreign(value.text))),
                literal("t").op("||")(value.text),
            ),
        )


_COMPARE: dict[str, Callable[[ColumnElement[Any], ColumnElement[Any]], Truth]] = {
    "is": lambda one, other: one == other,
    "at_least": lambda one, other: one >= other,
    "at_most": lambda one, other: one <= other,
    "more_than": lambda one, other: one > other,
    "less_than": lambda one, other: one < other,
}
