"""What letters of a step were answered with, by variant and by day, each given the same time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import BigInteger, Connection, func, select, type_coerce

from lifecycle.core.answering import time_to_answer
from lifecycle.core.campaign import Campaign
from lifecycle.core.step import Step
from lifecycle.core.words import micros
from lifecycle.store.answers import MESSAGE, SECOND, letters, met
from lifecycle.store.earned import credits

DAY = 86_400 * SECOND


@dataclass(frozen=True, slots=True)
class Answers:
    """Letters of one variant, and what they were answered with: how many, the sum, the squares."""

    letters: int
    met: int
    total: float
    squares: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Which letters are counted, by what: those of one step that have had their time by an instant.

    `until` is the latest instant at which a letter may have gone; `since` None is from the first
    on. Orders count up to `cap`.
    """

    campaign: Campaign
    step: Step
    by: str
    until: datetime
    occasion: str = ""
    since: datetime | None = None
    cap: Decimal | None = None

    @property
    def within(self) -> timedelta:
        """How long a letter is given to be answered."""
        return time_to_answer(self.campaign, self.by)


def measurable(campaign: Campaign, by: str) -> bool:
    """Whether the campaign says what a metric needs: a goal, and what it is worth."""
    if by == "goal_rate":
        return campaign.goal is not None
    return by != "revenue" or (campaign.goal is not None and campaign.goal.value is not None)


def answers_by_day(
    connection: Connection, asked: Asked, now: datetime
) -> dict[tuple[str, int], Answers]:
    """What letters came to by `now`, by variant and by the whole days from them to `until`.

    Letters of variants that the step no longer has are left out.
    """
    names = {one.name for one in asked.step.variant}
    age = (micros(asked.until) - type_coerce(MESSAGE.c.attempted_at, BigInteger)) // DAY
    hit = met(asked.campaign, asked.by, asked.within, now)
    query = (
        select(MESSAGE.c.variant, age.label("age"), func.count(), func.count().filter(hit))
        .where(*letters(asked.campaign.id, asked.step.name, asked.occasion, asked.until))
        .group_by(MESSAGE.c.variant, age)
    )
    if asked.since is not None:
        query = query.where(MESSAGE.c.attempted_at >= asked.since)
    rows = [row for row in connection.execute(query) if row[0] in names]
    counts = {(row[0], int(row[1])): (row[2], row[3]) for row in rows}
    if asked.by != "revenue":
        return {
            key: Answers(sent, hits, float(hits), float(hits))
            for key, (sent, hits) in counts.items()
        }
    earned = _earned(connection, asked, now)
    return {
        key: Answers(sent, hits, *earned.get(key, (0.0, 0.0)))
        for key, (sent, hits) in counts.items()
    }


def answers(connection: Connection, asked: Asked, now: datetime) -> dict[str, Answers]:
    """What letters came to by `now`, by variant."""
    found: dict[str, Answers] = {}
    for (variant, _), one in sorted(answers_by_day(connection, asked, now).items()):
        before = found.get(variant, Answers(0, 0, 0.0, 0.0))
        found[variant] = Answers(
            before.letters + one.letters,
            before.met + one.met,
            before.total + one.total,
            before.squares + one.squares,
        )
    return found


def _earned(
    connection: Connection, asked: Asked, now: datetime
) -> Mapping[tuple[str, int], tuple[float, float]]:
    """The sum of what letters brought, refunds subtracted, and of the squares."""
    which = (asked.campaign, asked.step, asked.within, asked.until)
    brought: dict[tuple[str, int, str], float] = defaultdict(float)
    for one in credits(connection, *which, now, asked.occasion):
        worth = one.worth.latest if asked.cap is None else min(one.worth.latest, asked.cap)
        age = (asked.until - one.sent_at) // timedelta(days=1)
        brought[one.variant, age, one.message_id] += float(worth)
    found: dict[tuple[str, int], tuple[float, float]] = {}
    for (variant, age, _), sum_ in sorted(brought.items()):
        total, squares = found.get((variant, age), (0.0, 0.0))
        found[variant, age] = (total + sum_, squares + sum_**2)
    return found
