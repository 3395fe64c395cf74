"""How much memory a process and its children hold, by what Linux tells."""

from __future__ import annotations

from pathlib import Path

_PROC = Path("/proc")


def resident_mb(pid: int) -> float:
    """Megabytes resident now, of the process and its children; 0 where that is not told."""
    return sum(_resident(one) for one in (pid, *_children(pid))) / 1024


def own_mb(pid: int) -> float:
    """Megabytes resident now, of the process alone."""
    return _resident(pid) / 1024


def _resident(pid: int) -> int:
    try:
        for line in (_PROC / str(pid) / "status").read_text("utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    except OSError:
        return 0
    return 0


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for tasks in (_PROC / str(pid) / "task").glob("*/children"):
            for child in map(int, tasks.read_text("ascii").split()):
                found += [child, *_children(child)]
    except OSError:
        pass  # It has ended meanwhile, or one of its threads has.
    return found
