"""A TOML file once it has been read: its data, its lines, and where each key stands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from lifecycle.catalog.positions import Place, Position, positions
from lifecycle.catalog.problem import Problem, Severity, shortened
from lifecycle.catalog.syntax import read_toml

MAX_DEPTH = 100
"""Tables and lists inside one another, dotted keys counted by their parts."""


@dataclass
class Document:
    """One file: `data` is what it says; `problem` makes a problem at a key of it."""

    file: str
    text: str
    data: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def lines(self) -> list[str]:
        """The file's lines without their ends."""
        return self.text.replace("\r\n", "\n").split("\n")

    @cached_property
    def places(self) -> Mapping[Place, Position]:
        """Key path to line and column."""
        return positions(self.text)

    def position(self, place: Place) -> Position:
        """Where a key stands; for one that is not there, the nearest table around it."""
        while place and place not in self.places:
            place = place[:-1]
        return self.places.get(place, (1, 1))

    def problem(
        self, place: Place, problem: str, hint: str = "", severity: Severity = "error"
    ) -> Problem:
        """A problem at the key path `place`."""
        line, column = self.position(place)
        return self.at(line, column, problem, hint, severity, key=written(place))

    def at(
        self,
        line: int,
        column: int,
        problem: str,
        hint: str = "",
        severity: Severity = "error",
        key: str = "",
    ) -> Problem:
        """A problem at a line and column."""
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        return Problem(
            self.file,
            line,
            column,
            key,
            severity,
            shortened(problem),
            shortened(hint),
            shortened(text),
        )


def written(place: Place) -> str:
    """A key path as people write it: step[1].variant[0].subject."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return shortened(text)


def read_document(file: str, text: str) -> tuple[Document, list[Problem]]:
    """Read one TOML text; where it cannot be read, the data is empty and the problems say why."""
    document = Document(file, text)
    data, faults = read_toml(text)
    if faults:
        return document, [document.at(*fault) for fault in faults]
    places, deepest = _not_finite(data)
    if deepest > MAX_DEPTH:
        return document, [document.at(1, 1, f"this file nests deeper than {MAX_DEPTH} tables")]
    document.data = data
    return document, [
        document.problem(one, "this is no number one can count with") for one in places
    ]


def _not_finite(data: object) -> tuple[list[Place], int]:
    """Where numbers stand that are infinite or none at all, and how deep the data goes."""
    found: list[Place] = []
    deepest = 0
    waiting: list[tuple[object, Place]] = [(data, ())]
    while waiting and deepest <= MAX_DEPTH:
        value, place = waiting.pop()
        deepest = max(deepest, len(place))
        if isinstance(value, dict):
            waiting.extend((one, (*place, key)) for key, one in value.items())
        elif isinstance(value, list):
            waiting.extend((one, (*place, index)) for index, one in enumerate(value))
        elif isinstance(value, float) and not math.isfinite(value):
            found.append(place)
    return found, deepest
