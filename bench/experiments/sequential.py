"""Are our tests right at every look? False winners, power, and what our intervals cover."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bench.experiments import shops
from bench.experiments.at_once import Looks, judged, mean_ends
from bench.experiments.results import Result, share
from lifecycle.core.experiment import Score, allowed, difference
from lifecycle.core.least import LETTERS
from lifecycle.core.sample_ratio import ALARM, ratio_p
from lifecycle.core.sequential import rate_interval
from lifecycle.store.earned import CAPPED_ABOVE

RUNS = 10_000
PORTION = 2_000
CONFIDENCE = 95.0
EVERY, LOOKS = 50, 400
"""A look after every 50 readers, up to 10,000 letters of each of two variants."""
PUBLISHED_STOP = 4_445
"""Letters a variant at which the published mixture test stopped, on average, in this set-up."""
CAP = float(CAPPED_ABOVE)
FALSE, POWER, COVERS = "False winners", "Power", "What intervals cover"
OF_SHOPS = ((0.005, 0.5), (0.02, 0.5), (0.05, 0.5), (0.40, 0.5))
UNEQUAL = ((0.005, 0.9), (0.02, 0.9), (0.05, 0.9), (0.40, 0.9))
APART = ((0.05, 0.065, 0.5), (0.005, 0.01, 0.9), (0.01, 0.005, 0.9), (0.05, 0.10, 0.9))
Flags = NDArray[np.bool_]


def measure(*, scale: float, seed: int) -> list[Result]:
    """All figures of always-valid tests; `scale` of the runs."""
    chance = np.random.Generator(np.random.PCG64(seed))
    runs = max(100, int(RUNS * scale))
    found = [_equal_rates(chance, runs, rate, part) for rate, part in (*OF_SHOPS, *UNEQUAL)]
    found.append(_three(chance, runs))
    found += [_equal_revenue(chance, runs // 5, name, kind) for name, kind in SHOPS.items()]
    found.append(_several_letters(chance, max(50, runs // 25)))
    found.append(_one_popular_rule(chance, runs))
    found += _power(chance, runs)
    found += [_covers_difference(chance, runs, *truth) for truth in APART]
    found += [_covers_rate(chance, max(50, runs // 10), rate) for rate, _ in OF_SHOPS]
    for name, kind in SHOPS.items():
        found += _covers_means(chance, runs // 5, name, kind)
    found += _ratios(chance, max(50, runs // 10))
    return found


SHOPS: dict[str, shops.Amounts] = {"lognormal": shops.lognormal, "Pareto": shops.pareto}


def winners(variants: Sequence[Looks]) -> NDArray[np.int64]:
    """The variant that is proven to win at the first look at which one is, by run; else -1."""
    alpha = allowed(CONFIDENCE, len(variants))
    shape = variants[0].met.shape
    beaten = np.zeros((len(variants), *shape), np.int64)
    for one, other in combinations(range(len(variants)), 2):
        found = judged(variants[one], variants[other], alpha)
        beaten[one] += found.said & (found.difference >= found.half)
        beaten[other] += found.said & (-found.difference >= found.half)
    enough = np.all([one.sent >= LETTERS for one in variants], axis=0)
    wins = (beaten == len(variants) - 1) & enough
    first = wins.any(axis=0).argmax(axis=1)
    at_first = wins[:, np.arange(shape[0]), first]
    return np.where(at_first.any(axis=0), at_first.argmax(axis=0), -1)


def _portions(runs: int) -> Iterator[int]:
    """Runs in portions that fit into memory."""
    for begun in range(0, runs, PORTION):
        yield min(PORTION, runs - begun)


def _equal_rates(chance: shops.Chance, runs: int, rate: float, part: float) -> Result:
    sent, hits = shops.letters_at(LOOKS, EVERY, part), 0
    for many in _portions(runs):
        variants = [shops.clicks(chance, many, to, rate) for to in sent]
        hits += int((winners(variants) >= 0).sum())
    name = f"{rate:.1%} of both, {part * 100:.0f}:{100 - part * 100:.0f}"
    return share(FALSE, name, hits, runs, at_most=0.05)


def _three(chance: shops.Chance, runs: int) -> Result:
    sent = np.arange(1, LOOKS + 1) * (EVERY // 2)
    hits = 0
    for many in _portions(runs):
        variants = [shops.clicks(chance, many, sent, 0.05) for _ in range(3)]
        hits += int((winners(variants) >= 0).sum())
    return share(FALSE, "5.0% of all three", hits, runs, at_most=0.05)


def _equal_revenue(chance: shops.Chance, runs: int, name: str, amounts: shops.Amounts) -> Result:
    cap = shops.caps(chance, runs, amounts, CAP)
    one, other = shops.letters_at(LOOKS, EVERY)
    variants = [shops.sales(chance, runs, sent, 0.01, amounts, cap) for sent in (one, other)]
    hits = int((winners(variants) >= 0).sum())
    return share(FALSE, f"revenue, 1% buy, {name}", hits, runs, at_most=0.05)


def _several_letters(chance: shops.Chance, runs: int) -> Result:
    """A reader has four letters on average, and clicks in nearly all of them or in nearly none."""
    letters, readers, looks = 4_000, 1_000, 40
    fooled, alone = 0, 0
    for _ in range(runs):
        sides = []
        for _ in range(2):
            habit = chance.beta(0.05, 0.45, readers)
            who = chance.integers(0, readers, letters)
            met = chance.random(letters) < habit[who]
            sides.append([_of_readers(who[:n], met[:n]) for n in _steps(letters, looks)])
        fooled += _fools(sides)
        alone += _fools([[Score("", one.sent, one.met) for one in side] for side in sides])
    naive = {"taking letters for independent": round(alone / runs, 4)}
    name = "10% of both, four letters a reader"
    return share(FALSE, name, fooled, runs, at_most=0.05, **naive)


def _steps(letters: int, looks: int) -> Iterator[int]:
    return (letters * (look + 1) // looks for look in range(looks))


def _of_readers(who: NDArray[np.int64], met: Flags) -> Score:
    """The score with its design effect, as store/scores.py reckons it of readers."""
    letters, hits = np.bincount(who), np.bincount(who, met)
    rate = met.mean()
    scatter = float(((hits - rate * letters) ** 2).sum())
    of_letters = len(met) * rate * (1 - rate)
    design = max(1.0, scatter / of_letters) if of_letters > 0 else 1.0
    return Score("", len(met), int(met.sum()), design)


def _fools(sides: Sequence[Sequence[Score]]) -> bool:
    alpha = allowed(CONFIDENCE, 2)
    return any(difference(one, other, alpha).p <= alpha for one, other in zip(*sides, strict=True))


def _one_popular_rule(chance: shops.Chance, runs: int) -> Result:
    """Stop as soon as one is better with 90 % probability, asked from 500 letters a variant on."""
    sent = np.arange(500, 1_001, 50)
    one, other = (shops.clicks(chance, runs, sent, 0.05) for _ in range(2))
    a, b = (1 + one.met, 1 + one.sent - one.met), (1 + other.met, 1 + other.sent - other.met)
    apart = a[0] / (a[0] + a[1]) - b[0] / (b[0] + b[1])
    scatter = sum(x * y / ((x + y) ** 2 * (x + y + 1)) for x, y in (a, b))
    stops = np.abs(apart) / np.sqrt(scatter) > 1.2816
    hits = int(stops.any(axis=1).sum())
    return share(FALSE, "for comparison: the rule of 90% probability, by 1,000 letters", hits, runs)


def _power(chance: shops.Chance, runs: int) -> list[Result]:
    one, other = shops.letters_at(LOOKS, EVERY)
    stops, proven = [], 0
    for many in _portions(runs):
        worse = shops.clicks(chance, many, one, 0.05)
        found = judged(shops.clicks(chance, many, other, 0.065), worse, allowed(CONFIDENCE, 2))
        wins = found.said & (found.difference >= found.half) & (one >= LETTERS)
        won = wins.any(axis=1)
        proven += int(won.sum())
        stops.append(np.where(won, one[wins.argmax(axis=1)], one[-1]))
    stop = np.concatenate(stops)
    error = float(stop.std() / np.sqrt(runs))
    name, most = "letters a variant until then, on average", 1.2 * PUBLISHED_STOP
    detail = {
        "runs": runs,
        "low": round(float(stop.mean()) - 1.96 * error, 1),
        "high": round(float(stop.mean()) + 1.96 * error, 1),
    }
    mean = float(stop.mean())
    goal = f"at most {most:,.0f} (1.2 times the published test's {PUBLISHED_STOP:,})"
    name_of_power = "5.0% against 6.5% proven by 10,000 letters"
    power = share(POWER, name_of_power, proven, runs, at_least=0.95)
    return [power, Result(name, mean, goal, mean <= most, POWER, percent=False, detail=detail)]


def _covers_difference(
    chance: shops.Chance, runs: int, first: float, second: float, part: float
) -> Result:
    sent, held = shops.letters_at(LOOKS, EVERY, part), 0
    for many in _portions(runs):
        one = shops.clicks(chance, many, sent[0], first)
        found = judged(one, shops.clicks(chance, many, sent[1], second), 0.05)
        missed = found.said & (np.abs(found.difference - (first - second)) > found.half)
        held += int((~missed.any(axis=1)).sum())
    name = f"difference of {first:.1%} and {second:.1%}, {part * 100:.0f}:{100 - part * 100:.0f}"
    return share(COVERS, name, held, runs, at_least=0.95)


def _covers_rate(chance: shops.Chance, runs: int, rate: float) -> Result:
    """One rate, looked at after every letter for the first 200, then after every 50."""
    sent = np.concatenate((np.arange(1, 201), np.arange(250, 10_001, 50)))
    looks = shops.clicks(chance, runs, sent, rate)
    held = sum(_held(looks.met[run], sent, rate) for run in range(runs))
    return share(COVERS, f"one rate of {rate:.1%}", held, runs, at_least=0.95)


def _held(met: NDArray[np.float64], sent: NDArray[np.int64], rate: float) -> bool:
    ends = (rate_interval(hits, int(n), 0.05) for hits, n in zip(met, sent, strict=True))
    return all(one.holds(rate) for one in ends)


def _covers_means(
    chance: shops.Chance, runs: int, name: str, amounts: shops.Amounts
) -> list[Result]:
    cap = shops.caps(chance, runs, amounts, CAP)
    mean = shops.capped_mean(chance, amounts, cap)[:, None] * 0.01
    found = []
    for part in (0.5, 0.9):
        one, other = (
            shops.sales(chance, runs, sent, 0.01, amounts, cap)
            for sent in shops.letters_at(LOOKS, EVERY, part)
        )
        apart = judged(one, other, 0.05)
        missed = apart.said & (np.abs(apart.difference) > apart.half)
        told = f"difference in revenue, 1% buy, {name}, {part * 100:.0f}:{100 - part * 100:.0f}"
        held = int((~missed.any(axis=1)).sum())
        found.append(share(COVERS, told, held, runs, at_least=0.95))
        if part == 0.5:
            said, low, high = mean_ends(one, 0.05)
            out = said & ((low > mean) | (high < mean))
            kept = int((~out.any(axis=1)).sum())
            told = f"revenue a letter, 1% buy, {name}"
            found.append(share(COVERS, told, kept, runs, at_least=0.95))
    return found


def _ratios(chance: shops.Chance, runs: int) -> list[Result]:
    """Sample ratios looked at after every 50 readers, to 20,000."""
    return [
        _alarms(chance, runs, "false alarms, 50:50", (0.5, 0.5), at_most=ALARM * 5),
        _alarms(chance, runs, "false alarms, 90:10", (0.9, 0.1), at_most=ALARM * 5),
        _alarms(chance, runs, "alarms where 5 of 100 of one variant are lost", (0.5, 0.475)),
    ]


def _alarms(
    chance: shops.Chance,
    runs: int,
    name: str,
    truth: tuple[float, float],
    *,
    at_most: float | None = None,
) -> Result:
    part = truth[0] / sum(truth)
    shares = (truth[0], 1 - truth[0])
    alarms = 0
    for _ in range(runs):
        ones = np.cumsum(chance.binomial(EVERY, part, LOOKS))
        every = np.arange(1, LOOKS + 1) * EVERY
        pairs = zip(ones, every, strict=True)
        alarms += any(ratio_p([(shares, (int(a), int(n - a)))]) <= ALARM for a, n in pairs)
    return share("Sample ratio", name, alarms, runs, at_most=at_most)
