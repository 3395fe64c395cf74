"""Pools of imported codes: brought in, given each to one message alone, and counted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, update

from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new

POOL = METADATA.tables["pool_code"]
FEW_CODES = 100
FEW_PERCENT = 10
"""A pool is low with fewer free codes than FEW_CODES, or less than FEW_PERCENT of all it had."""


@dataclass(frozen=True, slots=True)
class Stock:
    """What a pool holds: codes in all, and those not given to anybody."""

    pool: str
    free: int
    codes: int

    @property
    def low(self) -> bool:
        """Whether it is time to import more."""
        return self.free < FEW_CODES or self.free * 100 < self.codes * FEW_PERCENT


def bring(connection: Connection, pool: str, codes: Iterable[str], now: datetime) -> None:
    """Put codes into a pool; those that are there already stay as they are."""
    rows = [{"pool": pool, "code": code, "imported_at": now} for code in codes]
    insert_new(connection, POOL, rows)


def take(connection: Connection, wanted: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Give a code to each id of `wanted` (id of a message or issue, to pool), by id.

    Whoever was given a code before has the same again; an id is missing where its pool is empty.
    Guarantee: no code is given twice, however many processes take at once.
    """
    found = given(connection, wanted)
    lacking: dict[str, list[str]] = defaultdict(list)
    for one, pool in wanted.items():
        if one not in found:
            lacking[pool].append(one)
    taken = []
    for pool, ids in sorted(lacking.items()):
        rows = _FREE.rows(connection, {"of": pool, "most": len(ids)})
        for one, row in zip(ids, rows, strict=False):
            found[one] = row.code
            taken.append({"of": pool, "which": row.code, "to": one, "moment": now})
    _GIVE.each(connection, taken)
    return found


def given(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """The codes that messages and issues were given before, by their ids."""
    rows = _GIVEN.rows(connection, {"ids": sorted(set(ids))})
    return {row.given_to: row.code for row in rows}


def give_back(connection: Connection, ids: Iterable[str]) -> None:
    """Let codes be free again whose letters were never attempted."""
    _BACK.each(connection, [{"of": one} for one in sorted(set(ids))])


def stocks(connection: Connection, pools: Iterable[str] | None = None) -> list[Stock]:
    """What pools hold, by name; all of them where none are named."""
    codes = select(POOL.c.pool, func.count()).group_by(POOL.c.pool).order_by(POOL.c.pool)
    if pools is not None:
        codes = codes.where(among(POOL.c.pool, "pools", sorted(set(pools))))
    # Each of the two is counted in an index that holds nothing else.
    left = {row[0]: row[1] for row in connection.execute(codes.where(POOL.c.given_to.is_(None)))}
    return [Stock(name, left.get(name, 0), count) for name, count in connection.execute(codes)]


_GIVEN = Statement(select(POOL.c.given_to, POOL.c.code).where(among(POOL.c.given_to, "ids")))
_FREE = Statement(
    select(POOL.c.code)
    .where(POOL.c.pool == bindparam("of"), POOL.c.given_to.is_(None))
    .order_by(POOL.c.code)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
"""What another process is about to give is passed over where rows can be locked (PostgreSQL)."""
_GIVE = Statement(
    update(POOL)
    .where(POOL.c.pool == bindparam("of"), POOL.c.code == bindparam("which"))
    .values(given_to=bindparam("to"), given_at=bindparam("moment", type_=POOL.c.given_at.type))
)
_BACK = Statement(
    update(POOL).where(POOL.c.given_to == bindparam("of")).values(given_to=None, given_at=None)
)
