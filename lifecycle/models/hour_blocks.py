"""Sums of letters and answers by block, a source in a period of weeks, and by slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lifecycle.core.learned_hours import HOURS, WEEK
from lifecycle.models.hour_evidence import Count, Floats, Ints
from lifecycle.models.hour_kernels import DAYS
from lifecycle.models.quadratic import Parabola

PERIOD_WEEKS = 4
"""A source's rate is its own in each such period; forgetting is judged by periods."""
SUREST = 0.9


@dataclass(frozen=True, slots=True)
class Blocks:
    """A row for each block, a column for each slot: hours of the day, or of the week."""

    answered: Floats
    expected: Floats
    weight: Floats
    """What each block counts: by its age, and the more the surer answers are (at most one each)."""
    age: Ints
    """In periods."""
    source: Sequence[str]

    @property
    def slots(self) -> int:
        """How many slots there are."""
        return int(self.answered.shape[1])

    def near(self, curve: Floats) -> Parabola:
        """The log-likelihood of the answers' spread over the slots, as a parabola around a curve.

        Poisson with each block's rate put at its likeliest, which is the multinomial likelihood.
        """
        due = self.expected * np.exp(curve)
        total = due.sum(1)
        some = total > 0
        ratio = np.divide(self.answered.sum(1), total, out=np.zeros_like(total), where=some)
        due *= ratio[:, None]
        score = self.weight @ (self.answered - due)
        of_block = due.sum(1)
        scaled = np.divide(self.weight, of_block, out=np.zeros_like(total), where=of_block > 0)
        information = np.diag(self.weight @ due) - (due * scaled[:, None]).T @ due
        return Parabola(score + information @ curve, information)

    def rates(self, curve: Floats, rate: float) -> dict[str, float]:
        """Of each source the rate at an hour of average worth; of few letters near `rate`."""
        due = self.weight * (self.expected @ np.exp(curve))
        met = self.weight * self.answered.sum(1)
        sums: dict[str, list[float]] = {}
        for source, one, of in zip(self.source, met.tolist(), due.tolist(), strict=True):
            found = sums.setdefault(source, [1.0, 1.0 / rate])
            found[0] += one
            found[1] += of
        return {source: found[0] / found[1] for source, found in sorted(sums.items())}

    def by_hour(self) -> Blocks:
        """The same by the hour of the day; a block is a source on a weekday of a period."""
        rows = len(self.source)
        spread = [one.reshape(rows * DAYS, HOURS) for one in (self.answered, self.expected)]
        some = spread[1].sum(1) > 0
        return Blocks(
            spread[0][some],
            spread[1][some],
            np.repeat(self.weight, DAYS)[some],
            np.repeat(self.age, DAYS)[some],
            [
                source
                for source, used in zip(np.repeat(self.source, DAYS).tolist(), some, strict=True)
                if used
            ],
        )

    def of_age(self, age: int) -> Blocks:
        """The blocks of one period."""
        some = self.age == age
        chosen = [one for one, used in zip(self.source, some, strict=True) if used]
        return Blocks(
            self.answered[some], self.expected[some], self.weight[some], self.age[some], chosen
        )

    def faded(self, half_life: float | None) -> Blocks:
        """The same, the older ones counting less."""
        fades = np.array([self.fading(int(age), half_life) for age in self.age])
        return replace(self, weight=self.weight * fades)

    @staticmethod
    def fading(periods: int, half_life: float | None) -> float:
        """What a letter counts after so many periods."""
        return 0.5 ** (periods * PERIOD_WEEKS / half_life) if half_life else 1.0


def blocks_of(counts: Sequence[Count], week: int) -> Blocks:
    """The blocks of rows of sources, over the 168 slots of the week."""
    keys = sorted({(one.source, (week - one.week) // PERIOD_WEEKS) for one in counts})
    place = {key: at for at, key in enumerate(keys)}
    answered, expected, letters = (np.zeros((len(keys), WEEK)) for _ in range(3))
    for one in counts:
        at = place[one.source, (week - one.week) // PERIOD_WEEKS]
        answered[at, one.slot] += one.answered
        expected[at, one.slot] += one.expected
        letters[at, one.slot] += one.letters
    rate = np.minimum(answered.sum(1) / np.maximum(letters.sum(1), 1.0), SUREST)
    ages = np.array([age for _, age in keys], np.int64)
    return Blocks(answered, expected, 1.0 / (1.0 - rate), ages, [source for source, _ in keys])


def several_days(blocks: Blocks) -> bool:
    """Whether letters went on more than one weekday."""
    by_day = blocks.expected.sum(0).reshape(DAYS, HOURS).sum(1)
    return int((by_day > 0).sum()) > 1
