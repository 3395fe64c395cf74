"""Names the machine that a measurement was made on."""

from __future__ import annotations

import os
import platform
import sqlite3
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")


def machine() -> dict[str, object]:
    """Processor, cores, system, and the versions that matter."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def _cpu() -> str:
    if CPU_INFO.is_file():
        for line in CPU_INFO.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
