"""What a database must be able to say of a value inside a JSON document; one class each does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select

SCALE = 1_000_000
"""Numbers are compared and summed in millionths."""
MISSING = "missing"
ARRAY = "array"
NULL = "null"
ESCAPED_NUL = r"\u0000"
"""How JSON text spells the one character that databases cannot keep."""

CALM = (
    "\x01-~\u00a1-\u02ff\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03ff\u0400-\u0482\u048a-\u052f"
    "\u05d0-\u05ea\u0621-\u063a\u0641-\u064a\u3041-\u3096\u309b-\u30ff\u4e00-\u9fff\uac00-\ud7a3"
)
"""Ranges of characters that NFC leaves alone and that combine with none before them.

Text of these alone is in the one form in which texts are compared.
"""

Truth = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Numeric:
    """A value read as a number: surely one, perhaps one; where it is sure, its millionths."""

    sure: Truth
    perhaps: Truth
    millionths: ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a document: its kind in the database's own word, its text, its number if read."""

    kind: ColumnElement[Any]
    text: ColumnElement[Any]
    numeric: Numeric | None = None


class Values(Protocol):
    """The statements on values that differ between the databases. None of the truths is NULL."""

    @property
    def text(self) -> str:
        """The kind of texts."""
        ...

    @property
    def numbers(self) -> Sequence[str]:
        """The kinds of numbers."""
        ...

    def document(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """A column of JSON text, ready to be read from many times."""
        ...

    def unreadable(self, document: ColumnElement[Any]) -> Truth:
        """Whether this database cannot read the document rightly."""
        ...

    def can_read(self, path: Sequence[str]) -> bool:
        """Whether the path can be said to this database."""
        ...

    def read(self, document: ColumnElement[Any], path: Sequence[str]) -> Value:
        """The value at a path; a list on the way makes it missing."""
        ...

    def scalar(
        self, document: ColumnElement[Any], path: Sequence[str]
    ) -> ColumnElement[Any] | None:
        """The value at a path in its own type, NULL when missing; None: it takes more than that."""
        ...

    def fence(self, query: Select[Any]) -> Select[Any]:
        """The query, kept from being merged into the one around it where that would cost."""
        ...

    def by_name(self, query: Select[Any], table: Any) -> Select[Any]:
        """The query, made to read events by name and moment rather than by customer."""
        ...

    def of_customer(self, query: Select[Any], table: Any) -> Select[Any]:
        """The query, made to read events by customer, name and moment."""
        ...

    def in_order(self, customer_id: ColumnElement[Any]) -> ColumnElement[Any]:
        """Ids in the order in which Python has them."""
        ...

    @property
    def forgiving(self) -> bool:
        """Whether one text that it cannot read leaves the rest of a document readable."""
        ...

    def mentions(self, text: ColumnElement[Any], part: str) -> Truth:
        """Whether a text holds another."""
        ...

    def begins(self, column: ColumnElement[Any], prefix: str) -> Truth:
        """Whether a text column begins so, letter by letter."""
        ...

    def foreign(self, text: ColumnElement[Any]) -> Truth:
        """Whether a text may change under NFC: it holds characters that are not CALM."""
        ...

    def first_part(self, text: ColumnElement[Any]) -> ColumnElement[Any]:
        """The part of a locale before its first hyphen or underscore."""
        ...

    def boolean(self, value: Value, wanted: bool) -> Truth:
        """Whether the value is true, or is false."""
        ...

    def numeric(self, value: Value) -> Numeric:
        """The value as a number."""
        ...

    def rough(self, events: Select[Any], path: Sequence[str]) -> Any:
        """The columns of `events`, which have a `document`, with the `number` at a path.

        The number is a double; it is NULL and `doubtful` not 0 where it cannot be told in SQL.
        """
        ...

    def packed(self, columns: Sequence[ColumnElement[Any]]) -> ColumnElement[Any]:
        """Several numbers in one JSON text."""
        ...

    def compare(
        self,
        millionths: ColumnElement[Any],
        word: str,
        operand: Decimal,
    ) -> Truth | None:
        """Whether millionths compare so with the operand; None: cannot say."""
        ...

    def one_of_texts(self, text: ColumnElement[Any], texts: Sequence[str]) -> Truth:
        """Whether a text is one of these, however many."""
        ...

    def one_of_numbers(self, millionths: ColumnElement[Any], numbers: Sequence[Decimal]) -> Truth:
        """Whether millionths are one of these numbers, however many."""
        ...

    def key(self, value: Value, numeric: Numeric) -> ColumnElement[Any]:
        """A text equal for equal values, NULL where one cannot be told."""
        ...
