"""What a bandit loses and how its figures hold: steady truths, a novelty that fades, no difference.

A shop gives out letters day by day; answers take three days; shares change every third night, for
speed. Beside it stands a fixed test, half and half, sized by power for variants that differ as
these do, whose leader is kept once its letters had their time: it knows beforehand what the bandit
has to learn. Regret is the share of what somebody gains who always knew the better one, over giving
out both alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.experiments.results import Result, share
from lifecycle.insight.bandit import Group, weigh
from lifecycle.models.past_tests import Prior, Sample, default_prior
from lifecycle.models.test_and_roll import letters_to_detect
from lifecycle.models.thompson import shares

RATE = 0.05
DAYS = 180
LETTERS = 200
"""A day."""
TIME = 3
"""Days that a letter has to be answered."""
SHOPS = 60
NIGHTS = 3
"""From one change of shares to the next."""
OF = "Bandits"
SPREADS = (0.10, 0.20, 0.40)
"""The standard deviation of the variants' true rates, as a share of the rate; a bandit without
past tests supposes the first of them."""
NOVEL = 0.4
"""How much better a new variant is at first, where that fades by half in 14 days to 0.1 worse."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Run:
    """What became of one shop: what was gained, and the groups by which it is reported."""

    bandit: float
    fixed: float
    perfect: float
    last: float
    """The last share of the second variant."""
    groups: tuple[list[Group], list[Group]]
    truth: Floats
    """Each variant's rate, day by day."""


def measure(*, scale: float, seed: int) -> list[Result]:
    """Steady truths of three spreads, a novelty effect, and variants that are alike."""
    dice = np.random.Generator(np.random.PCG64(seed))
    shops = max(6, int(SHOPS * scale))
    found: list[Result] = []
    for spread in SPREADS:
        truths = [_steady(dice.normal(1, spread, 2)) for _ in range(shops)]
        runs = [_run(one, spread, dice) for one in truths]
        found.append(_regret(f"steady, variants differ by sd {spread:.0%} of the rate", runs))
        found.append(_covered(f"steady, sd {spread:.0%}", runs))
    fades = NOVEL * 0.5 ** (np.arange(DAYS) / 14) - 0.1
    novel = np.stack([np.full(DAYS, RATE), RATE * (1 + fades)], axis=1)
    fades_away = _many(novel, dice, shops)
    found.append(_regret("a novelty of +30 % that fades to -10 %", fades_away, goal=True))
    season = RATE * (1 + 0.5 * np.sin(np.arange(DAYS) / 180 * 2 * np.pi))
    alike = _many(np.stack([season, season], axis=1), dice, shops)
    found.append(_covered("alike, while the season moves both", alike))
    found += _even(alike)
    return found


def _steady(factors: Floats) -> Floats:
    return np.tile(np.clip(RATE * factors, 1e-3, 1), (DAYS, 1))


def _many(truth: Floats, dice: np.random.Generator, shops: int) -> list[_Run]:
    return [_run(truth, NOVEL, dice) for _ in range(shops)]


def _run(truth: Floats, spread: float, dice: np.random.Generator) -> _Run:
    """One shop; its fixed test knows how far variants differ, and the bandit does not."""
    prior = default_prior("click_rate").at(RATE)
    each = _fixed_letters(Prior(prior.by, RATE, spread * RATE, prior.noise, 0))
    known: dict[int, list[Sample]] = {}
    now: tuple[float, ...] = (0.5, 0.5)
    groups: tuple[list[Group], list[Group]] = ([], [])
    test, gained, fixed = np.zeros((2, 2)), 0.0, 0.0
    kept: int | None = None
    since = 0
    for day in range(DAYS):
        if day > TIME and day % NIGHTS == 0:
            ages = {day - TIME - 1 - sent: one for sent, one in known.items() if sent < day - TIME}
            now = shares(ages, prior) or now
        second = int(dice.binomial(LETTERS, now[1]))
        sizes = np.array([LETTERS - second, second])
        met = dice.binomial(sizes, truth[day])
        known[day] = [Sample(int(n), float(k), float(k)) for n, k in zip(sizes, met, strict=True)]
        gained += float((sizes * truth[day]).sum())
        for place in range(2):
            one = known[day][place]
            groups[place].append(
                Group(now[place], one.letters, int(one.total), one.total, one.squares)
            )
        if kept is None or day <= since:
            fixed += LETTERS * float(truth[day].mean())
        if kept is None:
            test += np.stack([np.full(2, LETTERS / 2), dice.binomial(LETTERS // 2, truth[day])])
            if test[0, 0] >= each:
                kept, since = int(test[1, 1] > test[1, 0]), day + TIME
        elif day > since:
            fixed += LETTERS * float(truth[day, kept])
    even = LETTERS * float(truth.mean(axis=1).sum())
    perfect = LETTERS * float(truth.max(axis=1).sum())
    return _Run(gained - even, fixed - even, perfect - even, now[1], groups, truth)


def _fixed_letters(prior: Prior) -> float:
    """The size of the fixed test: it proves the difference to be expected, in 8 cases of 10."""
    return letters_to_detect(2 * prior.spread / np.sqrt(np.pi), 2, 95, prior)


def _regret(name: str, runs: list[_Run], *, goal: bool = False) -> Result:
    perfect = sum(one.perfect for one in runs)
    ours = 1 - sum(one.bandit for one in runs) / perfect
    fixed = 1 - sum(one.fixed for one in runs) / perfect
    detail = {"shops": len(runs), "regret_of_fixed_test": round(fixed, 4)}
    told = f"{'below ' if goal else ''}{fixed:.1%} of a fixed test"
    return Result(f"regret: {name}", ours, told, ours < fixed if goal else None, OF, detail=detail)


def _covered(name: str, runs: list[_Run]) -> Result:
    """How often a reported interval holds the rate of the days, each day counting alike."""
    held = 0
    for one in runs:
        for place in range(2):
            found = weigh(one.groups[place], "click_rate")
            truth = float(one.truth[:, place].mean())
            held += found is not None and found.low <= truth <= found.high
    return share(OF, f"intervals hold the true rate: {name}", held, 2 * len(runs), at_least=0.95)


def _even(runs: list[_Run]) -> list[Result]:
    """Where both are alike shares wander; they are to stay about even in most shops."""
    near = sum(0.15 <= one.last <= 0.85 for one in runs)
    mean = float(np.mean([one.last for one in runs]))
    return [
        share(OF, "alike: last share between 15 and 85 %", near, len(runs), at_least=0.8),
        Result(
            "alike: mean share of the second",
            mean,
            "50% by 5 points",
            abs(mean - 0.5) < 0.05,
            OF,
            detail={"shops": len(runs)},
        ),
    ]
