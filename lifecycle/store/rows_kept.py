"""Rows as they were read into values, kept while they are read again: so many, and so much text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

TEXT_KEPT = 2_000_000
"""Characters of all rows that one statement keeps. As values they take up to ten times as much."""
EACH = 200
"""What a row counts beside its texts."""

Plain = tuple[Any, ...]


class RowsKept:
    """Makes values of rows, each once as long as it is among those lately asked for.

    Two halves: what is asked for goes into the young one, and when that is full the old one is let
    go. Rows with long texts are let go sooner, for as values they take the more memory. Threads
    may share it: at the worst a row is made twice.
    """

    __slots__ = ("_half", "_make", "_old", "_rows", "_young", "_young_text")

    def __init__(self, make: Callable[[Plain], Any], rows: int, text: int = TEXT_KEPT) -> None:
        self._make = make
        self._rows = rows // 2
        self._half = text // 2
        self._young: dict[Plain, Any] = {}
        self._old: dict[Plain, Any] = {}
        self._young_text = 0

    def __call__(self, row: Plain) -> Any:
        """The value of a row; nobody may change it."""
        made = self._young.get(row)
        if made is not None:
            return made
        made = self._old.get(row)
        if made is None:
            made = self._make(row)
        self._young[row] = made
        self._young_text += EACH + sum(len(value) for value in row if type(value) is str)
        if self._young_text > self._half or len(self._young) > self._rows:
            self._old, self._young, self._young_text = self._young, {}, 0
        return made

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
