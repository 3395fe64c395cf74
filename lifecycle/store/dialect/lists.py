"""Lists of texts bound as one value, however long: JSON on SQLite, an array on PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator

from lifecycle.store.tables.columns import json_text


class Texts(TypeDecorator[list[str]]):
    """A list of texts bound as one value: a JSON list on SQLite, an array on PostgreSQL."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """The array type where there is one."""
        kind = ARRAY(Text) if dialect.name == "postgresql" else Text()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """To JSON text, where there are no arrays."""
        values = list(value)
        return values if dialect.name == "postgresql" else json_text(values)


class _Each(GenericFunction[Any]):
    """The values of a bound list, as rows."""

    name = "each_of"
    inherit_cache = True


@compiles(_Each, "sqlite")
def _each_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"(SELECT value FROM json_each{compiler.process(element.clause_expr, **options)})"


@compiles(_Each, "postgresql")
def _each_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"(SELECT unnest{compiler.process(element.clause_expr, **options)})"


def among(
    column: ColumnElement[Any], name: str, texts: Sequence[str] | None = None
) -> ColumnElement[bool]:
    """Whether a text is one of a list, however long, that is bound as one value called `name`.

    The list is `texts`, where they are given, else what is bound at each execution.
    """
    bound = bindparam(name, type_=Texts()) if texts is None else bindparam(name, texts, Texts())
    return column.op("IN", is_comparison=True)(_Each(bound))
