"""What each variant of a step had come to by the end of each day, as it was known then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import BigInteger, Connection, func, select, type_coerce

from lifecycle.core.campaign import Campaign
from lifecycle.core.experiment import Earned, Measured, Score
from lifecycle.core.step import Step
from lifecycle.core.words import from_micros
from lifecycle.store.answers import MESSAGE, letters, met, microseconds
from lifecycle.store.earned import Credit, credits
from lifecycle.store.scores import Counted

HOUR = timedelta(hours=1)


@dataclass(slots=True)
class _Sums:
    sent: int = 0
    met: int = 0
    total: float = 0.0
    squares: float = 0.0


@dataclass(frozen=True, slots=True)
class _Change:
    """What changes at an instant in the sums of a variant."""

    at: datetime
    variant: str
    sent: int = 0
    met: int = 0
    total: float = 0.0
    squares: float = 0.0


def series(
    connection: Connection,
    campaign: Campaign,
    step: Step,
    counted: Counted,
    latest: Sequence[Measured],
    days: Sequence[datetime],
    occasion: str = "",
) -> list[list[Measured]]:
    """The scores at each of `days`, in the order of `latest`, whose design effects are taken.

    Letters are told apart by the hour of their sending; feedback that came late counts from the
    hour in which it was due. Young letters, where they are counted at all, count on the last day.
    Worths are those known at each day.
    """
    now = days[-1] if days else from_micros(0)
    changes = list(_letters(connection, campaign, step, counted, now, occasion))
    if any(isinstance(one, Earned) for one in latest):
        which = (campaign, step, counted.within, counted.until, now, occasion)
        found = credits(connection, *which, decided=counted.decided, versions=counted.versions)
        changes = [replace(one, met=0) for one in changes]
        changes += _of_orders(found, counted, now)
    changes.sort(key=lambda one: one.at)
    sums: dict[str, _Sums] = defaultdict(_Sums)
    told, place = [], 0
    for day in days:
        while place < len(changes) and changes[place].at <= day:
            change = changes[place]
            of = sums[change.variant]
            of.sent += change.sent
            of.met += change.met
            of.total += change.total
            of.squares += change.squares
            place += 1
        told.append([_as(one, sums[one.variant]) for one in latest])
    return told


def _as(one: Measured, by: _Sums) -> Measured:
    if isinstance(one, Score):
        return Score(one.variant, by.sent, by.met, one.design)
    return Earned(one.variant, by.sent, by.met, by.total, by.squares, one.design)


def _letters(
    connection: Connection,
    campaign: Campaign,
    step: Step,
    counted: Counted,
    now: datetime,
    occasion: str,
) -> Iterable[_Change]:
    """Letters and those that met the measure, at the hour in which their time was over."""
    size = microseconds(HOUR)
    each = (
        select(
            MESSAGE.c.variant,
            (type_coerce(MESSAGE.c.attempted_at, BigInteger).op("/")(size)).label("hour"),
            met(campaign, counted.by, counted.within, now).label("met"),
        )
        .where(
            *letters(
                *(campaign.id, step.name, occasion, counted.until, counted.decided),
                counted.versions,
            )
        )
        .subquery()
    )
    told = (each.c.variant, each.c.hour)
    query = select(*told, func.count(), func.count().filter(each.c.met)).group_by(*told)
    for variant, hour, sent, hits in connection.execute(query):
        ends = from_micros((hour + 1) * size) + counted.within
        yield _Change(min(ends, now), variant, sent=sent, met=hits)


def _of_orders(found: Iterable[Credit], counted: Counted, now: datetime) -> list[_Change]:
    """What letters brought, from when their time was over, as orders were refunded."""
    by_letter: dict[tuple[str, str], list[Credit]] = defaultdict(list)
    for one in found:
        by_letter[one.variant, one.message_id].append(one)
    changes = []
    for (variant, _), orders in sorted(by_letter.items()):
        begins = min(orders[0].sent_at + counted.within, now)
        instants = sorted(
            {begins, *(at for one in orders for at, _ in one.worth.steps if at > begins)}
        )
        before = 0.0
        for at in instants:
            brought = sum(_counted(one.worth.known_at(at), counted.cap) for one in orders)
            paid = (brought > 0) - (before > 0)
            squares = brought**2 - before**2
            changes.append(_Change(at, variant, 0, paid, brought - before, squares))
            before = brought
    return changes


def _counted(worth: Decimal, cap: Decimal | None) -> float:
    return float(worth if cap is None else min(worth, cap))
