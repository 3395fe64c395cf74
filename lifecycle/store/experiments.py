"""What is kept of each experiment: the cap of its orders, and the alarm about its shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, Table, select, update

from lifecycle.core.policy import Experiment
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new

EXPERIMENT = METADATA.tables["experiment"]


@dataclass(frozen=True, slots=True)
class Fixed:
    """What was fixed of an experiment, and since when variants were not given out as said."""

    capped_at: Decimal | None
    ratio_wrong_at: datetime | None


def fixed(connection: Connection, place: Experiment) -> Fixed:
    """What is kept of an experiment; nothing where it was never asked."""
    row = connection.execute(select(EXPERIMENT).where(*of_experiment(EXPERIMENT, place))).first()
    if row is None:
        return Fixed(None, None)
    return Fixed(Decimal(row.capped_at) if row.capped_at else None, row.ratio_wrong_at)


def fix_cap(connection: Connection, place: Experiment, cap: Decimal) -> None:
    """Fix the amount up to which an order counts; what is fixed stays."""
    _put(connection, place, capped_at=str(cap))


def ratio_is_wrong(connection: Connection, place: Experiment, now: datetime) -> bool:
    """Note that variants are not given out as said; False where it was noted before."""
    return _put(connection, place, ratio_wrong_at=now)


def wrong_ratios(connection: Connection) -> list[tuple[Experiment, datetime]]:
    """All experiments whose variants were not given out as said, with since when."""
    query = select(EXPERIMENT).where(EXPERIMENT.c.ratio_wrong_at.is_not(None))
    rows = connection.execute(query.order_by(EXPERIMENT.c.campaign, EXPERIMENT.c.step))
    return [((row.campaign, row.step, row.occasion), row.ratio_wrong_at) for row in rows]


def _put(connection: Connection, place: Experiment, **value: str | datetime) -> bool:
    """Write a value that was not there; False where it was."""
    names = ("campaign", "step", "occasion")
    empty = {"capped_at": None, "ratio_wrong_at": None}
    insert_new(connection, EXPERIMENT, [{**dict(zip(names, place, strict=True)), **empty}])
    (name,) = value
    which = [*of_experiment(EXPERIMENT, place), EXPERIMENT.c[name].is_(None)]
    change = update(EXPERIMENT).where(*which).values(**value)
    return connection.execute(change).rowcount == 1


def of_experiment(table: Table, place: Experiment) -> list[ColumnElement[bool]]:
    """What makes a row of a table one of an experiment's."""
    columns = (table.c.campaign, table.c.step, table.c.occasion)
    return [column == said for column, said in zip(columns, place, strict=True)]
