"""Counts what each variant of a step has come to: letters, those that met the measure, revenue.

A letter counts once its time to be answered is over (`core/answering.py`). Letters to one reader
answer alike, so that the scatter is that of readers: each score bears its design effect.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from lifecycle.core.campaign import Campaign
from lifecycle.core.experiment import Earned, Measured, Score
from lifecycle.core.step import Step
from lifecycle.store.answers import MESSAGE, letters, met
from lifecycle.store.earned import credits
from lifecycle.store.given import versions_of_test


@dataclass(frozen=True, slots=True)
class Counted:
    """Which letters are counted, and how far: those by `until` alone, and answers `within` a time.

    `until` None counts all, however young; `cap` is that of each order, None for none.
    """

    by: str
    within: timedelta
    until: datetime | None
    cap: Decimal | None = None
    decided: datetime | None = None
    """When there was a winner: letters planned from then on are no part of the test."""
    versions: tuple[str, ...] = ()
    """Of the campaign, those whose letters are the test's (`versions_of_test`); none: all."""


def scores(
    connection: Connection,
    campaign: Campaign,
    step: Step,
    counted: Counted,
    now: datetime,
    occasion: str = "",
) -> list[Measured]:
    """The score of each variant in the file's order.

    `by` = click_rate (a human click), open_rate (a human open), goal_rate (a goal event), or
    revenue: what the goal's `value` comes to, a letter. With `occasion` those of that occurrence.
    """
    readers = _readers(connection, campaign, step, counted, now, occasion)
    names = [one.name for one in step.variant]
    if counted.by == "revenue" and campaign.goal is not None and campaign.goal.value is not None:
        brought = _brought(connection, campaign, step, counted, now, occasion)
        several = _several(connection, campaign, step, counted, occasion)
        return [_earned(name, readers[name], brought[name], several) for name in names]
    return [_score(name, readers[name]) for name in names]


def _of_test(
    campaign: Campaign, step: Step, counted: Counted, occasion: str
) -> list[ColumnElement[bool]]:
    said = (counted.until, counted.decided, counted.versions)
    return letters(campaign.id, step.name, occasion, *said)


Readers = Mapping[tuple[int, int], int]
"""How many readers have so many letters, of which so many met the measure."""


def _readers(
    connection: Connection,
    campaign: Campaign,
    step: Step,
    counted: Counted,
    now: datetime,
    occasion: str,
) -> defaultdict[str, Readers]:
    hit = met(campaign, counted.by, counted.within, now)
    each = (
        select(
            MESSAGE.c.variant,
            func.count().label("letters"),
            func.count().filter(hit).label("met"),
        )
        .where(*_of_test(campaign, step, counted, occasion))
        .group_by(MESSAGE.c.variant, MESSAGE.c.customer_id)
        .subquery()
    )
    query = select(each.c.variant, each.c.letters, each.c.met, func.count()).group_by(
        each.c.variant, each.c.letters, each.c.met
    )
    found: dict[str, dict[tuple[int, int], int]] = defaultdict(dict)
    for variant, sent, hits, count in connection.execute(query):
        found[variant][sent, hits] = count
    return defaultdict(dict, found)


def _score(variant: str, readers: Readers) -> Score:
    sent = sum(letters * count for (letters, _), count in readers.items())
    hits = sum(found * count for (_, found), count in readers.items())
    rate = hits / sent if sent else 0.0
    scatter = sum(
        (found - rate * letters) ** 2 * count for (letters, found), count in readers.items()
    )
    return Score(variant, sent, hits, _design(scatter, sent * rate * (1 - rate)))


def _design(of_readers: float, of_letters: float) -> float:
    """By how much more readers scatter than letters alone would; never less than they."""
    return max(1.0, of_readers / of_letters) if of_letters > 0 else 1.0


def _brought(
    connection: Connection,
    campaign: Campaign,
    step: Step,
    counted: Counted,
    now: datetime,
    occasion: str,
) -> defaultdict[str, dict[tuple[str, str], float]]:
    """What each letter brought that brought anything, by variant, reader and letter."""
    found: defaultdict[str, dict[tuple[str, str], float]] = defaultdict(lambda: defaultdict(float))
    which = (campaign, step, counted.within, counted.until, now, occasion)
    for one in credits(connection, *which, decided=counted.decided, versions=counted.versions):
        worth = one.worth.latest if counted.cap is None else min(one.worth.latest, counted.cap)
        found[one.variant][one.customer_id, one.message_id] += float(worth)
    return found


def _several(
    connection: Connection, campaign: Campaign, step: Step, counted: Counted, occasion: str
) -> dict[str, int]:
    """The letters of those readers who have more than one."""
    query = (
        select(MESSAGE.c.customer_id, func.count())
        .where(*_of_test(campaign, step, counted, occasion))
        .group_by(MESSAGE.c.customer_id)
        .having(func.count() > 1)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _earned(
    variant: str,
    readers: Readers,
    brought: Mapping[tuple[str, str], float],
    several: Mapping[str, int],
) -> Earned:
    sent = sum(letters * count for (letters, _), count in readers.items())
    by_reader: dict[str, float] = defaultdict(float)
    for (customer, _), worth in sorted(brought.items()):
        by_reader[customer] += worth
    total = sum(by_reader.values())
    squares = sum(worth**2 for _, worth in sorted(brought.items()))
    paid = sum(worth > 0 for worth in brought.values())
    mean = total / sent if sent else 0.0
    of_readers = sum(letters**2 * count for (letters, _), count in readers.items()) * mean**2
    for customer, worth in by_reader.items():
        of_readers += worth**2 - 2 * mean * worth * several.get(customer, 1)
    design = _design(of_readers, squares - total * mean)
    return Earned(variant, sent, paid, total, squares, design)


def last_letter_at(
    connection: Connection, campaign: str, step: str, occasion: str = ""
) -> datetime | None:
    """When the latest letter of a step went."""
    return _letter_at(connection, func.max, campaign, step, occasion)


def first_letter_at(
    connection: Connection, campaign: str, step: Step, occasion: str = ""
) -> datetime | None:
    """When the first letter of a step's test went; None while none has.

    That is the first one under a version that had all the variants of now: letters from before the
    step had variants, or before the latest of them came, are no time in which they were compared.
    """
    versions = versions_of_test(connection, (campaign, step.name, occasion), step)
    of_test = [MESSAGE.c.variant.in_(sorted(one.name for one in step.variant))]
    if versions:
        of_test.append(MESSAGE.c.version.in_(versions))
    return _letter_at(connection, func.min, campaign, step.name, occasion, of_test)


def _letter_at(
    connection: Connection,
    which: Any,
    campaign: str,
    step: str,
    occasion: str,
    more: Sequence[ColumnElement[bool]] = (),
) -> datetime | None:
    own = [MESSAGE.c.entry == occasion] if occasion else []
    sent = which(MESSAGE.c.attempted_at, type_=MESSAGE.c.attempted_at.type)
    of = [MESSAGE.c.campaign == campaign, MESSAGE.c.step == step, *own, *more]
    found: datetime | None = connection.execute(select(sent).where(*of)).scalar()
    return found
