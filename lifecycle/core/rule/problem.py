"""What is wrong in a rule as written: every problem at once, each with its place in the rule."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One problem; `place` is the key path inside the rule, such as ("all", 2, "within")."""

    place: tuple[str | int, ...]
    problem: str
    hint: str = ""


class RuleRefused(ValueError):
    """A rule that cannot be read; carries every problem found in it."""

    def __init__(self, problems: tuple[RuleProblem, ...]) -> None:
        super().__init__("; ".join(one.problem for one in problems))
        self.problems = problems


@dataclass(slots=True)
class RuleProblems:
    """The problems found while a rule is read, and where the reader stands."""

    found: list[RuleProblem] = field(default_factory=list)
    place: tuple[str | int, ...] = ()

    def add(self, problem: str, hint: str = "", *, key: str | int | None = None) -> None:
        """Note a problem at this place, or at `key` below it."""
        place = self.place if key is None else (*self.place, key)
        self.found.append(RuleProblem(place, problem, hint))

    def below(self, *keys: str | int) -> RuleProblems:
        """The same problems, standing at a deeper place."""
        return RuleProblems(self.found, (*self.place, *keys))
