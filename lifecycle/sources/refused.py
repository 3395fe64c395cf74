"""A refusal: which field of a line cannot be taken in, why, and what to write instead."""

from __future__ import annotations


class Refused(Exception):
    """A line that cannot be taken in. `field` is a path such as `properties.items[0].price`.

    The texts name no value that could be an address; an empty field means the line as a whole.
    """

    def __init__(self, field: str, problem: str, hint: str = "") -> None:
        super().__init__(field, problem, hint)
        self.field = field
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.field}: {self.problem}" if self.field else self.problem
        return f"{text}; {self.hint}" if self.hint else text
