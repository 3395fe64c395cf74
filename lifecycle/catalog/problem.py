"""What is wrong in a definition file: where it stands, what it is, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Severity = Literal["error", "warning"]
MAX_TEXT = 300
"""Characters of a problem, a hint or a quoted line that are shown."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem; line and column count from 1, line 0 means the file as a whole."""

    file: str
    line: int
    column: int
    key: str
    severity: Severity
    problem: str
    hint: str = ""
    text: str = ""
    """The line itself."""

    def sort_key(self) -> tuple[str, int, int, str]:
        """The order in which problems are shown."""
        return self.file, self.line, self.column, self.problem


def shortened(text: str) -> str:
    """The text on one line, in printable characters, cut to MAX_TEXT."""
    plain = "".join(one if one.isprintable() else " " for one in text[: MAX_TEXT + 1])
    return plain if len(plain) <= MAX_TEXT else plain[: MAX_TEXT - 1] + "…"


def of_file(
    file: str, problem: str, hint: str = "", *, severity: Severity = "error", line: int = 0
) -> Problem:
    """A problem of a file as a whole, or of a line of it that is not shown."""
    return Problem(shortened(file), line, 0 if not line else 1, "", severity, problem, hint)


def of_the_sound(found: Iterable[Problem], before: Sequence[Problem]) -> list[Problem]:
    """What was found, without doubts about a step in which an error was told before.

    What was read of such a step lacks a part, and what is then said of it may be false.
    """
    wrong = {
        (one.file, around)
        for one in before
        if one.severity == "error"
        for around in _around(one.key)
    }
    return [
        one for one in found if one.severity == "error" or (one.file, _step(one.key)) not in wrong
    ]


def _around(key: str) -> list[str]:
    """A key and every table and list around it: step[0].branch, step[0], step."""
    ends = [at for at, sign in enumerate(key) if sign in ".["]
    return [key, *(key[:end] for end in ends if end)] if key else []


def _step(key: str) -> str:
    """The step, or the table around it, in which a key stands; a key of no step is its own."""
    end = key.rfind("]")
    return key[: end + 1] if end >= 0 else key or "step"


def nearest(word: str, known: object) -> str:
    """The nearest of the known words; empty when none is near."""
    words = [str(one) for one in known] if hasattr(known, "__iter__") else []
    near = get_close_matches(word[:MAX_TEXT].lower(), words, 1, 0.6)
    return near[0] if near else ""


def did_you_mean(word: str, known: object) -> str:
    """A hint that names the nearest known word; empty when none is near."""
    near = nearest(word, known)
    return f"did you mean “{near}”?" if near else ""
