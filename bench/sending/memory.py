"""`make bench-memory`: the most memory that one process takes while it sends a million letters."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.results import record
from bench.sending.shop import KEY, NOW, catalog_of, people_wait, project
from bench.sending.stub import Stub, cores, stay_on
from lifecycle import log
from lifecycle.cli.collector import collect_seldom
from lifecycle.cli.wiring import parts_of
from lifecycle.clock import SystemClock
from lifecycle.engine.engine import Engine
from lifecycle.hooks import Registry
from lifecycle.store.claims import BATCH
from lifecycle.store.database import Database

LETTERS = 1_000_000
GOAL_MB, AIM_MB = 200.0, 120.0
MARKS = 20
"""So often the memory is looked at on the way."""
STATUS = Path("/proc/self/status")
FILL, SEND = "fill", "send"


def main(now: datetime, letters: int) -> int:
    """Fill a database, send from it, print and record; 1 when the goal is missed."""
    console = Console(stderr=True)
    mine, other = cores()
    with tempfile.TemporaryDirectory(prefix="lifecycle-bench-") as made:
        folder = Path(made)
        with Stub(folder / "stub", other) as stub:
            root = project(folder / "shop", stub.url, "bulk")
            console.print(f"{letters:,} customers are each owed a letter …")
            _process(FILL, root, letters)
            console.print("sending …")
            begun = time.perf_counter()
            found = _process(SEND, root, letters, core=mine)
            seconds = time.perf_counter() - begun
            accepted = stub.counted().letters
    peak = found["peak_mb"]
    met = peak <= GOAL_MB and accepted == found["letters"]
    told = {
        **found,
        "accepted": accepted,
        "letters_a_second": round(accepted / seconds),
        "goal_mb": GOAL_MB,
        "aim_mb": AIM_MB,
        "met": met,
    }
    record("memory_while_sending", told, now)
    out = Console()
    out.print(f"{accepted:,} letters, {told['letters_a_second']:,} a second")
    out.print(f"at the start {found['start_mb']:.0f} MB, on the way {found['marks_mb']}")
    out.print(f"the most: {peak:.0f} MB (goal {GOAL_MB:g}, aim {AIM_MB:g})")
    return 0 if met else 1


def _process(deed: str, root: Path, letters: int, core: int | None = None) -> dict[str, Any]:
    """One part of the work in a process of its own, so that each has its memory to itself."""
    command = [sys.executable, "-m", "bench.sending.memory", "--deed", deed]
    command += ["--root", str(root), "--letters", str(letters)]
    command += [] if core is None else ["--core", str(core)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def fill(root: Path, letters: int) -> dict[str, Any]:
    """Owe so many customers a letter; two in a hundred of them are suppressed."""
    database = Database(f"sqlite:///{root / 'shop.db'}", durable=False)
    people_wait(database, catalog_of(root), letters - BATCH)  # A batch waits before them.
    database.close()
    return {}


def send(root: Path, letters: int) -> dict[str, Any]:
    """Send all that is due by the daemon's own engine; gives what memory that took."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        log.start(nowhere)
        return _sent(root, letters)


def _sent(root: Path, letters: int) -> dict[str, Any]:
    database = Database(f"sqlite:///{root / 'shop.db'}")
    parts = parts_of(root, catalog_of(root), Registry(), database, KEY)
    engine = Engine(parts)
    engine.start(NOW, alone=True)
    collect_seldom()
    marks: list[float] = []
    start, turns = _memory("VmRSS"), 0
    every = max(1, letters // MARKS // BATCH)
    looked = engine.letters.make_many

    def counted(wanted: Any) -> Any:
        nonlocal turns
        turns += 1
        if turns % every == 0:
            marks.append(round(_memory("VmRSS"), 1))
        return looked(wanted)

    engine.letters.make_many = counted  # type: ignore[method-assign]
    while engine.tick(NOW):
        pass
    with database.read() as connection:
        query = "SELECT count(*) FROM message WHERE state = 'accepted'"
        sent = int(connection.exec_driver_sql(query).scalar_one())
    database.close()
    return {
        "letters": sent,
        "start_mb": start,
        "marks_mb": marks,
        "peak_mb": _memory("VmHWM"),
    }


def _memory(name: str) -> float:
    """What the system says of this process, in megabytes. Linux."""
    for line in STATUS.read_text("ascii").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def _said(deed: str, root: Path, letters: int) -> Mapping[str, Any]:
    if shutil.disk_usage(root).free < letters * 12_000:
        raise SystemExit("there is too little room on the disk for so many letters")
    return fill(root, letters) if deed == FILL else send(root, letters)


if __name__ == "__main__":
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--letters", type=int, default=LETTERS)
    said.add_argument("--deed", choices=(FILL, SEND))
    said.add_argument("--root", type=Path)
    said.add_argument("--core", type=int)
    given = said.parse_args()
    if given.deed is None:
        sys.exit(main(SystemClock().now(), given.letters))
    stay_on(given.core)
    print(json.dumps(_said(given.deed, given.root, given.letters)))
