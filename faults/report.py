"""docs/reliability.md from faults/results.json: the figures between its two marks."""

from __future__ import annotations


def write() -> None:
    """Write the figures anew; the text around them stays."""
