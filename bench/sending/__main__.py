"""`make bench-send`: measures, prints, writes bench/results.json; 1 when a goal is missed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.results import record
from bench.sending.goals import Goal, goals_of, shares
from bench.sending.measuring import rounds
from bench.sending.stub import Stub, cores, stay_on
from lifecycle.clock import SystemClock

ROUNDS = 5
MET = {True: "met", False: "MISSED", None: ""}


def main(now: datetime, count: int) -> int:
    """Measure everything; 1 when a goal is missed."""
    console = Console(stderr=True)
    mine, other = cores()
    stay_on(mine)
    measured = []
    with tempfile.TemporaryDirectory(prefix="lifecycle-bench-") as made:
        folder = Path(made)
        with Stub(folder / "stub", other) as stub:
            console.print(f"people, beside a stand-in SES ({stub.kind}) …")
            for one in rounds(folder, stub, count):
                measured.append(one)
                console.print(f"round {len(measured)} of {count} …")
            found: dict[str, object] = {"stub": stub.kind, "cores": len({mine, other})}
    goals = goals_of(measured)
    parts = {"single": shares([one.single for one in measured])}
    parts["bulk"] = shares([one.bulk for one in measured])
    found |= {"results": [asdict(one) for one in goals], "microseconds_a_letter": parts}
    record("sending", found, now)
    _show(goals, parts)
    return 0 if all(one.met is not False for one in goals) else 1


def _show(goals: Sequence[Goal], parts: Mapping[str, Mapping[str, float]]) -> None:
    told = Table()
    for column in ("what", "by the clock", "by the core", "goal", "aim", ""):
        told.add_column(column)
    for one in goals:
        figures = (f"{one.figure:.2f}", f"{one.by_core:.2f}")
        told.add_row(one.name, *figures, one.goal, one.aim, MET[one.met])
    spent = Table(title="microseconds a letter, by the clock")
    for column in ("", *parts):
        spent.add_column(column)
    for part in dict.fromkeys(part for way in parts.values() for part in way):
        spent.add_row(part, *(f"{way.get(part, 0.0):.0f}" for way in parts.values()))
    console = Console()
    console.print(told)
    console.print(spent)


if __name__ == "__main__":
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--rounds", type=int, default=ROUNDS)
    sys.exit(main(SystemClock().now(), said.parse_args().rounds))
