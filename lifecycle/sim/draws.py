"""Draws of a simulation: named distributions, decided by a keyed hash of the seed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lifecycle.core.chance import fraction
from lifecycle.core.words import length_words

SMALLEST = timedelta(seconds=1)
MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Dice:
    """Numbers that a seed gives: the same for the same parts, in whatever order they are asked."""

    seed: str

    def fraction(self, *parts: object) -> float:
        """A number in [0, 1)."""
        return fraction(self.seed, *map(str, parts))

    def number(self, below: int, *parts: object) -> int:
        """A whole number from 0 to below `below`."""
        return int(self.fraction(*parts) * below)


@dataclass(frozen=True, slots=True)
class Share:
    """So many of a hundred."""

    percent: float

    def drawn(self, dice: Dice, *parts: object) -> bool:
        """Whether this one is among them."""
        return dice.fraction(*parts) * 100 < self.percent

    def words(self) -> str:
        """The distribution as one reads it."""
        return f"{self.percent:g} %"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several, by their shares in percent."""

    shares: Mapping[Any, float]

    def drawn(self, dice: Dice, *parts: object) -> Any:
        """The one that is chosen."""
        place = dice.fraction(*parts) * sum(self.shares.values())
        for one, share in self.shares.items():
            place -= share
            if place < 0:
                return one
        return next(reversed(list(self.shares)))

    def words(self) -> str:
        """The distribution as one reads it."""
        total = sum(self.shares.values())
        parts = (f"{one or 'none'} {100 * share / total:.3g} %" for one, share in self._sorted())
        return ", ".join(parts)

    def _sorted(self) -> list[tuple[Any, float]]:
        return sorted(self.shares.items(), key=lambda pair: -pair[1])


@dataclass(frozen=True, slots=True)
class Exponential:
    """A length without memory, of this mean."""

    mean: timedelta

    def drawn(self, dice: Dice, *parts: object) -> timedelta:
        """A length, to the second, with microseconds of its own so that no two are alike."""
        seconds = -math.log1p(-dice.fraction(*parts)) * self.mean.total_seconds()
        apart = dice.number(MICROSECONDS, *parts, "apart")
        return max(timedelta(seconds=int(seconds), microseconds=apart), SMALLEST)

    def words(self) -> str:
        """The distribution as one reads it."""
        return f"exponential, mean {length_words(self.mean)}"


@dataclass(frozen=True, slots=True)
class Even:
    """A length between two, each as likely."""

    least: timedelta
    most: timedelta

    def drawn(self, dice: Dice, *parts: object) -> timedelta:
        """A length, to the second, with microseconds of its own."""
        span = (self.most - self.least).total_seconds()
        apart = dice.number(MICROSECONDS, *parts, "apart")
        seconds = int(dice.fraction(*parts) * span)
        return self.least + timedelta(seconds=seconds, microseconds=apart)

    def words(self) -> str:
        """The distribution as one reads it."""
        return f"even, {length_words(self.least)} to {length_words(self.most)}"


Draw = Share | Choice | Exponential | Even
