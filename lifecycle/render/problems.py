"""What can be wrong with a template: problems found before, and the error of a broken letter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lifecycle.errors import LifecycleError

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """One thing wrong in a template file, in plain words; line and column count from 1."""

    file: str
    line: int
    column: int
    severity: Severity
    problem: str
    hint: str = ""


class BrokenTemplate(LifecycleError):
    """A letter could not be made; the message is dropped with the reason `broken_template`.

    `file` and `line` say where (line 0: nowhere in particular), `name` which name of the template
    was unknown, when that was the trouble.
    """

    def __init__(self, problem: str, *, file: str = "", line: int = 0, name: str = "") -> None:
        where = f"{file}:{line}" if line else file
        super().__init__(
            "The letter could not be made", f"{where}: {problem}" if where else problem
        )
        self.problem = problem
        self.file = file
        self.line = line
        self.name = name

    def __reduce__(self) -> tuple[object, ...]:
        """Let the error cross process borders whole."""
        return (_rebuild, (self.problem, self.file, self.line, self.name))


def _rebuild(problem: str, file: str, line: int, name: str) -> BrokenTemplate:
    return BrokenTemplate(problem, file=file, line=line, name=name)


class SourceRefused(Exception):
    """A template source cannot be used; carries the problem for the person who wrote it."""

    def __init__(self, problem: TemplateProblem) -> None:
        super().__init__(problem.problem)
        self.problem = problem


def refuse(file: str, line: int, column: int, problem: str, hint: str = "") -> SourceRefused:
    """Make the exception that stops the reading of a template with one error."""
    return SourceRefused(TemplateProblem(file, line, column, "error", problem, hint))
