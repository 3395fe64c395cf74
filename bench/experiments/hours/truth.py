"""What is true of hours in the simulator: settings, and the people drawn by one of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Chance = np.random.Generator

HOURS = 24
SENDS = 104
TUESDAY, SATURDAY = 1, 5
UNEVEN = 0.7
"""The standard deviation, in log-odds, of how often people answer."""
LETTER = 0.25
"""Likewise of letters: what one says makes it better or worse, whatever its hour."""
SCANNED = 0.05
"""The share of people before whose mailbox a scanner clicks every letter at once."""
FLAGGED = 0.9
"""How many of a scanner's clicks are known for what they are."""
MISTAKEN = 0.02
"""How many human clicks are taken for a scanner's."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One truth. Effects are standard deviations in log-odds; a slot is an hour, or every other."""

    name: str
    people: int = 6_000
    rate: float = 0.03
    slots: int = 12
    list_sd: float = 0.10
    own_sd: float = 0.30
    smooth: bool = False
    """Whether a person's hours are alike beside each other, or each is its own."""
    smooth_list: bool = False
    """Likewise the list's."""
    weekend: bool = False
    """Whether every other letter goes on a Saturday, when the list's hours are others."""
    drift: bool = False
    """Whether the list's hours turn into wholly others over the two years."""
    scanned: float = SCANNED

    @property
    def hours(self) -> Ints:
        """The hours at which letters may go."""
        return np.arange(0, HOURS, HOURS // self.slots)


@dataclass(frozen=True, slots=True)
class World:
    """People as they truly are."""

    setting: Setting
    own: Floats
    """By person and slot, in log-odds, with the person's own readiness."""
    curves: Floats
    """By send and slot, the list's curve."""
    letters: Floats
    """By send, how good the letter is."""
    scanner: Bools

    def chances(self, send: int) -> Floats:
        """By person and slot, how likely a human click is."""
        odds = self.own + self.curves[send] + self.letters[send]
        told: Floats = 1.0 / (1.0 + np.exp(-odds))
        return told

    def answers(self, chance: Floats, rng: Chance) -> Bools:
        """Which letters count as answered: human clicks, and what is mistaken for them."""
        human = (rng.random(len(chance)) < chance) & (rng.random(len(chance)) >= MISTAKEN)
        missed = self.scanner & (rng.random(len(chance)) >= FLAGGED)
        told: Bools = human | missed
        return told

    def counted(self, chance: Floats) -> Floats:
        """How likely each letter counts as answered: see `answers`."""
        missed = np.where(self.scanner, 1.0 - FLAGGED, 0.0)
        told: Floats = 1.0 - (1.0 - chance * (1.0 - MISTAKEN)) * (1.0 - missed)
        return told


def dice(*seed: int) -> Chance:
    """Chance that is the same for the same numbers."""
    return np.random.Generator(np.random.PCG64(list(seed)))


def weekday(setting: Setting, send: int) -> int:
    """The weekday of a send."""
    return SATURDAY if setting.weekend and send % 2 else TUESDAY


def world(setting: Setting, rng: Chance) -> World:
    """Draw people, curves and letters."""
    people, slots = setting.people, setting.slots
    own = _curves(setting.own_sd, setting.smooth, people, slots, rng)
    ready = rng.normal(0.0, UNEVEN, people)
    first, later, weekends = _curves(setting.list_sd, setting.smooth_list, 3, slots, rng)
    angle = np.arange(SENDS) / SENDS * (np.pi / 2 if setting.drift else 0.0)
    curves = np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * later
    if setting.weekend:
        curves[1::2] = 0.5 * curves[1::2] + np.sqrt(0.75) * weekends
    letters = rng.normal(0.0, LETTER, SENDS)
    scanner = rng.random(people) < setting.scanned
    level = _level(own + ready[:, None], setting.rate)
    return World(setting, own + (ready + level)[:, None], curves, letters, scanner)


def _curves(size: float, smooth: bool, many: int, slots: int, rng: Chance) -> Floats:
    """So many curves, each slot with a standard deviation of `size`."""
    if not smooth:
        return rng.normal(0.0, size, (many, slots))
    # A sum of two waves around the clock, of one and of two turns a day.
    angle = 2 * np.pi * np.arange(slots) / slots
    waves = np.stack([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)])
    of_wave = size * np.sqrt([0.7, 0.7, 0.3, 0.3])
    told: Floats = rng.normal(0.0, 1.0, (many, 4)) * of_wave @ waves
    return told


def _level(odds: Floats, rate: float) -> float:
    """What makes the mean chance of an answer `rate`."""
    low, high = -15.0, 15.0
    for _ in range(50):
        level = (low + high) / 2
        mean = float((1.0 / (1.0 + np.exp(-odds - level))).mean())
        low, high = (level, high) if mean < rate else (low, level)
    return (low + high) / 2
