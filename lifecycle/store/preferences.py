"""What customers chose on the preference page: a pause, and how often to be written to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from lifecycle.core.facts import Facts, Wishes
from lifecycle.core.wishes import AT_MOST, PAUSE, Often
from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import upsert

PREFERENCE = METADATA.tables["preference"]
MESSAGE = METADATA.tables["message"]
_COLUMNS = (PREFERENCE.c.paused_until, PREFERENCE.c.at_most, PREFERENCE.c.per_days)
_OF = Statement(
    select(PREFERENCE.c.customer_id, *_COLUMNS).where(among(PREFERENCE.c.customer_id, "ids")),
    reads=("preference",),
)
HELD_FOR = ("paused", "capped")
"""Why letters wait that are looked at again once the customer chooses otherwise."""


def read(connection: Connection, facts: Mapping[str, Facts]) -> timedelta:
    """Read customers' choices into facts in hand; says how far back they have letters counted."""
    back = timedelta()
    for customer_id, paused_until, at_most, per_days in _OF.rows(connection, {"ids": list(facts)}):
        per = timedelta(days=per_days) if per_days else None
        facts[customer_id].wishes = Wishes(paused_until, at_most, per)
        back = max(back, per or back)
    return back


def of(connection: Connection, customer_id: str) -> Wishes | None:
    """What one customer chose; None where nothing ever was."""
    row = connection.execute(select(*_COLUMNS).where(PREFERENCE.c.customer_id == customer_id))
    found = row.first()
    if found is None:
        return None
    per = timedelta(days=found.per_days) if found.per_days else None
    return Wishes(found.paused_until, found.at_most, per)


def choose(
    connection: Connection,
    customer_id: str,
    *,
    at: datetime,
    now: datetime,
    often: Often | None = None,
    pauses: bool | None = None,
) -> None:
    """Keep what was chosen at `at`: how often, and a pause from then on or its end.

    None leaves either as it is, and so does a choice that comes after a later one. Letters that an
    earlier choice held are looked at again at `now`.
    """
    query = select(PREFERENCE).where(PREFERENCE.c.customer_id == customer_id)
    known = connection.execute(query.with_for_update()).first()
    nothing: dict[str, Any] = dict.fromkeys(column.name for column in PREFERENCE.c)
    row = dict(known._mapping) if known is not None else {**nothing, "customer_id": customer_id}
    if often is not None and (row["at"] is None or row["at"] <= at):
        cap = AT_MOST[often]
        row |= {"at_most": cap[0] if cap else None, "per_days": cap[1].days if cap else None}
        row["at"] = at
    if pauses is not None and (row["paused_at"] is None or row["paused_at"] <= at):
        row |= {"paused_until": at + PAUSE if pauses else None, "paused_at": at}
    upsert(connection, PREFERENCE, [row])
    held = (MESSAGE.c.state == "planned") & MESSAGE.c.reason.in_(HELD_FOR)
    own = MESSAGE.c.customer_id == customer_id
    connection.execute(update(MESSAGE).where(own, held).values(due_at=now))
