"""Events on days of May 2026, and what a replay of them decides, as short texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.simulation.shop import event, play, shop


def a(at: str, name: str = "a", **more: Any) -> dict[str, Any]:
    """An event on a day of May 2026: "04 10:00"."""
    if "received_at" in more:
        more["received_at"] = day(more["received_at"])
    return event(day(at), name, **more)


def day(at: str) -> str:
    number, _, time = at.partition(" ")
    return f"2026-05-{number}T{time}" + ("" if time.count(":") == 2 else ":00")


def told(tmp_path: Path, files: dict[str, str], lines: list[dict[str, Any]], **more: Any) -> str:
    """All decisions of a replay as one text, in order of time, then as they are written."""
    segments = more.pop("segments", {})
    catalog = shop(files, segments, more.pop("said", ""))
    return ", ".join(sorted(one[3:] for one in play(tmp_path, catalog, lines, **more).told()))
