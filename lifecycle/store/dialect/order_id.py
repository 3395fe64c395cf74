"""The order that an event tells of, read by the database from its properties."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class OrderId(GenericFunction[str]):
    """The `order_id` in a column of properties, a number as it is written; NULL where none is.

    A document with an escaped NUL, which databases cannot read rightly, tells of none.
    """

    name = "told_order_id"
    type = Text()
    inherit_cache = True


@compiles(OrderId, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    (column,) = (compiler.process(one, **options) for one in element.clauses)
    # Asked twice at once it is told as a list, in which a number stands as it is written; `->`,
    # which does so by itself, came with SQLite 3.38 only.
    twice = f"json_extract({column}, '$.order_id', '$.order_id')"
    found = (
        f"CASE json_type({column}, '$.order_id') "
        f"WHEN 'text' THEN json_extract({column}, '$.order_id') "
        f"ELSE substr({twice}, 2, (length({twice}) - 3) / 2) END"
    )
    return _readable(f"instr({column}, '\\u0000')", found)


@compiles(OrderId, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    (column,) = (compiler.process(one, **options) for one in element.clauses)
    found = f"CAST({column} AS json) ->> 'order_id'"
    return _readable(f"strpos({column}, '\\u0000')", found)


def _readable(place_of_nul: str, found: str) -> str:
    return f"CASE WHEN {place_of_nul} = 0 THEN nullif(nullif({found}, ''), 'null') END"
