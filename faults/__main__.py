"""`make faults`: breaks the real daemon in every way, judges it, and writes down what was found."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from faults import report
from faults.experiment import Asked, Experiment, Finding
from faults.experiments import EXPERIMENTS
from faults.ground import KINDS, Grounds
from faults.points import POINTS
from faults.results import RESULTS, record
from lifecycle.clock import SystemClock
from lifecycle.errors import LifecycleError

EXIT_ENDED = 143
COLUMNS = ("letters_owed", "duplicates", "lost", "events_missing", "uncertain_ever")


def main() -> int:
    """Run the experiments that are named, or all; 1 when a promise was broken."""
    # Whoever ends it lets it end what it has started: a server, a daemon, a disk.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_ENDED))
    said = _arguments()
    console = Console(stderr=True)
    if said.points:
        for point in POINTS:
            print(f"{point.name:28} {'+'.join(point.kinds):20} {point.where}")
        return 0
    if said.report:
        report.write()
        return 0
    chosen = [one for one in EXPERIMENTS if not said.names or one.name in said.names]
    unknown = set(said.names) - {one.name for one in EXPERIMENTS}
    if unknown:
        known = ", ".join(one.name for one in EXPERIMENTS)
        console.print(f"there is no experiment {', '.join(sorted(unknown))}; there are: {known}")
        return 2
    grounds, broken = Grounds(), 0
    with tempfile.TemporaryDirectory(prefix="lifecycle-faults-") as made:
        folder = said.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        asked = Asked(
            folder,
            grounds,
            lambda told: console.print(f"  {told} …"),
            tuple(said.database or KINDS),
            said.seed,
            said.scale,
        )
        try:
            for one in chosen:
                console.print(f"[bold]{one.name}[/]: {one.question}")
                broken += _carry_out(one, asked, said.results, console)
        finally:
            grounds.close()
    return 1 if broken else 0


def _carry_out(one: Experiment, asked: Asked, results: Path, console: Console) -> int:
    """Run one experiment, write down each row as it comes, and give how many were broken."""
    rows: list[Finding] = []
    begun = time.monotonic()
    try:
        for found in one.run(asked):
            rows.append(found)
            _record(one, asked, rows, results, begun)
            for wrong in found.wrong:
                console.print(f"  [bold red]{found.title}: {wrong}[/]")
    except (LifecycleError, OSError, AssertionError) as error:
        console.print_exception()
        rows.append(Finding("not finished", {}, [f"{type(error).__name__}: {error}"]))
        _record(one, asked, rows, results, begun)
    _show(one, rows)
    return sum(bool(row.wrong) for row in rows)


def _record(
    one: Experiment, asked: Asked, rows: list[Finding], results: Path, begun: float
) -> None:
    told = {
        "question": one.question,
        "method": one.method,
        "seed": asked.seed,
        "scale": asked.scale,
        "seconds": round(time.monotonic() - begun, 1),
        "rows": [asdict(row) for row in rows],
    }
    record(one.name, told, SystemClock().now(), results)


def _show(one: Experiment, rows: list[Finding]) -> None:
    table = Table(title=one.name)
    for column in ("", *COLUMNS, "as promised", "seconds"):
        table.add_column(column.replace("_", " "))
    for row in rows:
        figures = [str(row.figures.get(column, "")) for column in COLUMNS]
        table.add_row(row.title, *figures, "NO" if row.wrong else "yes", f"{row.seconds:.0f}")
    Console().print(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("names", nargs="*", help="experiments; all if none is named")
    parser.add_argument("--points", action="store_true", help="list the failpoints")
    parser.add_argument("--report", action="store_true", help="write docs/reliability.md anew")
    parser.add_argument("--database", action="append", choices=KINDS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0, help="less than 1: a quick look")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--keep", type=Path, help="a folder in which all that was made is left")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
