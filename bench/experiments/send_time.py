"""Send times under a stated truth: is choosing the hour ever worse than the list's best hour?

Two years of weekly letters to people of whom all is known but to the policies. What is judged are
the answers that the truth foretells at the hours chosen, so that there is no noise in the judge.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np

from bench.experiments.hours.judge import AT_THE_END, WINDOWS, Run, run
from bench.experiments.hours.ours import Ours
from bench.experiments.hours.plain import (
    AtRandom,
    Choosing,
    Fixed,
    FlatThompson,
    Knowing,
    PastClicks,
    PooledThompson,
)
from bench.experiments.hours.truth import Chance, Setting, World, dice
from bench.experiments.results import Result, share
from lifecycle.core.hours import Role
from lifecycle.models.send_time_lift import Stratum, lift

WORST = -0.02
"""No more than so far behind the best single hour in hindsight."""
SEEDS = 3
"""So many worlds are drawn of each setting; twice as many of the first one."""
UNLIKE = 0.25
"""The standard deviation, as a logarithm, of how good letters are where lifts are measured."""
LIFTS = 2_000
AFTER_12, AT_52 = "Send time after 12 letters", "Send time around week 52"
BESIDE, COVERS = "Send time beside other policies", "Lift measured by the control"
WHOLE = "Send time in every setting"

CLICKS = Setting("3% click, 12 slots")
OPENS = Setting("25% answer, 12 slots", rate=0.25)
TIMES = (("x 1/4", 0.25), ("x 1/2", 0.5), ("x 2", 2.0), ("x 4", 4.0))
SETTINGS = (
    CLICKS,
    *(replace(CLICKS, name=f"3%, list {name}", list_sd=0.1 * times) for name, times in TIMES),
    *(replace(CLICKS, name=f"3%, persons {name}", own_sd=0.3 * times) for name, times in TIMES),
    replace(CLICKS, name="3%, list and persons x 1/4", list_sd=0.025, own_sd=0.075),
    replace(CLICKS, name="3%, list and persons x 4", list_sd=0.4, own_sd=1.2),
    replace(CLICKS, name="3%, persons smooth", smooth=True),
    replace(CLICKS, name="3%, 24 slots", slots=24),
    replace(CLICKS, name="3%, 24 slots, all smooth", slots=24, smooth=True, smooth_list=True),
    replace(
        CLICKS,
        name="3%, 24 slots, all smooth, persons x 2",
        own_sd=0.6,
        slots=24,
        smooth=True,
        smooth_list=True,
    ),
    replace(CLICKS, name="3%, 1,500 people", people=1_500),
    replace(CLICKS, name="3%, 30,000 people", people=30_000),
    replace(CLICKS, name="3%, weekends are others", weekend=True),
    replace(CLICKS, name="3%, list drifts", drift=True),
    replace(CLICKS, name="3%, a fifth scanned", scanned=0.2),
    OPENS,
    replace(OPENS, name="25%, persons x 1/4", own_sd=0.075),
    replace(OPENS, name="25%, persons x 2", own_sd=0.6),
    replace(OPENS, name="25%, persons x 4", own_sd=1.2),
    replace(OPENS, name="25%, list x 1/4", list_sd=0.025),
    replace(OPENS, name="25%, list x 4", list_sd=0.4),
    replace(OPENS, name="25%, 24 slots, all smooth", slots=24, smooth=True, smooth_list=True),
)


@dataclass(frozen=True, slots=True)
class Beside:
    """A policy that ours is held against; `goal` where ours must be ahead of it."""

    name: str
    made: Callable[[World], Choosing]
    goal: bool = False


def _of_setting(made: Callable[[Setting], Choosing]) -> Callable[[World], Choosing]:
    return lambda world: made(world.setting)


OTHERS = (
    Beside("the shop's own hour", _of_setting(Fixed)),
    Beside("any hour", _of_setting(AtRandom)),
    Beside("a bandit for each person, flat prior", _of_setting(FlatThompson), goal=True),
    Beside("the hour of past clicks", _of_setting(PastClicks), goal=True),
    Beside("a bandit for each person, pooled prior", _of_setting(PooledThompson)),
    Beside("all known of everybody", Knowing),
)


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a setting: by seed ours, by policy the others (of the first seed)."""

    setting: Setting
    ours: Sequence[Run]
    others: dict[str, Run]


def measure(*, scale: float, seed: int) -> list[Result]:
    """All figures of send times; `scale` of the seeds and settings, and of the people below 0.2."""
    settings, seeds = _scaled(scale)
    tasks = [(setting, seed, seeds) for setting in settings]
    # Each process reckons alone: many threads for small matrices cost more than they bring.
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        found = list(pool.map(_found, tasks))
    results = [one for each in found for one in _after_12(each)]
    results += [one for each in found for one in _at_52(each)]
    results += [one for each in found for one in _learning(each)]
    results += [one for each in found for one in _beside(each)]
    return [*results, *_covers(found), *_coverage(scale, seed)]


def _scaled(scale: float) -> tuple[Sequence[Setting], int]:
    if scale >= 1:
        return SETTINGS, SEEDS
    if scale >= 0.2:
        return SETTINGS, 1
    return [replace(one, people=600) for one in (CLICKS, OPENS)], 1


def _found(task: tuple[Setting, int, int]) -> Found:
    setting, seed, seeds = task
    more = 2 * seeds if setting == CLICKS else seeds
    ours = [run(setting, seed + at, lambda world: Ours(world.setting)) for at in range(more)]
    others = {other.name: run(setting, seed, other.made) for other in OTHERS}
    return Found(setting, ours, others)


def _mean(of: str, name: str, figures: Sequence[float], goal: float | None) -> Result:
    """The mean over seeds and, by their scatter, where the true one lies."""
    mean = float(np.mean(figures))
    detail: dict[str, object] = {"by_seed": [round(one, 4) for one in figures]}
    if len(figures) > 1:
        half = 1.96 * float(np.std(figures, ddof=1)) / len(figures) ** 0.5
        detail |= {"low": round(mean - half, 5), "high": round(mean + half, 5)}
    said = "" if goal is None else f"at least {goal:.0%}"
    return Result(name, mean, said, None if goal is None else mean >= goal, of, detail=detail)


def _behind(runs: Sequence[Run], window: tuple[int, int]) -> list[float]:
    return [one.behind(*window) for one in runs]


def _after_12(found: Found) -> Iterator[Result]:
    figures = _behind(found.ours, WINDOWS["13-26"])
    yield _mean(AFTER_12, f"{found.setting.name}: letters 13 to 26", figures, WORST)


def _at_52(found: Found) -> Iterator[Result]:
    """Around week 52 and after; where persons differ twice as much, ahead."""
    goal = 0.0 if found.setting.own_sd >= 2 * CLICKS.own_sd else WORST
    for name, window in (("49 to 52", AT_THE_END), ("53 to 104", WINDOWS["53-104"])):
        figures = _behind(found.ours, window)
        yield _mean(AT_52, f"{found.setting.name}: letters {name}", figures, goal)


def _learning(found: Found) -> Iterator[Result]:
    for name, window in (("1 to 12", WINDOWS["1-12"]), ("27 to 52", WINDOWS["27-52"])):
        figures = _behind(found.ours, window)
        yield _mean(WHOLE, f"{found.setting.name}: letters {name}", figures, None)
    figures = [one.behind(0, WINDOWS["27-52"][1]) for one in found.ours]
    yield _mean(WHOLE, f"{found.setting.name}: the whole first year", figures, None)


def _beside(found: Found) -> Iterator[Result]:
    """Others over the first year and the second; ours, of the same people, must be ahead."""
    for name, window in (("year 1", (0, 52)), ("year 2", WINDOWS["53-104"])):
        ours = found.ours[0].behind(*window)
        for other in OTHERS:
            theirs = found.others[other.name].behind(*window)
            goal = f"below ours, {ours:.2%}" if other.goal else f"ours: {ours:.2%}"
            met = theirs < ours if other.goal else None
            yield Result(f"{found.setting.name}: {other.name}, {name}", theirs, goal, met, BESIDE)


def _covers(found: Sequence[Found]) -> Iterator[Result]:
    """In the runs themselves: whether the lift told at the end covers that of the truth."""
    pairs: tuple[tuple[str, Role, int], ...] = (("shop's", "shop", 0), ("list's", "list", 1))
    for name, control, place in pairs:
        held, fixed, runs = 0, 0, 0
        for one in (one for each in found for one in each.ours):
            told = lift(one.strata, control)
            if told is not None:
                runs += 1
                held += told.low <= one.worth[place] <= told.high
                fixed += told.fixed_low <= one.worth[place] <= told.fixed_high
        if runs:
            said = f"over the {name} hour, two years, in the simulator"
            more = {"looked_at_once": round(fixed / runs, 4)}
            yield share(COVERS, said, held, runs, at_least=0.95, **more)


def _coverage(scale: float, seed: int) -> Iterator[Result]:
    """Of known rates, each letter with one of its own: looked at once, and after every letter."""
    rng = dice(seed, 2)
    runs = max(50, int(LIFTS * scale))
    for rate, truth in ((0.03, 0.0), (0.03, 0.1), (0.25, 0.05)):
        looks = [_looks(rng, rate, truth) for _ in range(runs)]
        once = sum(fixed for fixed, _ in looks)
        ever = sum(always for _, always in looks)
        name = f"a lift of {truth:.0%} on {rate:.0%}"
        yield share(
            COVERS, f"{name}, looked at after each of 26 letters", ever, runs, at_least=0.95
        )
        yield share(COVERS, f"{name}, the narrower one, looked at once", once, runs)


def _looks(rng: Chance, rate: float, truth: float) -> tuple[bool, bool]:
    """Whether the truth lies within the interval for one look, and within that of every look."""
    rates = rate * np.exp(rng.normal(0.0, UNLIKE, 26))
    strata: list[Stratum] = []
    fixed, always = False, True
    for week, one in enumerate(rates.tolist()):
        met, control_met = rng.binomial((2_700, 150), (one * (1 + truth), one)).tolist()
        strata.append(Stratum(str(week), "chosen", 2_700, met))
        strata.append(Stratum(str(week), "list", 150, control_met))
        told = lift(strata, "list")
        if told is not None:
            fixed = told.fixed_low <= truth <= told.fixed_high
            always &= told.low <= truth <= told.high
    return fixed, always
