"""Counts what each variant of a step has come to: letters, those that met the measure, revenue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, exists, func, or_, select, type_coerce

from lifecycle.core.campaign import Campaign
from lifecycle.core.enter import Goal
from lifecycle.core.experiment import Earned, Measured, Score
from lifecycle.core.step import Step
from lifecycle.core.words import number
from lifecycle.store.tables import METADATA

MESSAGE, EVENT = METADATA.tables["message"], METADATA.tables["event"]
_GONE = ("accepted", "uncertain")
STREAMED = 2_000


def scores(
    connection: Connection,
    campaign: Campaign,
    step: Step,
    by: str,
    now: datetime,
    occasion: str = "",
) -> list[Measured]:
    """The score of each variant in the file's order.

    `by` = click_rate (a human click), open_rate (a human open), goal_rate (a goal event within the
    goal's time after the letter), or revenue: what the goal's `value` comes to in that time, a
    letter. With `occasion` those of that occurrence alone.
    """
    met = _met(campaign, by, now)
    query = (
        select(MESSAGE.c.variant, func.count(), func.count().filter(met))
        .where(*_letters(campaign.id, step.name, occasion))
        .group_by(MESSAGE.c.variant)
    )
    counts = {variant: (sent, hit) for variant, sent, hit in connection.execute(query)}
    if by == "revenue" and campaign.goal is not None and campaign.goal.value is not None:
        earned = _earned(connection, campaign, step, now, occasion)
        return [
            Earned(one.name, *counts.get(one.name, (0, 0)), *earned.get(one.name, (0.0, 0.0)))
            for one in step.variant
        ]
    return [Score(one.name, *counts.get(one.name, (0, 0))) for one in step.variant]


def _letters(campaign: str, step: str, occasion: str) -> list[ColumnElement[bool]]:
    own = [MESSAGE.c.entry == occasion] if occasion else []
    which = [MESSAGE.c.campaign == campaign, MESSAGE.c.step == step, *own]
    return [*which, MESSAGE.c.state.in_(_GONE)]


def _met(campaign: Campaign, by: str, now: datetime) -> ColumnElement[bool]:
    if by == "open_rate":
        return MESSAGE.c.opened_at.is_not(None)
    if by == "click_rate" or campaign.goal is None:
        return MESSAGE.c.clicked_at.is_not(None)
    return exists().where(*_reached(campaign.goal, now))


def _reached(goal: Goal, now: datetime) -> list[ColumnElement[bool]]:
    """What makes an event one that a letter led to."""
    within = int(goal.within.total_seconds() * 1_000_000)
    named: list[ColumnElement[bool]] = [
        EVENT.c.name.in_([name for name in goal.when if not name.endswith("*")])
    ]
    for name in goal.when:
        if name.endswith("*"):
            named.append(EVENT.c.name.startswith(name[:-1], autoescape=True))
    return [
        EVENT.c.customer_id == MESSAGE.c.customer_id,
        or_(*named),
        EVENT.c.at >= MESSAGE.c.attempted_at,
        type_coerce(EVENT.c.at, BigInteger)
        < type_coerce(MESSAGE.c.attempted_at, BigInteger) + within,
        EVENT.c.due_at <= now,
    ]


def _earned(
    connection: Connection, campaign: Campaign, step: Step, now: datetime, occasion: str
) -> dict[str, tuple[float, float]]:
    """The sum of what letters brought, and of the squares, by variant."""
    goal = campaign.goal
    assert goal is not None and goal.value is not None
    path = goal.value.split(".")
    query = select(MESSAGE.c.message_id, MESSAGE.c.variant, EVENT.c.properties).where(
        *_letters(campaign.id, step.name, occasion), *_reached(goal, now)
    )
    brought: dict[tuple[str, str], float] = defaultdict(float)
    for message, variant, said in connection.execute(
        query, execution_options={"yield_per": STREAMED}
    ):
        worth = number(_at(said, path))
        brought[variant, message] += float(worth) if worth is not None else 0.0
    found: dict[str, tuple[float, float]] = {}
    for (variant, _), sum_ in sorted(brought.items()):
        total, squares = found.get(variant, (0.0, 0.0))
        found[variant] = (total + sum_, squares + sum_**2)
    return found


def _at(value: Any, path: list[str]) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


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
