"""The newest events of one name of each of many customers, in one query on PostgreSQL."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Integer, Text, bindparam, text

from lifecycle.store.dialect.lists import Texts
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

EVENT = METADATA.tables["event"]
_COLUMNS = ("customer_id", "event_id", "name", "at", "properties")
_KNOWN = {True: "e.due_at <= :seen", False: "NOT e.pending"}


@lru_cache(maxsize=2)
def newest_of_each(seen: bool) -> Statement:
    """Binds `ids`, `name`, `limit` (how many of each at most) and, where asked for, `seen`.

    Texts are ordered letter by letter, whatever the database's own order is.
    """
    columns = ", ".join(f"e.{name}" for name in _COLUMNS)
    said = (
        "SELECT newest.* FROM unnest(:ids) AS c(id) CROSS JOIN LATERAL ("
        f"SELECT {columns} FROM event AS e WHERE e.customer_id = c.id AND e.name = :name "
        f'AND {_KNOWN[seen]} ORDER BY e.at DESC, e.event_id COLLATE "C" DESC LIMIT :limit'
        ") AS newest"
    )
    bound: list[BindParameter[Any]] = [
        bindparam("ids", type_=Texts()),
        bindparam("name", type_=Text()),
        bindparam("limit", type_=Integer()),
    ]
    if seen:
        bound.append(bindparam("seen", type_=EVENT.c.due_at.type))
    return Statement(text(said).bindparams(*bound).columns(*(EVENT.c[one] for one in _COLUMNS)))
