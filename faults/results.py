"""faults/results.json: what each experiment found when it was last run, each under its own name."""

from __future__ import annotations

import json
import platform
import re
import sqlite3
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.machine import machine
from lifecycle.core.words import rfc3339
from tests.databases import server_binaries

RESULTS = Path(__file__).parent / "results.json"


def record(name: str, found: Mapping[str, Any], now: datetime, file: Path = RESULTS) -> None:
    """Put what an experiment found in the place of what it found before."""
    told = load(file)
    told[name] = {"measured_at": rfc3339(now), "machine": _machine(), **found}
    unfinished = file.with_suffix(".new")
    unfinished.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", "utf-8")
    unfinished.replace(file)


def load(file: Path = RESULTS) -> dict[str, Any]:
    """All that was found."""
    found: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return found


def _machine() -> dict[str, object]:
    told = subprocess.run(
        [server_binaries() / "postgres", "--version"], capture_output=True, text=True, check=False
    )
    version = re.search(r"\d+\.\d+", told.stdout)
    known = {"postgresql": version[0] if version else "", "kernel": platform.release()}
    return {**machine(), **known, "sqlite": sqlite3.sqlite_version}
