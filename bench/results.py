"""bench/results.json: what every benchmark found when it was last run, each under its own name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.machine import machine
from lifecycle.core.words import rfc3339

RESULTS = Path(__file__).parent / "results.json"


def record(name: str, found: Mapping[str, Any], now: datetime) -> None:
    """Put what a benchmark found in the place of what it found before."""
    told = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    told[name] = {"measured_at": rfc3339(now), "machine": machine(), **found}
    RESULTS.write_text(json.dumps(told, indent=2, default=_plain) + "\n", "utf-8")


def recorded(name: str) -> dict[str, Any]:
    """What a benchmark found when it was last run; empty where it never was."""
    told = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    found: dict[str, Any] = told.get(name, {})
    return found


def _plain(value: Any) -> Any:
    """A number of numpy's as Python's own."""
    return value.item()
