"""How soon letters of unknown fate were settled, and by what."""

from __future__ import annotations

from typing import Any

from faults.place import Place

MICROS = 1_000_000


def resolving(place: Place) -> dict[str, Any]:
    """From the start of an attempt of unknown fate to its proof: median, 99th percentile, worst."""
    rows = place.ground.rows(
        "SELECT p.proved_at - a.begun_at FROM proof p "
        "JOIN attempt a ON a.attempt_id = p.attempt_id WHERE a.detail LIKE 'proved by%'"
    )
    took = sorted(int(row[0]) / MICROS for row in rows)
    if not took:
        return {"proved_seconds": {}}
    return {
        "proved_seconds": {
            "measured": len(took),
            "median": round(took[len(took) // 2], 2),
            "p99": round(took[min(len(took) - 1, int(0.99 * len(took)))], 2),
            "worst": round(took[-1], 2),
        }
    }
