"""Which letters of a test count, and what answers them: conditions shared by rates and revenue."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, FromClause, exists, or_, select, type_coerce

from lifecycle.core.campaign import Campaign
from lifecycle.core.enter import Goal
from lifecycle.store.dialect.order_id import OrderId
from lifecycle.store.tables import METADATA

MESSAGE, EVENT = METADATA.tables["message"], METADATA.tables["event"]
GONE = ("accepted", "uncertain")
SECOND = 1_000_000
"""Instants are kept as microseconds."""


def letters(
    campaign: str,
    step: str,
    occasion: str,
    until: datetime | None = None,
    decided: datetime | None = None,
    versions: Collection[str] = (),
) -> list[ColumnElement[bool]]:
    """The letters of a step that have gone, by `until` where that is said.

    Those planned from `decided` on, when there was a winner, are no part of the test; nor are those
    of readers who had one under another version, where `versions` of the campaign are said.
    """
    which = [MESSAGE.c.campaign == campaign, MESSAGE.c.step == step]
    if occasion:
        which.append(MESSAGE.c.entry == occasion)
    if until is not None:
        which.append(MESSAGE.c.attempted_at <= until)
    if decided is not None:
        which.append(MESSAGE.c.planned_at < decided)
    if versions:
        before = MESSAGE.alias("before")
        had_another = select(before.c.message_id).where(
            before.c.customer_id == MESSAGE.c.customer_id,
            before.c.attempted_at.is_not(None),
            before.c.campaign == campaign,
            before.c.step == step,
            before.c.variant != "",
            before.c.version.not_in(versions),
        )
        which.append(~had_another.exists())
    return [*which, MESSAGE.c.state.in_(GONE)]


def met(campaign: Campaign, by: str, within: timedelta, now: datetime) -> ColumnElement[bool]:
    """Whether a letter met a measure within its time, by what was known at `now`."""
    if by in ("goal_rate", "revenue") and campaign.goal is not None:
        return exists().where(*led_to(campaign.goal, within, now))
    answered = MESSAGE.c.opened_at if by == "open_rate" else MESSAGE.c.clicked_at
    in_time = _micros(answered) < _micros(MESSAGE.c.attempted_at) + microseconds(within)
    return answered.is_not(None) & in_time


def led_to(goal: Goal, within: timedelta, now: datetime) -> list[ColumnElement[bool]]:
    """What makes an event one that a letter led to: the last letter of its step before it.

    A letter that went at the event's very instant came of it, not before it.
    """
    later = MESSAGE.alias("later")
    # Said, since by itself it would be taken for any letter where this stands within an `exists`.
    is_later = select(later.c.message_id).correlate(MESSAGE, EVENT)
    is_later = is_later.where(
        later.c.customer_id == MESSAGE.c.customer_id,
        is_after(later),
        later.c.attempted_at < EVENT.c.at,
        later.c.campaign == MESSAGE.c.campaign,
        later.c.step == MESSAGE.c.step,
        later.c.state.in_(GONE),
    )
    return [
        EVENT.c.customer_id == MESSAGE.c.customer_id,
        named(goal),
        EVENT.c.at > MESSAGE.c.attempted_at,
        _micros(EVENT.c.at) < _micros(MESSAGE.c.attempted_at) + microseconds(within),
        EVENT.c.due_at <= now,
        ~is_later.exists(),
        ~told_before(goal, now),
    ]


def named(goal: Goal, event: FromClause = EVENT) -> ColumnElement[bool]:
    """Whether an event bears one of the goal's names."""
    exact = [name for name in goal.when if not name.endswith("*")]
    found: list[ColumnElement[bool]] = [event.c.name.in_(exact)] if exact else []
    for name in goal.when:
        if name.endswith("*"):
            found.append(event.c.name.startswith(name[:-1], autoescape=True))
    return or_(*found)


def told_before(goal: Goal, now: datetime) -> ColumnElement[bool]:
    """Whether an earlier event of a goal told of the order that an event tells of.

    Then no letter between the two led to it. An event that names no order is one of its own.
    """
    earlier = EVENT.alias("earlier")
    query = select(earlier.c.event_id).correlate(EVENT)
    return query.where(
        earlier.c.customer_id == EVENT.c.customer_id,
        named(goal, earlier),
        earlier.c.at < EVENT.c.at,
        earlier.c.due_at <= now,
        OrderId(earlier.c.properties) == OrderId(EVENT.c.properties),
    ).exists()


def is_after(later: FromClause) -> ColumnElement[bool]:
    """Whether a letter went after another, by which credit is its own; at one instant by id."""
    at, own = later.c.attempted_at, MESSAGE.c.attempted_at
    return (at > own) | ((at == own) & (later.c.message_id > MESSAGE.c.message_id))


def microseconds(length: timedelta) -> int:
    """A length in microseconds."""
    return length // timedelta(microseconds=1)


def _micros(column: ColumnElement[datetime | None]) -> ColumnElement[int]:
    return type_coerce(column, BigInteger)
