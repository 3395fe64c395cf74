"""`make bench`: measures, prints a table, writes bench/results.json; 1 when a goal is missed."""

from __future__ import annotations

import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import flows, idle, importing, letters, replaying
from bench.results import record
from lifecycle.clock import SystemClock

ROUNDS = 5
LETTER_AT_MOST = 3.0
IMPORT_AT_LEAST = 0.1
IDLE_AT_MOST = 0.01
WAITING_AT_MOST = 1.2
AT_ONCE_AT_MOST = 10.0
REPLAYED = (1_000, 20_000)
"""Customers and events of the replay in every run; all of it is `make bench-replay`."""


@dataclass(frozen=True)
class Result:
    """One measurement: the median over the rounds, each round, and what it should be."""

    name: str
    figure: float
    goal: str
    met: bool
    rounds: tuple[float, ...]
    seconds: tuple[tuple[float, ...], ...] = ()


def main(now: datetime) -> int:
    """Measure everything; 1 when a goal is missed."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="lifecycle-bench-") as made:
        folder = Path(made)
        console.print("letters …")
        results = [_letters(letters.measure(folder / "letters", ROUNDS))]
        console.print("an import …")
        results.append(_import(importing.measure(folder / "import", ROUNDS, now)))
        console.print("a million who wait …")
        results.append(_waiting(flows.waiting(folder / "waiting", ROUNDS)))
        console.print("ten thousand who fall due …")
        results.append(_at_once(flows.at_once(folder / "at-once", ROUNDS)))
        if Path("/proc/self/stat").is_file():
            console.print("an idle daemon …")
            results.append(_idle(idle.measure(folder / "idle", ROUNDS)))
        console.print("a replay …")
        replayed = replaying.measure(folder / "replay", *REPLAYED)
    told = {**asdict(replayed), "events_a_second": round(replayed.events_a_second, 1)}
    record("bench", {"results": [*map(asdict, results)], "replay": told}, now)
    _show(results)
    return 0 if all(one.met for one in results) else 1


def _letters(pairs: list[tuple[float, float]]) -> Result:
    name = "a letter's whole way ÷ rendering it"
    ratios = tuple(whole / alone for whole, alone in pairs)
    figure = statistics.median(ratios)
    met = figure <= LETTER_AT_MOST
    return Result(name, figure, f"at most {LETTER_AT_MOST}", met, ratios, tuple(pairs))


def _import(pairs: list[tuple[float, float]]) -> Result:
    name = "rate of an import with segments ÷ rate of bare inserts"
    ratios = tuple(bare / whole for whole, bare in pairs)
    figure = statistics.median(ratios)
    met = figure >= IMPORT_AT_LEAST
    return Result(name, figure, f"at least {IMPORT_AT_LEAST}", met, ratios, tuple(pairs))


def _waiting(pairs: list[tuple[flows.Spent, flows.Spent]]) -> Result:
    name = "ticks beside 1,000,000 who wait ÷ beside 1,000"
    return _times(name, pairs, WAITING_AT_MOST)


def _at_once(pairs: list[tuple[flows.Spent, flows.Spent]]) -> Result:
    name = "10,000 due at once, decided ÷ claimed and completed"
    return _times(name, pairs, AT_ONCE_AT_MOST)


def _times(name: str, pairs: list[tuple[flows.Spent, flows.Spent]], most: float) -> Result:
    """How many times what the second costs the first does, by time on a core; by the clock too."""
    ratios = tuple(one.cpu / other.cpu for one, other in pairs)
    figure = statistics.median(ratios)
    by_clock = statistics.median(one.wall / other.wall for one, other in pairs)
    seconds = tuple((one.wall, other.wall, one.cpu, other.cpu) for one, other in pairs)
    name = f"{name} (by the clock {by_clock:.2f})"
    return Result(name, figure, f"at most {most}", figure <= most, ratios, seconds)


def _idle(shares: list[float]) -> Result:
    figure = statistics.median(shares)
    name = "an idle daemon's share of a core"
    return Result(name, figure, f"under {IDLE_AT_MOST}", figure < IDLE_AT_MOST, tuple(shares))


def _show(results: list[Result]) -> None:
    table = Table()
    for column in ("what", "median", "goal", ""):
        table.add_column(column)
    for one in results:
        table.add_row(one.name, f"{one.figure:.3f}", one.goal, "met" if one.met else "MISSED")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main(SystemClock().now()))
