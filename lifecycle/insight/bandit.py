"""What a bandit has come to: whom it favours by now, and rates corrected for shares that changed.

Each letter counts by the inverse of the share its variant had when its reader was given it: so a
variant that had most letters in good weeks looks no better for it (Horvitz and Thompson, "A
Generalization of Sampling Without Replacement", 1952; normed after Hajek, 1971). Intervals are the
always-valid ones of as many letters as weigh as much. None of it is a proof, and none is called so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, Subquery, and_, func, or_, select

from lifecycle.core.answering import time_to_answer
from lifecycle.core.campaign import Flow
from lifecycle.core.sequential import mean_interval, rate_interval
from lifecycle.core.step import Step
from lifecycle.store import allocation, operations
from lifecycle.store.allocation import ALLOCATION, Period
from lifecycle.store.answers import MESSAGE, letters, met
from lifecycle.store.earned import cap_of, credits
from lifecycle.store.scores import first_letter_at

CONFIDENCE = 0.95
"""Of each interval by itself."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A rate, or a mean, in which each letter weighs as it was rarely or often given out."""

    rate: float
    size: float
    """So many letters of equal weight would be as sure."""
    variance: float
    """That of one letter's answer."""
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Group:
    """Letters of one variant that were given out under one share, and what they came to."""

    share: float
    letters: int
    met: int
    total: float
    squares: float


@dataclass(frozen=True, slots=True)
class BanditVariant:
    """One variant of a bandit."""

    variant: str
    share: float
    """Of new readers, now; from 0 to 1."""
    letters: int
    """That have had their time to be answered."""
    met: int
    weighed: Weighed | None
    chance: float | None
    """The probability that it is the best one by now, with what is long ago counting less."""


@dataclass(frozen=True, slots=True)
class BanditReport:
    """What a bandit favours, and by what; never a proof."""

    campaign: str
    step: str
    by: str
    variants: tuple[BanditVariant, ...]
    favourite: str
    """Empty while nothing is known."""
    periods: tuple[Period, ...]
    kept: str
    """The variant that is kept since `within` is over; else empty."""
    kept_at: datetime | None
    sentence: str


def bandit_report(
    connection: Connection, campaign: Flow, step: Step, now: datetime
) -> BanditReport | None:
    """What a step's bandit has come to; None where the step has none."""
    from lifecycle.models.learning import learned_from
    from lifecycle.models.registered import prior_of
    from lifecycle.models.thompson import favours

    winner, place = step.winner, (campaign.id, step.name, "")
    if winner is None or winner.policy != "bandit":
        return None
    cap = None
    if winner.by == "revenue":
        first = first_letter_at(connection, campaign.id, step)
        cap = cap_of(connection, campaign, place, first, now)
    days = learned_from(connection, campaign, step, winner.by, cap, now)
    chances = favours(days, prior_of(connection, winner.by, now))
    shares = dict(allocation.in_force(connection).get(place, ())) or _said(step)
    kept_at = operations.verdict_at(connection, place)
    groups = _groups(connection, campaign, step, kept_at, cap, now)
    found = tuple(
        BanditVariant(
            one.name,
            shares.get(one.name, 0.0),
            sum(group.letters for group in groups.get(one.name, ())),
            sum(group.met for group in groups.get(one.name, ())),
            weigh(groups.get(one.name, ()), winner.by),
            None if chances is None else chances[number],
        )
        for number, one in enumerate(step.variant)
    )
    kept = operations.verdicts(connection).get(place, "")
    favourite = max(found, key=lambda one: one.chance or 0.0) if chances else None
    name = favourite.variant if favourite is not None else ""
    periods = tuple(allocation.periods(connection, place))
    said = _sentence(favourite, kept)
    return BanditReport(
        campaign.id, step.name, winner.by, found, name, periods, kept, kept_at, said
    )


def weigh(groups: Iterable[Group], by: str) -> Weighed | None:
    """The rate of a variant whose share changed, and its interval; None without letters."""
    each = [one for one in groups if one.letters and one.share > 0]
    if not each:
        return None
    weights = [1 / one.share for one in each]
    whole = sum(weight * one.letters for weight, one in zip(weights, each, strict=True))
    squared = sum(weight**2 * one.letters for weight, one in zip(weights, each, strict=True))
    total = sum(weight * one.total for weight, one in zip(weights, each, strict=True))
    squares = sum(weight * one.squares for weight, one in zip(weights, each, strict=True))
    rate, size = total / whole, whole**2 / squared
    variance = max(0.0, squares / whole - rate**2)
    alpha = 1 - CONFIDENCE
    if by == "revenue":
        paid = sum(one.met for one in each) * size / sum(one.letters for one in each)
        found = mean_interval(rate, variance, size, paid, alpha)
    else:
        found = rate_interval(rate * size, size, alpha)
    return Weighed(rate, size, variance, found.low, found.high)


def _said(step: Step) -> dict[str, float]:
    whole = sum(one.share for one in step.variant)
    return {one.name: one.share / whole for one in step.variant}


def _sentence(favourite: BanditVariant | None, kept: str) -> str:
    if kept:
        return f"“{kept}” was kept as the favourite, not proven."
    if favourite is None or favourite.chance is None:
        return "Nobody has answered yet: the variants are given out as the file says."
    new = f"{favourite.share:.0%} of new letters"
    return f"The bandit favours “{favourite.variant}” ({new}). That is no proof."


def _groups(
    connection: Connection,
    flow: Flow,
    step: Step,
    kept_at: datetime | None,
    cap: Decimal | None,
    now: datetime,
) -> Mapping[str, Sequence[Group]]:
    """The letters that have had their time, by variant and by the share they were given out by.

    Those planned since the favourite is kept were given out by no share, and are left out.
    """
    assert step.winner is not None
    by, said = step.winner.by, _said(step)
    within = time_to_answer(flow, by)
    given = _given(flow, step)
    hit = met(flow, by, within, now)
    query = (
        select(MESSAGE.c.variant, given.c.share, func.count(), func.count().filter(hit))
        .join(
            given,
            and_(
                given.c.customer_id == MESSAGE.c.customer_id,
                given.c.variant == MESSAGE.c.variant,
            ),
        )
        .where(*letters(flow.id, step.name, "", now - within, kept_at))
        .group_by(MESSAGE.c.variant, given.c.share)
    )
    counts: dict[tuple[str, float], list[int]] = defaultdict(lambda: [0, 0])
    for variant, share, sent, hits in connection.execute(query):
        if variant in said:
            of = counts[variant, said[variant] if share is None else share]
            of[0], of[1] = of[0] + sent, of[1] + hits
    earned = None
    if by == "revenue":
        earned = _earned(connection, flow, step, given, kept_at, cap, now)
    found: dict[str, list[Group]] = defaultdict(list)
    for (variant, share), (sent, hits) in sorted(counts.items()):
        sums = (float(hits), float(hits))
        if earned is not None:
            sums = earned.get((variant, share), (0.0, 0.0))
        found[variant].append(Group(share, sent, hits, *sums))
    return found


def _given(flow: Flow, step: Step) -> Subquery:
    """Each reader with the share that their variant had when they were first given it."""
    of: list[ColumnElement[bool]] = [MESSAGE.c.campaign == flow.id, MESSAGE.c.step == step.name]
    first = (
        select(
            MESSAGE.c.customer_id,
            MESSAGE.c.variant,
            func.min(MESSAGE.c.planned_at, type_=MESSAGE.c.planned_at.type).label("at"),
        )
        .where(*of, MESSAGE.c.variant != "")
        .group_by(MESSAGE.c.customer_id, MESSAGE.c.variant)
        .subquery()
    )
    in_force = and_(
        ALLOCATION.c.campaign == flow.id,
        ALLOCATION.c.step == step.name,
        ALLOCATION.c.variant == first.c.variant,
        ALLOCATION.c.since <= first.c.at,
        or_(ALLOCATION.c.until.is_(None), ALLOCATION.c.until > first.c.at),
    )
    query = select(first.c.customer_id, first.c.variant, ALLOCATION.c.share)
    return query.select_from(first.outerjoin(ALLOCATION, in_force)).subquery()


def _earned(
    connection: Connection,
    flow: Flow,
    step: Step,
    given: Subquery,
    kept_at: datetime | None,
    cap: Decimal | None,
    now: datetime,
) -> Mapping[tuple[str, float], tuple[float, float]]:
    """The sums of what letters brought, orders up to `cap`, and squares, by variant and share."""
    within, said = time_to_answer(flow, "revenue"), _said(step)
    brought: dict[tuple[str, str, str], float] = defaultdict(float)
    for one in credits(connection, flow, step, within, now - within, now, decided=kept_at):
        worth = one.worth.latest if cap is None else min(one.worth.latest, cap)
        brought[one.variant, one.customer_id, one.message_id] += float(worth)
    rows = connection.execute(select(given.c.customer_id, given.c.variant, given.c.share))
    paid = {(variant, customer) for variant, customer, _ in brought}
    share = {(row[1], row[0]): row[2] for row in rows if (row[1], row[0]) in paid}
    found: dict[tuple[str, float], tuple[float, float]] = {}
    for (variant, customer, _), paid_in in sorted(brought.items()):
        of = share.get((variant, customer))
        key = (variant, said.get(variant, 1.0) if of is None else of)
        total, squares = found.get(key, (0.0, 0.0))
        found[key] = (total + paid_in, squares + paid_in**2)
    return found
