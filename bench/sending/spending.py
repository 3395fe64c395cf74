"""What a measured piece of work spent: by the clock, and on cores, worker processes included."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.flows import Spent

PROC = Path("/proc")
_BESIDE: set[int] = set()


def beside(pid: int) -> None:
    """A process of ours that is not part of what is measured, such as the stand-in SES."""
    _BESIDE.add(pid)


@contextmanager
def spending(into: list[Spent]) -> Iterator[None]:
    """Add what is spent inside by this process and by its workers."""
    wall, cpu = time.perf_counter(), _processor()
    yield
    into.append(Spent(time.perf_counter() - wall, _processor() - cpu))


def _processor() -> float:
    ticks = 0
    for pid in _workers():
        try:
            said = (PROC / str(pid) / "stat").read_text("ascii", "replace")
        except OSError:
            continue  # It has ended meanwhile.
        ticks += sum(map(int, said.rpartition(")")[2].split()[11:13]))
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def _workers() -> set[int]:
    found: set[int] = set()
    waiting = [os.getpid()]
    while waiting:
        for listed in PROC.glob(f"{waiting.pop()}/task/*/children"):
            children = {int(one) for one in listed.read_text("ascii").split()} - _BESIDE - found
            found |= children
            waiting += children
    return found
