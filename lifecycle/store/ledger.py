"""Reads customers' points and codes, with the instants at which they come and go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, case, func, or_, select

from lifecycle.core.facts import Facts
from lifecycle.core.ledger import Code, Ledger, Line, Tiers
from lifecycle.core.words import FIRST_INSTANT
from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.remembered import remembered_of
from lifecycle.store.tables import METADATA

TABLES = METADATA.tables
ENTRY, INCENTIVE, MESSAGE = TABLES["points_entry"], TABLES["incentive"], TABLES["message"]
REVERSED = "reversed:"
"""How the source of a line that takes points back begins; the id of what was earned follows."""


def read(
    connection: Connection, facts: Mapping[str, Facts], anchor: datetime, tiers: Tiers
) -> None:
    """Read points and codes into facts in hand, exact for every instant from `anchor` on.

    What became available, or expired, up to then is summed up by the database; a code that had
    ended by then is left out, as is one whose letter was never taken.
    """
    lines: dict[str, list[Line]] = {}
    codes: dict[str, list[Code]] = {}
    bound = {"ids": list(facts), "anchor": anchor}
    earned = _LINES.rows(connection, bound) if _some(connection, _EARNED, facts) else ()
    for of, points, available_at, expires_at, expired, lasting in earned:
        ends = FIRST_INSTANT if expired else expires_at
        line = Line(int(points), available_at or FIRST_INSTANT, ends, bool(lasting))
        lines.setdefault(of, []).append(line)
    given = _CODES.rows(connection, bound) if _some(connection, _GIVEN, facts) else ()
    for of, issued_at, expires_at, redeemed_at in given:
        codes.setdefault(of, []).append(Code(issued_at, expires_at, redeemed_at))
    for of, known in facts.items():
        known.ledger = Ledger(tuple(lines.get(of, ())), tuple(codes.get(of, ())), tiers)


def _some(connection: Connection, asked: Statement, facts: Mapping[str, Facts]) -> bool:
    """Whether there may be any; it is asked first where the answer is remembered."""
    if len(facts) != 1 or remembered_of(connection.connection.dbapi_connection) is None:
        return True
    return bool(asked.rows(connection, {"ids": list(facts)}))


def _anchor(column: Any) -> Any:
    return bindparam("anchor", type_=column.type)


def _lines() -> Select[Any]:
    """One row for the lines of a customer that are alike from the anchor on."""
    available, expires = ENTRY.c.available_at, ENTRY.c.expires_at
    anchor = _anchor(available)
    expired = and_(expires.is_not(None), expires <= anchor)
    lasting = or_(ENTRY.c.points > 0, ENTRY.c.source.startswith(REVERSED))
    rows = (
        select(
            ENTRY.c.customer_id,
            ENTRY.c.points,
            case((available > anchor, available)).label("available_at"),
            case((expires > anchor, expires)).label("expires_at"),
            case((expired, 1), else_=0).label("expired"),
            case((lasting, 1), else_=0).label("lasting"),
        )
        .where(among(ENTRY.c.customer_id, "ids"))
        .subquery()
    )
    alike = [rows.c[name] for name in ("available_at", "expires_at", "expired", "lasting")]
    total = func.sum(rows.c.points)
    return select(rows.c.customer_id, total, *alike).group_by(rows.c.customer_id, *alike)


_LINES = Statement(_lines())
_EARNED, _GIVEN = (
    Statement(
        select(table.c.customer_id).where(among(table.c.customer_id, "ids")).limit(1),
        reads=(table.name,),
    )
    for table in (ENTRY, INCENTIVE)
)
_OF = and_(
    MESSAGE.c.customer_id == INCENTIVE.c.customer_id, MESSAGE.c.message_id == INCENTIVE.c.message_id
)
_CODES = Statement(
    select(
        INCENTIVE.c.customer_id,
        INCENTIVE.c.issued_at,
        INCENTIVE.c.expires_at,
        INCENTIVE.c.redeemed_at,
    )
    .select_from(INCENTIVE.outerjoin(MESSAGE, _OF))
    .where(
        among(INCENTIVE.c.customer_id, "ids"),
        INCENTIVE.c.code != "",
        or_(MESSAGE.c.state.is_(None), MESSAGE.c.state != "dropped"),
        *(
            or_(ends.is_(None), ends > _anchor(ends))
            for ends in (INCENTIVE.c.expires_at, INCENTIVE.c.redeemed_at)
        ),
    )
)
