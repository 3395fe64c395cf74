"""How the variants of a campaign's steps compare, by a test that may be looked at at any time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from lifecycle.core.campaign import Broadcast, Campaign, letters_of
from lifecycle.core.experiment import Earned, Measured, always_valid_p, leading
from lifecycle.core.step import Step
from lifecycle.insight.interval import Share, share
from lifecycle.store.occasions import states
from lifecycle.store.scores import scores
from lifecycle.store.tables import METADATA

VERDICT = METADATA.tables["verdict"]
BY_IF_UNSAID = "click_rate"
OCCURRENCES = 12
"""Of a recurring broadcast so many are told."""


@dataclass(frozen=True, slots=True)
class VariantScore:
    """One variant: its share, and the always-valid p-value that it equals the leader.

    By revenue `share` is of the letters that brought something, and `mean` what a letter brought.
    """

    variant: str
    share: Share
    p: float | None
    mean: float | None = None


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step's test: what decides it, its variants, who leads, and the verdict once given."""

    step: str
    occasion: str
    """The date of the occurrence, of a recurring broadcast; else empty."""
    by: str
    confidence: float
    variants: tuple[VariantScore, ...]
    leader: str
    proven: bool
    detail: str
    verdict: str
    verdict_proven: bool | None
    verdict_at: datetime | None


def experiment_report(
    connection: Connection, campaign: Campaign, now: datetime
) -> tuple[StepReport, ...]:
    """Every step of a campaign that has variants; of a recurring one the latest occurrences."""
    steps = [step for _, step in letters_of(campaign) if step.variant]
    return tuple(
        _step(connection, campaign, step, occasion, now)
        for step in steps
        for occasion in _occasions(connection, campaign)
    )


def _occasions(connection: Connection, campaign: Campaign) -> list[str]:
    """What the experiments of a campaign are told apart by, the latest first."""
    if not isinstance(campaign, Broadcast) or campaign.every is None:
        return [""]
    known = {one.occasion for one in states(connection, campaign.id) if one.begun}
    return sorted(known, reverse=True)[:OCCURRENCES]


def _step(
    connection: Connection, campaign: Campaign, step: Step, occasion: str, now: datetime
) -> StepReport:
    winner = step.winner
    by = winner.by if winner is not None else BY_IF_UNSAID
    confidence = winner.confidence if winner is not None else 95.0
    at_least = winner.at_least if winner is not None else 100
    found = scores(connection, campaign, step, by, now, occasion)
    result = leading(found, confidence, at_least)
    best = next((one for one in found if result and one.variant == result.variant), None)
    query = select(VERDICT).where(
        VERDICT.c.campaign == campaign.id,
        VERDICT.c.step == step.name,
        VERDICT.c.occasion == occasion,
    )
    verdict = connection.execute(query).first()
    return StepReport(
        step.name,
        occasion,
        by,
        confidence,
        tuple(_variant(one, best) for one in found),
        result.variant if result else "",
        bool(result and result.proven),
        result.detail if result else "no variant is ahead of the others",
        verdict.variant if verdict else "",
        bool(verdict.proven) if verdict else None,
        verdict.at if verdict else None,
    )


def _variant(one: Measured, best: Measured | None) -> VariantScore:
    mean = one.rate if isinstance(one, Earned) else None
    return VariantScore(one.variant, share(one.met, one.sent), _p(one, best), mean)


def _p(one: Measured, best: Measured | None) -> float | None:
    return None if best is None or one is best else always_valid_p(best, one)
