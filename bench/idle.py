"""What the daemon costs while there is nothing to do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from bench.shop import new_shop

SETTLING_SECONDS = 5.0
WINDOW_SECONDS = 5.0
TICKS = os.sysconf("SC_CLK_TCK")


def measure(folder: Path, rounds: int) -> list[float]:
    """For each round: the share of one core that the daemon took, from 0 to 1. Linux alone."""
    command = [sys.executable, "-m", "scheduler", "--project", str(new_shop(folder))]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as daemon:
        try:
            assert daemon.stdout is not None
            assert daemon.stdout.readline(), "the daemon did not start"
            time.sleep(SETTLING_SECONDS)
            return [_window(daemon.pid) for _ in range(rounds)]
        finally:
            daemon.terminate()
            daemon.wait()


def _window(pid: int) -> float:
    before, begun = _cpu_seconds(pid), time.perf_counter()
    time.sleep(WINDOW_SECONDS)
    return (_cpu_seconds(pid) - before) / (time.perf_counter() - begun)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
