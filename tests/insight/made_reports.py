"""Reports as they come from real tests, made of stated rates: days, intervals, comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from lifecycle.core.chance import fraction
from lifecycle.core.experiment import (
    Earned,
    Measured,
    Score,
    allowed,
    best_first,
    closest,
    difference,
    interval,
    needs,
)
from lifecycle.core.verdict_words import Telling, not_yet_words, proven_words
from lifecycle.insight.interval import Share
from lifecycle.insight.tested import (
    Compared,
    Day,
    DayDifference,
    DayRate,
    SampleRatio,
    StepReport,
    VariantScore,
)

BEGINS = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONFIDENCE = 95.0
AMOUNTS = (12.5, 24.9, 39.0, 52.4, 79.9, 140.0)


def scores_of(
    rates: Mapping[str, float], days: int, a_day: int, *, revenue: bool = False
) -> list[list[Measured]]:
    """What each variant had come to by the end of each day, drawn by hash at its rate."""
    found: list[list[Measured]] = []
    sums = {name: [0, 0, 0.0, 0.0] for name in rates}
    for day in range(days):
        for name, rate in rates.items():
            mine = sums[name]
            for letter in range(a_day):
                mine[0] += 1
                if fraction("made", name, str(day), str(letter)) < rate:
                    amount = AMOUNTS[int(6 * fraction("amount", name, str(day), str(letter)))]
                    mine[1] += 1
                    mine[2] += amount
                    mine[3] += amount * amount
        found.append([_measured(name, mine, revenue) for name, mine in sums.items()])
    return found


def _measured(name: str, sums: Sequence[float], revenue: bool) -> Measured:
    sent, met = int(sums[0]), int(sums[1])
    return Earned(name, sent, met, sums[2], sums[3]) if revenue else Score(name, sent, met)


def made_step(
    rates: Mapping[str, float],
    *,
    days: int = 30,
    a_day: int = 100,
    revenue: bool = False,
    **more: Any,
) -> StepReport:
    """A step's report after so many days; `more` is put in place of what is made."""
    by = "revenue" if revenue else "click_rate"
    each = scores_of(rates, days, a_day, revenue=revenue)
    latest = each[-1] if each else [_measured(name, (0, 0, 0.0, 0.0), revenue) for name in rates]
    ranked = best_first(latest)
    alpha = allowed(CONFIDENCE, len(latest)) if len(latest) > 1 else 0.05
    leads = len(ranked) > 1 and ranked[0].rate > ranked[1].rate
    compared = tuple(_compared(ranked[0], one, alpha) for one in ranked[1:]) if leads else ()
    lead = closest(latest, CONFIDENCE) if leads else None
    proven = bool(compared) and all(one.proven for one in compared)
    words = Telling(CONFIDENCE, "EUR" if revenue else "")
    wanted = compared[0].needs if compared else None
    told = (
        proven_words(lead, words)
        if proven and lead is not None
        else not_yet_words(latest, lead, wanted, timedelta(days=3))
    )
    made: dict[str, Any] = {
        "step": "again",
        "occasion": "",
        "by": by,
        "confidence": CONFIDENCE,
        "variants": tuple(_variant(one) for one in latest),
        "leader": ranked[0].variant if proven else "",
        "proven": proven,
        "detail": "",
        "verdict": "",
        "verdict_proven": None,
        "verdict_at": None,
        "sentence": told,
        "comparisons": compared,
        "ratio": SampleRatio(
            tuple(1 / len(latest) for _ in latest), tuple(one.sent for one in latest), 1.0, False
        ),
        "policy": "test",
        "first_at": BEGINS if days else None,
        "needs": wanted,
        "series": tuple(_day(place, found, ranked[0].variant) for place, found in enumerate(each)),
    }
    return StepReport(**{**made, **more})


def _day(place: int, found: Sequence[Measured], leader: str) -> Day:
    first = next(one for one in found if one.variant == leader)
    alpha = allowed(CONFIDENCE, len(found)) if len(found) > 1 else 0.05
    ends = BEGINS.replace(hour=0) + timedelta(days=place + 1)
    return Day(
        ends,
        tuple(_rate(one) for one in found),
        tuple(_difference(first, one, alpha) for one in found if one is not first),
    )


def _rate(one: Measured) -> DayRate:
    known = interval(one, 0.05)
    ends = (known.low, known.high) if known is not None else (None, None)
    return DayRate(one.variant, one.sent, one.rate if one.sent else None, *ends)


def _difference(first: Measured, other: Measured, alpha: float) -> DayDifference:
    found = difference(first, other, alpha)
    ends = (found.interval.low, found.interval.high) if found.interval else (None, None)
    return DayDifference(first.variant, other.variant, found.difference, *ends)


def _variant(one: Measured) -> VariantScore:
    known = interval(one, 0.05) if one.sent else None
    low, high = (known.low, known.high) if known is not None else (None, None)
    rate = one.rate if one.sent else None
    earned = isinstance(one, Earned)
    return VariantScore(
        variant=one.variant,
        share=Share(
            one.met, one.sent, rate if not earned else one.met / max(1, one.sent), low, high
        ),
        p=None,
        mean=rate if earned else None,
        planned=one.sent,
        sent=one.sent,
        delivered=one.sent - one.sent // 90,
        clicked=one.met,
        opened=one.sent // 5,
        goals=one.met // 3,
        revenue=Decimal(one.met * 17),
        rate=rate,
        low=low,
        high=high,
        best=1 / 2,
    )


def _compared(leader: Measured, other: Measured, alpha: float) -> Compared:
    found = difference(leader, other, alpha)
    low, high = (found.interval.low, found.interval.high) if found.interval else (None, None)
    return Compared(
        leader.variant,
        other.variant,
        found.difference,
        low,
        high,
        found.p,
        alpha,
        found.p <= alpha,
        0.9,
        needs(leader, other, alpha),
    )
