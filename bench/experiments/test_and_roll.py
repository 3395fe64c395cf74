"""What the sizes of one-off tests are worth: the closed form, and regret beside power sizing.

Regret is what is lost against somebody who knew the best variant and sent it to all, as a share of
what that person gains over sending one at random. A test sized by power takes as many readers as
prove the difference to be expected (80 % power, 5 %), or all; the higher rate goes to the rest,
proven or not, which flatters it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar

from bench.experiments.results import Result
from lifecycle.models.past_tests import Prior, Sample, default_prior, learned_prior
from lifecycle.models.test_and_roll import gain, letters_a_variant, letters_to_detect

READERS = (2_000, 5_000, 20_000, 100_000, 500_000)
LETTERS = ((0.25, 0.02), (0.40, 0.02), (0.02, 0.002))
"""Rate, and standard deviation of the variants' true rates: opens, opens, clicks."""
PAST = (3, 10, 30)
SHOPS = 400
RUNS = 20_000
OF = "Test & Roll"
WITH_PRIORS = "Test & Roll with priors that were learned, or wrong"


def measure(*, scale: float, seed: int) -> list[Result]:
    """All settings of readers, rate and spread; wrong beliefs stand for comparison."""
    dice = np.random.Generator(np.random.PCG64(seed))
    settings = [(readers, _prior(*one)) for readers in READERS for one in LETTERS]
    found = [_closed_form(settings)]
    for readers, prior in settings:
        found += _regrets(readers, prior, dice, max(200, int(RUNS * scale)))
    for readers, prior in settings:
        found += _learned(readers, prior, dice, max(8, int(SHOPS * scale)))
    return found


def _prior(rate: float, spread: float) -> Prior:
    return Prior("click_rate", rate, spread, math.sqrt(rate * (1 - rate)), 0)


def _closed_form(settings: Iterable[tuple[int, Prior]]) -> Result:
    """The largest difference between the formula and the best size found by searching."""
    worst = 0.0
    for readers, prior in settings:
        best = minimize_scalar(
            lambda size, of=readers, by=prior: -gain(of, 2, size, by).expected,
            bounds=(1, readers / 2),
            method="bounded",
            options={"xatol": 1e-6},
        )
        formula = letters_a_variant(readers, 2, prior)
        worst = max(worst, abs(best.x / formula - 1))
    name = "largest difference of the closed form from direct maximisation, 15 settings"
    return Result(name, worst, "at most 0.01%", worst <= 1e-4, OF)


def _lost(readers: int, letters: float, prior: Prior) -> float:
    found = gain(readers, 2, letters, prior)
    return 1 - found.expected / found.perfect


def _by_power(readers: int, prior: Prior) -> float:
    """Letters a variant to prove the expected difference, as far as there are readers."""
    difference = 2 * prior.spread / math.sqrt(math.pi)
    return min(letters_to_detect(difference, 2, 95, prior), readers / 2)


def _regrets(readers: int, prior: Prior, dice: np.random.Generator, runs: int) -> list[Result]:
    """Regret of both sizes: expected, and, to judge that, of letters that answer or do not."""
    truths = np.clip(dice.normal(prior.mean, prior.spread, (runs, 2)), 1e-4, 1 - 1e-4)
    best, middle = truths.max(axis=1), truths.mean(axis=1)
    perfect = readers * (best - middle).mean()
    lost, sizes = [], []
    for size in (letters_a_variant(readers, 2, prior), _by_power(readers, prior)):
        letters = int(size)
        met = dice.binomial(letters, truths)
        chosen = np.where(met[:, 1] > met[:, 0], truths[:, 1], truths[:, 0])
        came = 2 * letters * middle + (readers - 2 * letters) * chosen
        lost.append((readers * best - came) / perfect)
        sizes.append(letters)
    simulated = float(lost[0].mean())
    half = 2 * float(lost[0].std()) / math.sqrt(runs)
    ours, power = (
        _lost(readers, size, prior)
        for size in (letters_a_variant(readers, 2, prior), _by_power(readers, prior))
    )
    where = f"{readers:,} readers, {prior.mean:.0%}, sd {100 * prior.spread:g} points"
    detail = {
        "runs": runs,
        "letters_a_variant": sizes[0],
        "by_power": sizes[1],
        "regret_by_power": round(power, 4),
        "simulated": round(simulated, 4),
        "simulated_by_power": round(float(lost[1].mean()), 4),
        "low": round(simulated - half, 4),
        "high": round(simulated + half, 4),
    }
    goal = f"below {power:.2%} by power"
    return [Result(where, ours, goal, ours < power, OF, detail=detail)]


def _learned(readers: int, prior: Prior, dice: np.random.Generator, shops: int) -> list[Result]:
    """Expected regret of sizes by priors from past tests of the same shop, and by wrong ones."""
    where = f"{readers:,} readers, {prior.mean:.0%}, sd {100 * prior.spread:g} points"
    by = "click_rate" if prior.mean < 0.1 else "open_rate"
    found = []
    for tests in PAST:
        beliefs = [learned_prior(by, _past(readers, prior, tests, dice)) for _ in range(shops)]
        found.append(_believed(f"{where}: {tests} past tests", readers, prior, beliefs))
    for word, factor in (("a quarter of", 0.25), ("four times", 4.0)):
        wrong = Prior(prior.by, prior.mean, prior.spread * factor, prior.noise, 0)
        told = _believed(f"{where}: {word} the true spread", readers, prior, [wrong])
        found.append(replace(told, goal=told.goal.replace("below ", ""), met=None))
    return found


def _believed(name: str, readers: int, truth: Prior, beliefs: list[Prior]) -> Result:
    """Both sizes by the same beliefs, which are not the truth."""
    ours = [_lost(readers, letters_a_variant(readers, 2, one), truth) for one in beliefs]
    power = [_lost(readers, _by_power(readers, one), truth) for one in beliefs]
    mean, beside = float(np.mean(ours)), float(np.mean(power))
    detail = {
        "shops": len(beliefs),
        "worst": round(max(ours), 4),
        "regret_of_power_that_knows_the_truth": round(
            _lost(readers, _by_power(readers, truth), truth), 4
        ),
    }
    goal = f"below {beside:.1%} by power"
    return Result(name, mean, goal, mean < beside, WITH_PRIORS, detail=detail)


def _past(readers: int, prior: Prior, tests: int, dice: np.random.Generator) -> list[list[Sample]]:
    """Past tests of a shop of that size, each sized by usual figures, each at its own level."""
    start = default_prior("click_rate" if prior.mean < 0.1 else "open_rate").at(prior.mean)
    letters = int(letters_a_variant(readers, 2, start))
    levels = prior.mean * np.exp(dice.normal(0, 0.2, tests))
    rates = dice.normal(levels[:, None], (prior.spread / prior.mean) * levels[:, None], (tests, 2))
    met = dice.binomial(letters, np.clip(rates, 1e-4, 0.99))
    return [[Sample(letters, float(one), float(one)) for one in row] for row in met]
