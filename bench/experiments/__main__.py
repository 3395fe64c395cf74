"""`make bench-experiments`: measures what our statistics are worth; 1 when a goal is missed."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from rich.console import Console
from rich.table import Table

from bench.experiments import (
    bandits,
    hours_at_night,
    lift,
    page,
    send_time,
    sequential,
    test_and_roll,
)
from bench.experiments.results import Result
from bench.results import record, recorded
from lifecycle.clock import SystemClock

QUESTIONS: dict[str, Callable[..., list[Result]]] = {
    "sequential": sequential.measure,
    "test_and_roll": test_and_roll.measure,
    "bandits": bandits.measure,
    "lift": lift.measure,
    "send_time": send_time.measure,
    "hours_at_night": hours_at_night.measure,
}
"""One file a question: its `measure(scale=…, seed=…)`."""
SEED = 20_261_122


def main(now: datetime) -> int:
    """Measure what is named, or all; at full size each is written down as soon as it is done."""
    said = _arguments()
    console = Console(stderr=True)
    results: list[Result] = []
    for name in said.only or QUESTIONS:
        began = time.perf_counter()
        found = QUESTIONS[name](scale=said.scale, seed=said.seed)
        console.print(f"{name}: {time.perf_counter() - began:.0f} s")
        results += found
        if said.scale == 1:
            _write_down(name, found, said.seed, now)
    _show(results)
    return 0 if all(one.met is not False for one in results) else 1


def _write_down(name: str, found: list[Result], seed: int, now: datetime) -> None:
    """Keep what a question came to, and write the page of all that were asked."""
    known = recorded("experiments").get("questions", {})
    known[name] = {"seed": seed, "results": [asdict(one) for one in found]}
    record("experiments", {"questions": known}, now)
    told = [
        Result(**one)
        for question in QUESTIONS
        for one in recorded("experiments")["questions"].get(question, {}).get("results", [])
    ]
    page.write(told, seed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.experiments", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="NAME", help=f"of {', '.join(QUESTIONS)}")
    parser.add_argument("--scale", type=float, default=1.0, help="0.05 is a quick look")
    parser.add_argument("--seed", type=int, default=SEED)
    said = parser.parse_args()
    unknown = [name for name in said.only if name not in QUESTIONS]
    if unknown:
        parser.error(f"there is no {unknown[0]}")
    return said


def _show(results: list[Result]) -> None:
    table = Table()
    for column in ("what", "figure", "surely between", "goal", ""):
        table.add_column(column)
    for one in results:
        table.add_row(*page.cells(one))
    Console(width=160).print(table)


if __name__ == "__main__":
    sys.exit(main(SystemClock().now()))
