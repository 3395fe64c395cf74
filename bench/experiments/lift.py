"""Do the intervals of lifts hold what they promise, and how much narrower does CUPED make them?

Customers come in over a year, and both sides are compared every week by the product's own function,
with its own cap. A run misses when any of the 52 intervals misses the truth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import PCG64, Generator
from numpy.typing import NDArray

from bench.experiments.results import Result, share
from lifecycle.core.sample_ratio import ALARM
from lifecycle.insight.holdout import sure_share
from lifecycle.insight.judged import CAPPED_ABOVE, FEWEST_TO_CAP
from lifecycle.insight.lift import Compared, compare
from lifecycle.insight.ratio import sample_ratio
from lifecycle.models.cuped import Cell

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

WEEKS = 52
SIZES = (200, 2_000, 20_000, 100_000)
HELD_OUT = (0.05, 0.10, 0.50)
MORE = 1.2
"""So many times as many buy of those let in: what a good flow brings."""
RUNS = 60
"""Of each size; a figure stands on four times as many."""
MISSED_AT_MOST = 0.05
LIFTS = "lifts: how often any of 52 weekly intervals misses the true difference"
SHARES = "shares of both sides: how often any of 52 weekly intervals misses the true share"
RATIOS = "sample ratio: how often a sound holdout is called unsound in a year of weekly looks"
NARROWER = "CUPED on buyers like those of CDNOW: how much narrower the interval is"

BUYING = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
VALUES = {"p": 6.25, "q": 3.74, "v": 15.44}
"""CDNOW's: Fader, Hardie and Lee (2005), and Fader and Hardie (2013); weeks and dollars."""
SEEN_WEEKS = 39.0
BEFORE_WEEKS = 90 / 7
BUYERS = 20_000


@dataclass(frozen=True)
class Amounts:
    """What buyers spend: a draw of so many, and its true mean."""

    draw: Callable[[Generator, int], Floats]
    mean: float


def _ones(dice: Generator, count: int) -> Floats:
    return np.ones(count)


def _lognormal(dice: Generator, count: int) -> Floats:
    return dice.lognormal(3.5, 1.0, count)


def _pareto(dice: Generator, count: int) -> Floats:
    return 20 * (1 + dice.pareto(2.2, count))


GOALS = Amounts(_ones, 1.0)
KINDS: dict[str, tuple[float, Amounts]] = {
    "goals of 0.5 %": (0.005, GOALS),
    "goals of 3 %": (0.03, GOALS),
    "goals of 20 %": (0.2, GOALS),
    "revenue, lognormal, 3 % buy": (0.03, Amounts(_lognormal, float(np.exp(4.0)))),
    "revenue, Pareto 2.2, 3 % buy": (0.03, Amounts(_pareto, 20 * 2.2 / 1.2)),
    "revenue, lognormal, 20 % buy": (0.2, Amounts(_lognormal, float(np.exp(4.0)))),
}


def measure(*, scale: float, seed: int) -> list[Result]:
    """All figures; `scale` is the share of the runs of a full measurement."""
    runs = max(4, round(RUNS * scale))
    results: list[Result] = []
    for number, (kind, (rate, amounts)) in enumerate(KINDS.items()):
        for held_out in HELD_OUT:
            missed = unsure = alarms = 0
            for size in SIZES:
                dice = Generator(PCG64([seed, number, round(held_out * 100), size]))
                for _ in range(runs):
                    year = _year(dice, size, held_out, rate, amounts)
                    truth = rate * (MORE - 1) * amounts.mean
                    missed += any(_misses(one, truth) for one in year.lifts)
                    unsure += year.share_missed
                    alarms += year.alarm
            count = runs * len(SIZES)
            name = f"{kind}, {held_out:.0%} held out"
            results.append(share(LIFTS, name, missed, count, at_most=MISSED_AT_MOST))
            if amounts is GOALS:
                results.append(share(SHARES, name, unsure, count, at_most=MISSED_AT_MOST))
            if rate == 0.2 and amounts is GOALS:
                results.append(share(RATIOS, name, alarms, count, at_most=ALARM))
    return [*results, *_narrower(max(4, runs // 3), seed)]


@dataclass(frozen=True)
class _Year:
    lifts: tuple[Compared | None, ...]
    share_missed: bool
    alarm: bool


def _year(dice: Generator, size: int, held_out: float, rate: float, amounts: Amounts) -> _Year:
    """One campaign over a year, looked at every week."""
    out = dice.random(size) < held_out
    week = dice.integers(0, WEEKS, size)
    buys = dice.random(size) < np.where(out, rate, rate * MORE)
    spent = np.where(buys, amounts.draw(dice, size), 0.0)
    largest, spent = _capped(spent, amounts)
    sides = [_cells(week[side], spent[side]) for side in (~out, out)]
    lifts = tuple(compare([pair], largest) for pair in zip(*sides, strict=True))
    missed = alarm = False
    if amounts is GOALS:
        truths = (rate * MORE, rate)
        pairs = list(zip(*sides, strict=True))
        missed = any(
            _share_misses(one, truth)
            for pair in pairs
            for one, truth in zip(pair, truths, strict=True)
        )
        alarm = any(_alarm(one, other, held_out) for one, other in pairs)
    return _Year(lifts, missed, alarm)


def _capped(spent: Floats, amounts: Amounts) -> tuple[float, Floats]:
    """As the report caps what a customer counts with."""
    if amounts is GOALS:
        return 1.0, spent
    some = np.sort(spent[spent > 0])
    if len(some) < FEWEST_TO_CAP:
        return float(some[-1]) if len(some) else 1.0, spent
    cap = float(some[int(CAPPED_ABOVE * (len(some) - 1))])
    return cap, np.minimum(spent, cap)


def _cells(week: NDArray[np.int64], spent: Floats) -> list[Cell]:
    """The sums of one side as they stand after each week."""
    parts = (np.ones(len(spent)), (spent > 0).astype(float), spent, spent * spent)
    sums = [np.cumsum(np.bincount(week, one, WEEKS)) for one in parts]
    return [Cell(*map(float, row)) for row in zip(*sums, strict=True)]


def _misses(found: Compared | None, truth: float) -> bool:
    return found is not None and not found.low <= truth <= found.high


def _share_misses(cell: Cell, truth: float) -> bool:
    found = sure_share(int(cell.y), int(cell.customers))
    return found.low is not None and found.high is not None and not found.low <= truth <= found.high


def _alarm(one: Cell, other: Cell, held_out: float) -> bool:
    return sample_ratio([(int(one.customers), int(other.customers), held_out * 100)]).alarm


def _narrower(runs: int, seed: int) -> list[Result]:
    """The gain in a holdout of 10 % of buyers who buy on as CDNOW's did."""
    results = []
    for weeks, words in ((5 / 7, "5 days"), (30 / 7, "30 days"), (90 / 7, "90 days")):
        dice = Generator(PCG64([seed, round(weeks * 7)]))
        gains: dict[str, list[float]] = {"orders": [], "revenue": []}
        missed = dict.fromkeys(gains, 0)
        for _ in range(runs):
            for what, (found, truth) in _bought_on(dice, weeks).items():
                gains[what].append(found.narrower or 0.0)
                missed[what] += _misses(found, truth)
        for what, found_gains in gains.items():
            name = f"{what} within {words}, 10 % of {BUYERS:,} held out"
            detail = {"runs": runs, "missed": missed[what] / runs}
            gain = float(np.mean(found_gains))
            results.append(Result(name, gain, "narrower", gain > 0, NARROWER, detail=detail))
        lost, count = sum(missed.values()), 2 * runs
        name = f"missed by intervals made narrower, {words}"
        results.append(share(NARROWER, name, lost, count, at_most=MISSED_AT_MOST))
    return results


def _bought_on(dice: Generator, weeks: float) -> dict[str, tuple[Compared, float]]:
    """Orders and revenue of buyers before and after entering, those let in buying a tenth more."""
    rate = dice.gamma(BUYING["r"], 1 / BUYING["alpha"], BUYERS)
    leaves = dice.beta(BUYING["a"], BUYING["b"], BUYERS)
    value = VALUES["v"] / dice.gamma(VALUES["q"], 1.0, BUYERS)
    at = -dice.uniform(0, SEEN_WEEKS, BUYERS)
    stays = np.ones(BUYERS, bool)
    let_in = dice.random(BUYERS) < 0.9
    sums = {name: np.zeros(BUYERS) for name in ("before", "spent before", "after", "spent")}
    extra = np.zeros(BUYERS)
    while stays.any():
        amount = dice.gamma(VALUES["p"], 1.0, BUYERS) * value
        before = stays & (at > -BEFORE_WEEKS) & (at <= 0)
        after = stays & (at > 0) & (at < weeks)
        sums["before"] += before
        sums["spent before"] += before * amount
        more = after * np.where(let_in, MORE, 1.0)
        sums["after"] += after
        sums["spent"] += more * amount
        extra += after * (MORE - 1) * amount
        stays &= dice.random(BUYERS) >= leaves
        at = at + dice.exponential(1 / rate)
        stays &= at < weeks
    orders: Floats = np.minimum(sums["before"], 50)
    after_met: Floats = (sums["after"] > 0).astype(np.float64)
    pairs: dict[str, tuple[Floats, Floats]] = {
        "orders": (after_met, orders),
        "revenue": (sums["spent"], sums["spent before"]),
    }
    found = {}
    for what, (y, x) in pairs.items():
        largest = float(np.sort(y[y > 0])[int(CAPPED_ABOVE * ((y > 0).sum() - 1))])
        y = np.minimum(y, largest)
        x = x if what == "orders" else np.minimum(x, largest)
        lift = compare([(_cell(y[let_in], x[let_in]), _cell(y[~let_in], x[~let_in]))], largest)
        assert lift is not None
        found[what] = (lift, 0.0 if what == "orders" else float(extra.mean()))
    return found


def _cell(y: Floats, x: Floats) -> Cell:
    sums = (y.sum(), (y * y).sum(), x.sum(), (x * x).sum(), (x * y).sum())
    return Cell(float(len(y)), float((y > 0).sum()), *map(float, sums))
