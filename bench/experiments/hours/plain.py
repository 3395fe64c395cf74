"""Policies beside ours: what is common in the field, and what would be best if all were known."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bench.experiments.hours.truth import Bools, Chance, Ints, Setting, World

Singles = NDArray[np.float32]

SHOP_SLOT = 5
"""Which of the slots is the shop's own hour: 10:00."""
PSEUDO_SENDS = 30.0
"""What the list weighs against a person in the pooled bandit."""


class Choosing(Protocol):
    """Chooses a slot for everybody, send by send, and is told who answered."""

    def choose(self, send: int, rng: Chance) -> Ints:
        """Of each person the place of the slot."""

    def told(self, send: int, slots: Ints, answered: Bools) -> None:
        """Who answered."""


class Fixed:
    """Everybody at the shop's own hour."""

    def __init__(self, setting: Setting) -> None:
        self.people = setting.people
        self.slot = SHOP_SLOT * setting.slots // 12

    def choose(self, send: int, rng: Chance) -> Ints:
        """The shop's hour."""
        return np.full(self.people, self.slot)

    def told(self, send: int, slots: Ints, answered: Bools) -> None:
        """Nothing is learned."""


class AtRandom(Fixed):
    """Everybody at any hour."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.slots = setting.slots

    def choose(self, send: int, rng: Chance) -> Ints:
        """Any slot."""
        return rng.integers(0, self.slots, self.people)


class Knowing(Fixed):
    """Everybody at their truly best hour."""

    def __init__(self, world: World) -> None:
        super().__init__(world.setting)
        self.world = world

    def choose(self, send: int, rng: Chance) -> Ints:
        """The best slot."""
        told: Ints = self.world.chances(send).argmax(1)
        return told


class _Counting:
    """Keeps letters and answers by person and slot."""

    def __init__(self, setting: Setting) -> None:
        self.people = np.arange(setting.people)
        self.met = np.zeros((setting.people, setting.slots), np.float32)
        self.missed = np.zeros_like(self.met)

    def told(self, send: int, slots: Ints, answered: Bools) -> None:
        """Who answered."""
        self.met[self.people, slots] += answered
        self.missed[self.people, slots] += ~answered


class FlatThompson(_Counting):
    """A Beta-Bernoulli bandit for each person alone, from a flat prior."""

    def choose(self, send: int, rng: Chance) -> Ints:
        """The slot whose drawn rate is highest."""
        told: Ints = _beta(rng, 1 + self.met, 1 + self.missed).argmax(1)
        return told


class PooledThompson(_Counting):
    """The same with a prior of the list's rate by slot and the person's rate."""

    def choose(self, send: int, rng: Chance) -> Ints:
        """The slot whose drawn rate is highest."""
        met, sent = self.met.sum(0), (self.met + self.missed).sum(0)
        overall = (met.sum() + 1) / (sent.sum() + 20)
        by_slot = (met + 200 * overall) / (sent + 200)
        own_sent = (self.met + self.missed).sum(1)
        own = (self.met.sum(1) + PSEUDO_SENDS * overall) / (own_sent + PSEUDO_SENDS)
        mean = np.clip(own[:, None] * by_slot[None, :] / overall, 1e-4, 0.95)
        told: Ints = _beta(
            rng, PSEUDO_SENDS * mean + self.met, PSEUDO_SENDS * (1 - mean) + self.missed
        ).argmax(1)
        return told


class PastClicks(_Counting):
    """The hour at which the person clicked most often, whatever was sent when; before that any."""

    def choose(self, send: int, rng: Chance) -> Ints:
        """The hour of past clicks."""
        told: Ints = (self.met + rng.random(self.met.shape) * 0.5).argmax(1)
        return told


def _beta(rng: Chance, met: Singles, missed: Singles) -> Singles:
    told: Singles = rng.standard_gamma(met, dtype=np.float32)
    return told / (told + rng.standard_gamma(missed, dtype=np.float32))
