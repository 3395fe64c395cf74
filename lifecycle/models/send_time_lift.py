"""What chosen hours were worth: chosen letters beside the standing control of the same days.

Letters are compared within strata (a source on a weekday of a week), so that it does not matter
what went when to how many. The ratio of rates is that of Mantel and Haenszel with the variance of
Greenland and Robins ("Estimation of a Common Effect Parameter from Sparse Follow-up Data",
Biometrics 41, 1985). The interval that may be looked at every day is the mixture sequential one
(Johari, Pekelis and Walsh, "Always Valid Inference", 2015) on the logarithm of the ratio.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lifecycle.core.hours import Role

LEVEL = 0.05
Z = 1.959964
"""Two-sided 95 %."""
USUAL_LIFT = 0.1
"""The standard deviation of lifts, as logarithms, that the sequential interval is sharpest for."""
LEAST_ANSWERS = 5
"""With fewer answers on one side nothing is said."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Letters and answers of one role, of one source on one weekday of one week.

    Letters older than `hours.ANSWERED_WITHIN` alone are counted, as they were decided: a control
    letter that was held by quiet hours or a cap stays one.
    """

    key: str
    """What is alike of the letters compared: "campaign/step week weekday"."""
    role: Role
    letters: int
    answered: int


@dataclass(frozen=True, slots=True)
class HourLift:
    """By how much chosen letters are answered more often than a control's: 0.05 is 5 % more.

    `low` to `high` covers the truth however often it is looked at, at 95 %; `fixed_low` to
    `fixed_high` does if it is looked at once, on a day named before.
    """

    ratio: float
    low: float
    high: float
    fixed_low: float
    fixed_high: float
    points: float
    """The same as a difference of rates: 0.001 is one answer in a thousand letters."""
    letters: int
    control_letters: int

    @property
    def proven(self) -> bool:
        """Whether chance alone would hardly make such a difference, however often looked at."""
        return self.low > 0 or self.high < 0


def lift(strata: Sequence[Stratum], control: Role, chosen: Role = "chosen") -> HourLift | None:
    """The lift of chosen letters over a control, "shop" or "list".

    None where too few answered, or so many that no difference could be seen.

    `lift(strata, "shop", "list")` tells what the list's curve alone is worth, and
    `lift(strata, "list")` what knowing persons and groups adds to it.
    """
    pairs: dict[str, list[int]] = {}
    for one in strata:
        if one.role in (control, chosen):
            sums = pairs.setdefault(one.key, [0, 0, 0, 0])
            place = 0 if one.role == chosen else 2
            sums[place] += one.letters
            sums[place + 1] += one.answered
    both = [sums for _, sums in sorted(pairs.items()) if sums[0] and sums[2]]
    if min(sum(one[1] for one in both), sum(one[3] for one in both)) < LEAST_ANSWERS:
        return None
    ours = theirs = spread = weight = 0.0
    for letters, met, control_letters, control_met in both:
        every = letters + control_letters
        ours += met * control_letters / every
        theirs += control_met * letters / every
        missed, control_missed = letters - met, control_letters - control_met
        spread += (
            letters * met * control_missed + control_letters * control_met * missed
        ) / every**2
        weight += letters * control_letters / every
    if not spread:
        return None
    variance = spread / (ours * theirs)
    told = math.log(ours / theirs)
    fixed = Z * math.sqrt(variance)
    always = always_valid(variance)
    return HourLift(
        ratio=math.expm1(told),
        low=math.expm1(told - always),
        high=math.expm1(told + always),
        fixed_low=math.expm1(told - fixed),
        fixed_high=math.expm1(told + fixed),
        points=(ours - theirs) / weight,
        letters=sum(one[0] for one in both),
        control_letters=sum(one[2] for one in both),
    )


def always_valid(variance: float) -> float:
    """Half the width, in logarithms, of the interval that may be looked at whenever one likes."""
    usual = USUAL_LIFT**2
    both = variance + usual
    return math.sqrt(variance * both / usual * math.log(both / (variance * LEVEL**2)))
