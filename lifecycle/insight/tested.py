"""What the report of an experiment is made of: variants, comparisons, days, and the verdict.

Every interval here is always valid: it holds at all looks at once, however often one looks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from lifecycle.insight.bandit import BanditReport
from lifecycle.insight.interval import Share


@dataclass(frozen=True, slots=True)
class VariantScore:
    """One variant: what its letters came to.

    `share` is of the letters that met the measure (by revenue: that brought something) with its
    always-valid interval; `mean` is what a letter brought, told of `revenue` alone. `rate` is what
    is compared, a share or a mean, and `low` to `high` its interval; None while nothing is known.
    """

    variant: str
    share: Share
    p: float | None
    """The always-valid p-value of "as good as the leader"; of the leader None."""
    mean: float | None = None
    planned: int = 0
    """Letters that were owed as this variant, whatever became of them."""
    sent: int = 0
    delivered: int = 0
    clicked: int = 0
    """Letters that a person clicked in."""
    opened: int = 0
    """Letters that a person opened."""
    opened_by_machine: int = 0
    """Letters that only machines opened."""
    goals: int = 0
    """Letters that led to the goal within its time."""
    revenue: Decimal = Decimal()
    """What those goals were worth in the shop's currency, refunds subtracted, nothing cut off."""
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    best: float | None = None
    """How probable it is that this is the best of all, by a posterior from a flat prior."""
    other_currencies: Mapping[str, Decimal] = field(default_factory=dict)
    """What goals were worth in other currencies."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The leader beside one other variant: `difference` is the leader's rate less the other's."""

    leader: str
    variant: str
    difference: float
    low: float | None
    """None while nothing can be said yet, and so is `high`."""
    high: float | None
    p: float
    """The always-valid p-value, not corrected; it is proven at or below `allowed`."""
    allowed: float
    proven: bool
    probability: float | None
    """How probable it is that the leader is better, by a posterior from a flat prior."""
    needs: int | None
    """About so many letters a variant prove a difference of this size; None where there is none."""


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Whether letters were shared out as the shares say; `wrong` is an alarm."""

    expected: tuple[float, ...]
    """The share of each variant, in the order of the variants."""
    counted: tuple[int, ...]
    p: float
    """Always valid: it may be looked at after every letter."""
    wrong: bool


@dataclass(frozen=True, slots=True)
class DayRate:
    """One variant by a day's end: letters so far, and its rate with its interval."""

    variant: str
    sent: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class DayDifference:
    """Today's leader less another variant, by what was known at a day's end."""

    leader: str
    variant: str
    difference: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Day:
    """All that was known at a day's end, from the first letter on."""

    ends: datetime
    rates: tuple[DayRate, ...]
    differences: tuple[DayDifference, ...]


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
    """The variant that was given the verdict; empty while there is none."""
    verdict_proven: bool | None
    verdict_at: datetime | None
    sentence: str = ""
    """What there is to say, in one sentence to be repeated."""
    comparisons: tuple[Compared, ...] = ()
    ratio: SampleRatio | None = None
    policy: str = ""
    """`bandit` where the shares follow the answers; such a test is never proven."""
    first_at: datetime | None = None
    """When its first letter went."""
    decides_from: datetime | None = None
    """Before this nothing is decided, whatever the figures say."""
    ends_at: datetime | None = None
    """When `within` is over, and the leader is kept."""
    capped_at: Decimal | None = None
    """By revenue: an order counts up to this amount, which was fixed before the test."""
    needs: int | None = None
    """Letters a variant, in all, that would prove the leader's lead if it stays as it is."""
    warnings: tuple[str, ...] = ()
    series: tuple[Day, ...] = ()
    bandit: BanditReport | None = None
    """Where shares follow the answers: whom they favour, rates corrected for shares that changed.

    What is said of such a test is its `sentence`, in place of any other.
    """
