"""The shares by which bandits give out variants: those in force, and all there ever were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from lifecycle.core.policy import Experiment
from lifecycle.store.experiments import of_experiment
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new

ALLOCATION = METADATA.tables["allocation"]
Shares = tuple[tuple[str, float], ...]
"""Variants with their shares, in the order in which hashes fall on them."""


@dataclass(frozen=True, slots=True)
class Period:
    """Shares, and from when until when they were in force; None while they are."""

    since: datetime
    until: datetime | None
    shares: Shares


def in_force(connection: Connection) -> dict[Experiment, Shares]:
    """The shares of this moment, by campaign, step and occurrence."""
    query = (
        select(ALLOCATION)
        .where(ALLOCATION.c.until.is_(None))
        .order_by(ALLOCATION.c.campaign, ALLOCATION.c.step, ALLOCATION.c.occasion)
        .order_by(ALLOCATION.c.place)
    )
    found: dict[Experiment, Shares] = {}
    for row in connection.execute(query):
        place = (row.campaign, row.step, row.occasion)
        found[place] = (*found.get(place, ()), (row.variant, row.share))
    return found


def periods(connection: Connection, place: Experiment) -> Sequence[Period]:
    """All shares of a step that ever were in force, the oldest first."""
    query = select(ALLOCATION).where(*of_experiment(ALLOCATION, place))
    query = query.order_by(ALLOCATION.c.since, ALLOCATION.c.place)
    found: dict[datetime, Period] = {}
    for row in connection.execute(query):
        before = found.get(row.since)
        shares = (*(before.shares if before else ()), (row.variant, row.share))
        found[row.since] = Period(row.since, row.until, shares)
    return list(found.values())


def put_in_force(
    connection: Connection, place: Experiment, shares: Mapping[str, float], since: datetime
) -> None:
    """Let shares take the place of those in force, from an instant on."""
    end(connection, place, since)
    named = dict(zip(("campaign", "step", "occasion"), place, strict=True))
    rows = [
        {**named, "since": since, "variant": name, "place": number, "share": share, "until": None}
        for number, (name, share) in enumerate(shares.items())
    ]
    insert_new(connection, ALLOCATION, rows)


def end(connection: Connection, place: Experiment, at: datetime) -> None:
    """Let no shares be in force any more; those that began at the same instant never were."""
    open_ = [*of_experiment(ALLOCATION, place), ALLOCATION.c.until.is_(None)]
    connection.execute(ALLOCATION.delete().where(*open_, ALLOCATION.c.since >= at))
    connection.execute(update(ALLOCATION).where(*open_).values(until=at))
