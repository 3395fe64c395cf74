"""What a test can show before it is launched: whom it asks, what it would prove, what it gains."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.answering import time_to_answer
from lifecycle.core.campaign import Broadcast, Campaign, Flow, Series, letters_of
from lifecycle.core.experiment import allowed
from lifecycle.core.occasion import opens_at
from lifecycle.core.policy import Policy
from lifecycle.core.sequential import half_width
from lifecycle.core.step import Step, Winner
from lifecycle.models.past_tests import Prior, default_prior
from lifecycle.models.registered import prior_of
from lifecycle.models.test_and_roll import gain, share_to_test
from lifecycle.store import occasions, operations
from lifecycle.store.by_day import Asked, answers
from lifecycle.store.rule_sql import members
from lifecycle.store.tables import METADATA

MESSAGE = METADATA.tables["message"]
ASSUMED = 10_000
"""So many readers are spoken of where no database says how many there are."""
MONTH = timedelta(days=28)
"""How many letters of a flow go is told by so long, in which each weekday comes alike."""
LEAST_LETTERS = 500
"""From so many letters of its own on a flow's step has a rate of its own."""
IF_UNSAID = "click_rate"
POWER_Z = 0.8416212
"""The quantile of 80 % power."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is to be expected of one step's test, in the unit of `by`: shares, or money a letter."""

    campaign: str
    step: str
    kind: str
    by: str
    policy: str
    """test or bandit."""
    variants: int
    readers: int
    """Of a flow: letters in 28 days."""
    counted: bool
    """Whether that is counted in the database, or assumed."""
    tested: int
    """How many readers try the variants, all of them together."""
    decides_after: timedelta | None
    """Of a broadcast or a series: how long the others wait for the winner."""
    confidence: float
    rate: float
    """What a letter is expected to come to."""
    detectable: float
    """The difference of two variants that the test proves in 8 cases of 10, if it is there."""
    usual: float
    """The difference that is to be expected of two variants: the standard deviation of it."""
    needs: int
    """How many letters a variant would prove that."""
    gains: float
    """What is expected above one variant at random: clicks, goals, or money; over the readers, of
    a flow over the next `ASSUMED` letters after the test."""
    perfect: float
    """The same of somebody who knew the best from the first."""
    past_tests: int
    """From how many of the shop's own tests that is learned; of 0 by usual figures."""
    in_money: bool
    decided: str = ""
    """Of a flow: the variant that the step's test was decided for; empty while it was not."""
    decided_is_there: bool = True
    """Whether that variant is still one of the step's."""


def prospects(
    catalog: Catalog, connection: Connection | None, now: datetime
) -> tuple[Prospect, ...]:
    """Every test of variants that is to come or goes on; without a database by assumption."""
    return tuple(_prospects(catalog, connection, now))


def _prospects(
    catalog: Catalog, connection: Connection | None, now: datetime
) -> Iterator[Prospect]:
    verdicts = {} if connection is None else operations.verdicts(connection)
    for campaign in catalog.campaigns.values():
        if campaign.status == "archived":
            continue
        readers: int | None = None
        for _, step in letters_of(campaign):
            if len(step.variant) < 2 or not _to_come(campaign, step, connection, now):
                continue
            if isinstance(campaign, Flow):
                if step.winner is not None:
                    found = _of_flow(campaign, step, step.winner, connection, now)
                    decided = verdicts.get((campaign.id, step.name, ""), "")
                    is_there = not decided or any(one.name == decided for one in step.variant)
                    yield replace(found, decided=decided, decided_is_there=is_there)
                continue
            if readers is None:
                readers = _readers(catalog, campaign, connection, now)
            yield _of_occasion(campaign, step, readers, connection, now)


def _to_come(campaign: Campaign, step: Step, connection: Connection | None, now: datetime) -> bool:
    """Whether the letter of a broadcast or series has still to go; a flow's always has."""
    if isinstance(campaign, Flow) or (isinstance(campaign, Broadcast) and campaign.every):
        return True
    if connection is None:
        first = opens_at(campaign) if isinstance(campaign, Broadcast) else None
        return first is None or first > now
    known = occasions.states(connection, campaign.id)
    return not any(one.step == step.name and (one.begun or not one.moment) for one in known)


def _readers(
    catalog: Catalog, campaign: Broadcast | Series, connection: Connection | None, now: datetime
) -> int:
    if connection is None:
        return ASSUMED
    settings = catalog.settings
    found = members(
        connection,
        campaign.audience,
        catalog.rules,
        now,
        shop_zone=settings.shop.timezone,
        tiers=settings.points.ladder,
    )
    policy = Policy(settings, catalog.rules)
    return sum(not policy.held_out(campaign, one) for one in found)


def _prior(by: str, connection: Connection | None, now: datetime) -> Prior:
    return default_prior(by) if connection is None else prior_of(connection, by, now)


def _of_occasion(
    campaign: Broadcast | Series,
    step: Step,
    readers: int,
    connection: Connection | None,
    now: datetime,
) -> Prospect:
    winner, variants = step.winner, len(step.variant)
    by = winner.by if winner is not None else IF_UNSAID
    prior = _prior(by, connection, now)
    share, waits = 100.0, winner.waits if winner is not None else None
    if winner is not None and waits is not None and winner.test_percent is not None:
        said = winner.test_percent
        share = share_to_test(readers, variants, prior) if said == "auto" else float(said)
    letters = readers * share / 100 / variants
    confidence = winner.confidence if winner is not None else 95.0
    found = gain(readers, variants, letters, prior)
    return _prospect(
        campaign,
        step,
        prior,
        readers,
        letters,
        confidence,
        counted=connection is not None,
        decides_after=waits,
        gains=(found.expected, found.perfect),
    )


def _of_flow(
    flow: Flow, step: Step, winner: Winner, connection: Connection | None, now: datetime
) -> Prospect:
    """A test that goes on: what 28 days of it, or `within`, would prove, and gain after that."""
    variants, prior = len(step.variant), _prior(winner.by, connection, now)
    readers = ASSUMED
    if connection is not None:
        readers = _letters_of_late(connection, flow, step, now)
        prior = _own(connection, flow, step, winner.by, prior, now)
    span = min(winner.within, MONTH) if winner.within is not None else MONTH
    letters = readers * (span / MONTH) / variants
    found = gain(ASSUMED + variants * letters, variants, letters, prior)
    return _prospect(
        flow,
        step,
        prior,
        readers,
        letters,
        winner.confidence,
        counted=connection is not None,
        decides_after=None,
        gains=(found.expected, gain(ASSUMED, variants, letters, prior).perfect),
    )


def detectable(letters: float, variants: int, confidence: float, prior: Prior) -> float:
    """The difference that so many letters a variant prove at 80 % power, by our own test.

    That is always valid: it asks for more letters than one look at a number fixed beforehand.
    """
    if letters <= 0:
        return math.inf
    variance, alpha = 2 * prior.noise**2 / letters, allowed(confidence, variants)
    return half_width(variance, letters / 2, alpha) + POWER_Z * math.sqrt(variance)


def _needed(difference: float, variants: int, confidence: float, prior: Prior) -> int:
    """How many letters a variant prove a difference at 80 % power."""
    few, many = 1, 2
    while detectable(many, variants, confidence, prior) > difference:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        enough = detectable(middle, variants, confidence, prior) <= difference
        few, many = (few, middle) if enough else (middle, many)
    return many


def _letters_of_late(connection: Connection, flow: Flow, step: Step, now: datetime) -> int:
    query = select(func.count()).where(
        MESSAGE.c.campaign == flow.id,
        MESSAGE.c.step == step.name,
        MESSAGE.c.attempted_at > now - MONTH,
    )
    return int(connection.execute(query).scalar_one())


def _own(
    connection: Connection, flow: Flow, step: Step, by: str, prior: Prior, now: datetime
) -> Prior:
    """The prior at the rate of the step's own letters, where there are enough of them."""
    until = now - time_to_answer(flow, by)
    found = answers(connection, Asked(flow, step, by, until), now).values()
    letters, total = sum(one.letters for one in found), sum(one.total for one in found)
    if letters < LEAST_LETTERS or not 0 < total < letters or by == "revenue":
        return prior
    return prior.at(total / letters)


def _prospect(
    campaign: Campaign,
    step: Step,
    prior: Prior,
    readers: int,
    letters: float,
    confidence: float,
    *,
    counted: bool,
    decides_after: timedelta | None,
    gains: tuple[float, float],
) -> Prospect:
    usual, variants = math.sqrt(2) * prior.spread, len(step.variant)
    proves = detectable(letters, variants, confidence, prior)
    return Prospect(
        campaign.id,
        step.name,
        campaign.kind,
        prior.by,
        step.winner.policy if step.winner is not None else "test",
        variants,
        readers,
        counted,
        round(variants * letters),
        decides_after,
        confidence,
        prior.mean,
        proves,
        usual,
        _needed(usual, variants, confidence, prior),
        *gains,
        prior.tests,
        prior.in_money,
    )
