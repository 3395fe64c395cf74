"""Simulated letters of stated truth: who clicks, who buys for how much, and who gets how many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.experiments.at_once import Looks

Chance = np.random.Generator
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Amounts = Callable[[Chance, int], Floats]
LEARNED_FROM = 2_000
"""Orders from which a simulated shop learned its cap, before the test."""


def letters_at(looks: int, every: int, share: float = 0.5) -> tuple[Ints, Ints]:
    """Letters of two variants at each look, after every so many readers."""
    all_ = np.arange(1, looks + 1) * every
    one = np.round(all_ * share).astype(np.int64)
    return one, all_ - one


def clicks(chance: Chance, runs: int, sent: Ints, rate: float) -> Looks:
    """Letters of which a share is clicked in: so many runs, at each look."""
    fresh = np.diff(np.concatenate(([0], sent)))
    met = np.cumsum(chance.binomial(fresh, rate, (runs, len(sent))), axis=1)
    return Looks(np.broadcast_to(sent.astype(float), met.shape), met.astype(float))


def sales(
    chance: Chance, runs: int, sent: Ints, rate: float, amounts: Amounts, cap: Floats
) -> Looks:
    """Letters of which a share brings an order, each counted up to the cap of its run."""
    fresh = np.diff(np.concatenate(([0], sent)))
    sold = chance.binomial(fresh, rate, (runs, len(sent)))
    found = amounts(chance, int(sold.sum()))
    cell = np.repeat(np.arange(sold.size), sold.ravel())
    found = np.minimum(found, cap[cell // len(sent)])
    total = np.bincount(cell, found, sold.size).reshape(sold.shape)
    squares = np.bincount(cell, found**2, sold.size).reshape(sold.shape)
    return Looks(
        np.broadcast_to(sent.astype(float), sold.shape),
        np.cumsum(sold, axis=1).astype(float),
        np.cumsum(total, axis=1),
        np.cumsum(squares, axis=1),
    )


def lognormal(chance: Chance, many: int) -> Floats:
    """Orders around 60 whose logarithm scatters by 1: one of a hundred is above 600."""
    return chance.lognormal(np.log(60), 1.0, many)


def pareto(chance: Chance, many: int) -> Floats:
    """Orders of at least 20 with a tail so heavy that they have no variance (index 1.8)."""
    return 20 * (1 + chance.pareto(1.8, many))


def caps(chance: Chance, runs: int, amounts: Amounts, share: float) -> Floats:
    """What each run's shop learned as its cap: the amount that a share of orders is not above."""
    past = amounts(chance, runs * LEARNED_FROM).reshape(runs, LEARNED_FROM)
    place = int(np.ceil(share * LEARNED_FROM)) - 1
    return np.partition(past, place, axis=1)[:, place]


def capped_mean(chance: Chance, amounts: Amounts, cap: Floats) -> Floats:
    """The true mean of an order, counted up to each cap, from a great many of them."""
    past = np.sort(amounts(chance, 4_000_000))
    below = np.searchsorted(past, cap)
    sums = np.concatenate(([0.0], np.cumsum(past)))
    found: Floats = (sums[below] + (len(past) - below) * cap) / len(past)
    return found
