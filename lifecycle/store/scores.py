"""Counts what each variant of a step has come to: letters, and those that met the measure."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Connection, exists, func, select, type_coerce

from lifecycle.core.campaign import Campaign
from lifecycle.core.experiment import Score
from lifecycle.core.step import Step
from lifecycle.store.tables import METADATA

MESSAGE, EVENT = METADATA.tables["message"], METADATA.tables["event"]
_GONE = ("accepted", "uncertain")


def scores(
    connection: Connection, campaign: Campaign, step: Step, by: str, now: datetime
) -> list[Score]:
    """The score of each variant in the file's order.

    `by` = click_rate (a human click), open_rate (a human open), goal_rate and revenue (a goal event
    within the goal's time after the letter).
    """
    met = _met(campaign, by, now)
    query = (
        select(MESSAGE.c.variant, func.count(), func.count().filter(met))
        .where(
            MESSAGE.c.campaign == campaign.id,
            MESSAGE.c.step == step.name,
            MESSAGE.c.state.in_(_GONE),
        )
        .group_by(MESSAGE.c.variant)
    )
    found = {variant: Score(variant, sent, hit) for variant, sent, hit in connection.execute(query)}
    return [found.get(one.name, Score(one.name, 0, 0)) for one in step.variant]


def _met(campaign: Campaign, by: str, now: datetime) -> ColumnElement[bool]:
    if by == "open_rate":
        return MESSAGE.c.opened_at.is_not(None)
    if by == "click_rate" or campaign.goal is None:
        return MESSAGE.c.clicked_at.is_not(None)
    within = int(campaign.goal.within.total_seconds() * 1_000_000)
    return exists().where(
        EVENT.c.customer_id == MESSAGE.c.customer_id,
        EVENT.c.name.in_(campaign.goal.when),
        EVENT.c.at >= MESSAGE.c.attempted_at,
        type_coerce(EVENT.c.at, BigInteger)
        < type_coerce(MESSAGE.c.attempted_at, BigInteger) + within,
        EVENT.c.due_at <= now,
    )


def last_letter_at(connection: Connection, campaign: str, step: str) -> datetime | None:
    """When the latest letter of a step went."""
    query = select(func.max(MESSAGE.c.attempted_at, type_=MESSAGE.c.attempted_at.type)).where(
        MESSAGE.c.campaign == campaign, MESSAGE.c.step == step
    )
    found: datetime | None = connection.execute(query).scalar()
    return found


def first_letter_at(connection: Connection, campaign: str, step: str) -> datetime | None:
    """When the first letter of a step went."""
    query = select(func.min(MESSAGE.c.attempted_at, type_=MESSAGE.c.attempted_at.type)).where(
        MESSAGE.c.campaign == campaign, MESSAGE.c.step == step
    )
    found: datetime | None = connection.execute(query).scalar()
    return found
