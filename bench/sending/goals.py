"""What sending should come to, and whether it does: ratios within each round, medians over them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.sending.measuring import PLAIN_LETTERS, Measured
from bench.sending.ours import Round

LISTMONK = 1.8
"""So many times the plain loop it sent of such a letter, built and run beside it elsewhere."""


@dataclass(frozen=True)
class Goal:
    """One figure: the median over the rounds, each round, and what it should be."""

    name: str
    figure: float
    by_core: float
    """The same by seconds on the core, where `figure` is by the clock."""
    goal: str
    aim: str
    met: bool | None
    """None where the figure is implied, not measured."""
    rounds: tuple[float, ...]


def goals_of(measured: Sequence[Measured]) -> list[Goal]:
    """The goals of the rounds."""
    bulk = _goal("bulk ÷ plain loop, letters a second", measured, _bulk, 4.0, 10.0)
    share = _goal("bulk ÷ rendering alone, letters a second", measured, _share, 0.6, 0.8)
    single = _goal("single ÷ plain loop, letters a second", measured, _single, 0.9, 1.0)
    size = [_bytes_each(one) for one in measured]
    figure = statistics.median(size)
    told = ("at most 0.15", "0.10", figure <= 0.15, tuple(size))
    sizes = Goal("bulk ÷ plain loop, bytes a letter", figure, figure, *told)
    implied = Goal(
        f"bulk ÷ listmonk, implied (listmonk is taken to send {LISTMONK} × the plain loop)",
        bulk.figure / LISTMONK,
        bulk.by_core / LISTMONK,
        "told alone",
        "4",
        None,
        tuple(one / LISTMONK for one in bulk.rounds),
    )
    return [bulk, share, sizes, single, implied]


def shares(rounds: Sequence[Round]) -> dict[str, float]:
    """Microseconds a letter by the clock that each part takes: medians over the rounds."""
    parts = dict.fromkeys(part for one in rounds for part in one.parts)
    found = {
        part: statistics.median(one.parts.get(part, 0.0) / one.letters for one in rounds) * 1e6
        for part in parts
    }
    whole = statistics.median(one.whole.wall / one.letters for one in rounds) * 1e6
    alone = statistics.median(one.rendering.wall / one.letters for one in rounds) * 1e6
    return {**found, "whole": whole, "rendering alone": alone}


def _goal(
    name: str,
    measured: Sequence[Measured],
    ratio: Callable[[Measured, str], float],
    least: float,
    aim: float,
) -> Goal:
    by_clock = tuple(ratio(one, "wall") for one in measured)
    by_core = statistics.median(ratio(one, "cpu") for one in measured)
    figure = statistics.median(by_clock)
    return Goal(name, figure, by_core, f"at least {least}", str(aim), figure >= least, by_clock)


def _bulk(one: Measured, clock: str) -> float:
    return float(_each(one, clock) / (getattr(one.bulk.whole, clock) / one.bulk.letters))


def _single(one: Measured, clock: str) -> float:
    return float(_each(one, clock) / (getattr(one.single.whole, clock) / one.single.letters))


def _share(one: Measured, clock: str) -> float:
    return float(getattr(one.bulk.rendering, clock) / getattr(one.bulk.whole, clock))


def _each(one: Measured, clock: str) -> float:
    return float(getattr(one.plain, clock)) / PLAIN_LETTERS


def _bytes_each(one: Measured) -> float:
    bulk, plain = one.bulk_counted, one.plain_counted
    return (bulk.bytes / bulk.letters) / (plain.bytes / plain.letters)
