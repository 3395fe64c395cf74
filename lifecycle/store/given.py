"""To how many new readers each variant of a step was given, under which shares."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, func, select, type_coerce

from lifecycle.core.policy import Experiment
from lifecycle.core.step import Step
from lifecycle.core.words import micros
from lifecycle.store.allocation import Period
from lifecycle.store.answers import MESSAGE, microseconds
from lifecycle.store.operations import verdict_at
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new

SHARES = METADATA.tables["shares_said"]
QUARTER = microseconds(timedelta(minutes=15))
"""Readers are told apart by the quarter of an hour where a bandit's shares change."""
Given = list[tuple[tuple[float, ...], tuple[int, ...]]]
"""Shares of each variant in the file's order, and how many new readers fell on each."""


def keep_shares(connection: Connection, steps: Iterable[tuple[str, str, Step]]) -> None:
    """Keep the shares of steps as they are now: campaign, version of the campaign, and step."""
    rows = [
        {
            "campaign": campaign,
            "step": step.name,
            "version": version,
            "shares": {one.name: one.share for one in step.variant},
        }
        for campaign, version, step in steps
    ]
    insert_new(connection, SHARES, rows)


def given(
    connection: Connection, place: Experiment, variants: Sequence[str], periods: Sequence[Period]
) -> Given:
    """New readers by variant, for each set of shares that was in force.

    Who comes again sees what they saw, and after a verdict all see the winner: neither counts. Of
    `periods` those of a bandit count, in place of what files said. Readers of variants that are
    gone, or of a version that nobody knows any more, are left out.
    """
    said = said_shares(connection, place)
    found: dict[tuple[float, ...], Counter[str]] = defaultdict(Counter)
    for version, variant, quarter, count in connection.execute(_new_readers(connection, place)):
        shares = _shares(said.get(version), periods, quarter * QUARTER)
        if shares is not None and set(shares) == set(variants):
            found[tuple(shares[name] for name in variants)][variant] += count
    return [
        (shares, tuple(counts[name] for name in variants))
        for shares, counts in sorted(found.items())
    ]


def said_shares(connection: Connection, place: Experiment) -> dict[str, dict[str, float]]:
    """The shares of a step's variants by version of its campaign."""
    query = select(SHARES.c.version, SHARES.c.shares).where(
        SHARES.c.campaign == place[0], SHARES.c.step == place[1]
    )
    return {row.version: row.shares for row in connection.execute(query)}


def versions_of_test(connection: Connection, place: Experiment, step: Step) -> tuple[str, ...]:
    """The versions of a campaign under which all variants of now were given out; none: all.

    A variant that came later is compared with letters of its own time alone, and among those who
    could have been given it: in the weeks before it readers may have answered otherwise.
    """
    names = {one.name for one in step.variant}
    said = said_shares(connection, place)
    fit = tuple(version for version, shares in sorted(said.items()) if names <= set(shares))
    return fit if len(fit) < len(said) else ()


def _shares(
    said: Mapping[str, float] | None, periods: Sequence[Period], at: int
) -> Mapping[str, float] | None:
    for one in periods:
        if micros(one.since) // QUARTER <= at // QUARTER and (
            one.until is None or at // QUARTER < micros(one.until) // QUARTER
        ):
            return dict(one.shares)
    return said


def _new_readers(connection: Connection, place: Experiment) -> Select[Any]:
    """Each reader's first message of the step, before there was a verdict."""
    campaign, step, occasion = place
    of = [MESSAGE.c.campaign == campaign, MESSAGE.c.step == step, MESSAGE.c.variant != ""]
    own = [MESSAGE.c.entry == occasion] if occasion else []
    turn = (MESSAGE.c.planned_at, MESSAGE.c.message_id)
    first = (
        select(
            MESSAGE.c.version,
            MESSAGE.c.variant,
            MESSAGE.c.planned_at,
            (type_coerce(MESSAGE.c.planned_at, BigInteger).op("/")(QUARTER)).label("quarter"),
            func.row_number().over(partition_by=MESSAGE.c.customer_id, order_by=turn).label("turn"),
        )
        .where(*of, *own)
        .subquery()
    )
    told = (first.c.version, first.c.variant, first.c.quarter)
    query = select(*told, func.count()).where(first.c.turn == 1).group_by(*told)
    decided = verdict_at(connection, place)
    if decided is not None:
        query = query.where(first.c.planned_at < decided)
    return query
