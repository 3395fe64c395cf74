"""What is kept of each experiment: the cap of its orders, and the alarm about its shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, select, update

from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new

EXPERIMENT = METADATA.tables["experiment"]
Place = tuple[str, str, str]
"""Campaign, step, and the date of an occurrence or nothing."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """What was fixed of an experiment, and since when variants were not given out as said."""

    capped_at: Decimal | None
    ratio_wrong_at: datetime | None


def fixed(connection: Connection, place: Place) -> Fixed:
    """What is kept of an experiment; nothing where it was never asked."""
    row = connection.execute(select(EXPERIMENT).where(*_of(place))).first()
    if row is None:
        return Fixed(None, None)
    return Fixed(Decimal(row.capped_at) if row.capped_at else None, row.ratio_wrong_at)


def fix_cap(connection: Connection, place: Place, cap: Decimal) -> None:
    """Fix the amount up to which an order counts; what is fixed stays."""
    _put(connection, place, capped_at=str(cap))


def ratio_is_wrong(connection: Connection, place: Place, now: datetime) -> bool:
    """Note that variants are not given out as said; False where it was noted before."""
    return _put(connection, place, ratio_wrong_at=now)


def wrong_ratios(connection: Connection) -> list[tuple[Place, datetime]]:
    """All experiments whose variants were not given out as said, with since when."""
    query = select(EXPERIMENT).where(EXPERIMENT.c.ratio_wrong_at.is_not(None))
    rows = connection.execute(query.order_by(EXPERIMENT.c.campaign, EXPERIMENT.c.step))
    return [((row.campaign, row.step, row.occasion), row.ratio_wrong_at) for row in rows]


def _put(connection: Connection, place: Place, **value: str | datetime) -> bool:
    """Write a value that was not there; False where it was."""
    names = ("campaign", "step", "occasion")
    empty = {"capped_at": None, "ratio_wrong_at": None}
    insert_new(connection, EXPERIMENT, [{**dict(zip(names, place, strict=True)), **empty}])
    (name,) = value
    change = update(EXPERIMENT).where(*_of(place), EXPERIMENT.c[name].is_(None)).values(**value)
    return connection.execute(change).rowcount == 1


def _of(place: Place) -> list[ColumnElement[bool]]:
    columns = (EXPERIMENT.c.campaign, EXPERIMENT.c.step, EXPERIMENT.c.occasion)
    return [column == said for column, said in zip(columns, place, strict=True)]
