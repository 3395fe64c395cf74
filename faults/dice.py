"""Seeded dice: the same seed throws the same, whatever runs beside."""

from __future__ import annotations

from lifecycle.core.chance import fraction


class Dice:
    """Throws that depend on the seed and on how many there were before."""

    def __init__(self, seed: int, *about: str) -> None:
        self._seed, self._about, self._thrown = str(seed), about, 0

    def between(self, low: float, high: float) -> float:
        """A number from `low` up to `high`."""
        self._thrown += 1
        thrown = fraction(self._seed, *self._about, str(self._thrown))
        return low + (high - low) * thrown

    def one_of(self, count: int) -> int:
        """A number from 0 to `count` - 1."""
        return int(self.between(0, count))
