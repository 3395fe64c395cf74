"""How the variants of a campaign's steps compare, by figures that may be looked at at any time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from lifecycle.core.answering import time_to_count
from lifecycle.core.campaign import Broadcast, Campaign, Flow, letters_of
from lifecycle.core.experiment import (
    Difference,
    Earned,
    Measured,
    allowed,
    always_valid_p,
    best_first,
    closest,
    difference,
    interval,
    leading,
    needs,
)
from lifecycle.core.least import Least
from lifecycle.core.policy import Experiment
from lifecycle.core.step import Step, Winner
from lifecycle.core.verdict_words import Telling
from lifecycle.insight.experiment_days import days_of
from lifecycle.insight.experiment_words import sentence, warnings
from lifecycle.insight.interval import Share
from lifecycle.insight.posterior import probability_best, probability_better
from lifecycle.insight.sample_ratios import sample_ratio
from lifecycle.insight.tested import Compared, Day, StepReport, VariantScore
from lifecycle.insight.variant_totals import Totals, totals
from lifecycle.store.earned import cap_of
from lifecycle.store.experiments import of_experiment
from lifecycle.store.given import versions_of_test
from lifecycle.store.occasions import states
from lifecycle.store.scores import Counted, first_letter_at, scores
from lifecycle.store.tables import METADATA

VERDICT = METADATA.tables["verdict"]
UNSAID = Winner(by="click_rate")
"""How variants are compared where nobody is to win."""
OCCURRENCES = 12
"""Of a recurring broadcast so many are told."""


@dataclass(frozen=True, slots=True)
class _Test:
    """A step's test, and what is counted of it."""

    campaign: Campaign
    step: Step
    winner: Winner
    occasion: str
    first_at: datetime | None
    counted: Counted
    verdict: Any

    @property
    def place(self) -> Experiment:
        return self.campaign.id, self.step.name, self.occasion

    @property
    def is_bandit(self) -> bool:
        return self.winner.policy == "bandit"

    @property
    def may_prove(self) -> bool:
        """Whether figures may ever prove anything: not a bandit's, nor revenue without a cap."""
        return not self.is_bandit and (self.counted.by != "revenue" or self.counted.cap is not None)


def experiment_report(
    connection: Connection,
    campaign: Campaign,
    now: datetime,
    *,
    zone: str = "UTC",
    currency: str = "",
) -> tuple[StepReport, ...]:
    """Every step of a campaign that has variants; of a recurring one the latest occurrences.

    Days end at midnight in `zone`; `currency` is that of what a letter brings.
    """
    steps = [step for _, step in letters_of(campaign) if step.variant]
    return tuple(
        _step(connection, _test(connection, campaign, step, occasion, now), now, zone, currency)
        for step in steps
        for occasion in _occasions(connection, campaign)
    )


def _occasions(connection: Connection, campaign: Campaign) -> list[str]:
    """What the experiments of a campaign are told apart by, the latest first."""
    if not isinstance(campaign, Broadcast) or campaign.every is None:
        return [""]
    known = {one.occasion for one in states(connection, campaign.id) if one.begun}
    return sorted(known, reverse=True)[:OCCURRENCES]


def _test(
    connection: Connection, campaign: Campaign, step: Step, occasion: str, now: datetime
) -> _Test:
    winner = step.winner or UNSAID
    evergreen = isinstance(campaign, Flow)
    within = time_to_count(campaign, winner.by, winner, occasion=not evergreen)
    first = first_letter_at(connection, campaign.id, step, occasion)
    place = (campaign.id, step.name, occasion)
    earns = winner.by == "revenue"
    cap = cap_of(connection, campaign, place, first, now) if earns else None
    verdict = connection.execute(select(VERDICT).where(*of_experiment(VERDICT, place))).first()
    until = now - within if evergreen else None
    decided = verdict.at if verdict is not None else None
    versions = versions_of_test(connection, place, step)
    counted = Counted(winner.by, within, until, cap, decided, versions)
    return _Test(campaign, step, winner, occasion, first, counted, verdict)


def _step(
    connection: Connection, test: _Test, now: datetime, zone: str, currency: str
) -> StepReport:
    winner, step, counted, verdict = test.winner, test.step, test.counted, test.verdict
    found = scores(connection, test.campaign, step, counted, now, test.occasion)
    least = winner.at_least.letters if step.winner is not None else Least().letters
    result = leading(found, winner.confidence, least)
    ratio = sample_ratio(connection, test.place, [one.name for one in step.variant])
    from_ = _decides_from(test)
    can_prove = test.may_prove and not (ratio is not None and ratio.wrong)
    figures = bool(result and result.proven and can_prove)
    comparisons = _comparisons(found, winner.confidence, can_prove=test.may_prove)
    so_far = totals(connection, test.campaign, step, now, test.occasion, currency=currency)
    variants = _variants(found, so_far, winner)
    words = Telling(winner.confidence, currency if isinstance(found[0], Earned) else "")
    return StepReport(
        step=step.name,
        occasion=test.occasion,
        by=winner.by,
        confidence=winner.confidence,
        variants=variants,
        leader=result.variant if result else "",
        proven=figures and (from_ is None or now >= from_),
        detail=result.detail if result else "no variant is ahead of the others",
        verdict=verdict.variant if verdict else "",
        verdict_proven=bool(verdict.proven) if verdict else None,
        verdict_at=verdict.at if verdict else None,
        sentence=sentence(
            found,
            words,
            verdict=verdict,
            lead=closest(found, winner.confidence),
            wrong=ratio is not None and ratio.wrong,
            needs=comparisons[0].needs if comparisons else None,
            figures_prove=figures,
            from_=from_ if from_ is not None and now < from_ else None,
            to_answer=counted.within,
            bandit=_favoured(variants) if test.is_bandit else None,
        ),
        comparisons=comparisons,
        ratio=ratio,
        policy=winner.policy if step.winner is not None else "",
        first_at=test.first_at,
        decides_from=from_,
        ends_at=_ends(test),
        capped_at=counted.cap,
        needs=comparisons[0].needs if comparisons else None,
        warnings=warnings(winner, counted, test.first_at, _currencies(variants)),
        series=_series(connection, test, found, now, zone),
    )


def _series(
    connection: Connection, test: _Test, found: Sequence[Measured], now: datetime, zone: str
) -> tuple[Day, ...]:
    days = (now, zone, test.first_at, test.occasion, test.winner.confidence)
    return days_of(connection, test.campaign, test.step, test.counted, found, *days)


def _currencies(variants: Sequence[VariantScore]) -> list[str]:
    """The currencies beside the shop's in which something came in."""
    return sorted({name for one in variants for name in one.other_currencies})


def _favoured(variants: Sequence[VariantScore]) -> float:
    """The probability of the favourite to be the best."""
    return max((one.best or 0.0 for one in variants), default=0.0)


def _decides_from(test: _Test) -> datetime | None:
    """Before when nothing is decided; of a flow's step that is to have a winner alone."""
    if test.first_at is None or test.step.winner is None or not isinstance(test.campaign, Flow):
        return None
    return test.first_at + test.winner.at_least.wait(test.counted.within)


def _ends(test: _Test) -> datetime | None:
    within: timedelta | None = test.winner.within
    return test.first_at + within if test.first_at is not None and within is not None else None


def _variants(
    found: list[Measured], so_far: dict[str, Totals], winner: Winner
) -> tuple[VariantScore, ...]:
    chances = probability_best(found)
    best = best_first(found)[0]
    leads = any(best.rate != one.rate for one in found)
    told = []
    for place, one in enumerate(found):
        p = always_valid_p(best, one) if leads and one is not best else None
        chance = chances[place] if chances else None
        of = so_far.get(one.variant, Totals())
        told.append(_variant(one, of, p, 1 - winner.confidence / 100, chance))
    return tuple(told)


def _variant(
    one: Measured, so_far: Totals, p: float | None, alpha: float, chance: float | None
) -> VariantScore:
    found = interval(one, alpha)
    rate = one.rate if one.sent else None
    low, high = (found.low, found.high) if found is not None else (None, None)
    met = one.met / one.sent if one.sent else None
    ends = (low, high) if not isinstance(one, Earned) else (None, None)
    return VariantScore(
        variant=one.variant,
        share=Share(one.met, one.sent, met, *ends),
        p=p,
        mean=rate if isinstance(one, Earned) else None,
        planned=so_far.planned,
        sent=so_far.sent,
        delivered=so_far.delivered,
        clicked=so_far.clicked,
        opened=so_far.opened,
        opened_by_machine=so_far.opened_by_machine,
        goals=so_far.goals,
        revenue=so_far.revenue,
        other_currencies=so_far.other_currencies,
        rate=rate,
        low=low,
        high=high,
        best=chance,
    )


def _comparisons(
    found: list[Measured], confidence: float, *, can_prove: bool
) -> tuple[Compared, ...]:
    """The leader beside each other variant, the closest first; nothing while none leads."""
    ranked = best_first(found)
    if len(ranked) < 2 or ranked[0].rate == ranked[1].rate:
        return ()
    alpha = allowed(confidence, len(found))
    return tuple(
        _compared(difference(ranked[0], other, alpha), ranked[0], other, alpha, can_prove=can_prove)
        for other in ranked[1:]
    )


def _compared(
    found: Difference, leader: Measured, other: Measured, alpha: float, *, can_prove: bool
) -> Compared:
    low, high = (found.interval.low, found.interval.high) if found.interval else (None, None)
    return Compared(
        leader=found.one,
        variant=found.other,
        difference=found.difference,
        low=low,
        high=high,
        p=found.p,
        allowed=alpha,
        proven=can_prove and found.p <= alpha,
        probability=probability_better(leader, other),
        needs=needs(leader, other, alpha),
    )
