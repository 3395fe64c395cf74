"""What a row of a set query says of a rule: whether it holds, perhaps unsure, and when it turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

NEVER = 2**62
"""Beyond every instant, in microseconds: time alone does not turn it."""

Answer = tuple[bool | None, int]
"""Whether the rule holds, None where Python has to decide; and the earliest turn, never late."""
Row = Sequence[Any]
Ask = Callable[[Row], Answer]

HOLDS: Answer = (True, NEVER)
FAILS: Answer = (False, NEVER)
UNSURE: Answer = (None, 0)


def always(answer: Answer) -> Ask:
    """The same of everybody."""
    return lambda row: answer


def every(parts: Sequence[Ask]) -> Ask:
    """All hold. One that surely fails settles it, whatever the unsure ones say.

    The turns are those of `Branch.may_turn_at`: what fails needs each part that fails to turn, and
    of those the ones that are known give an instant that is not late.
    """

    def ask(row: Row) -> Answer:
        fails, last, first, unsure = False, 0, NEVER, False
        for part in parts:
            holds, turns = part(row)
            if holds:
                if turns < first:
                    first = turns
            elif holds is None:
                unsure = True
            elif turns == NEVER:
                return FAILS
            else:
                fails = True
                if turns > last:
                    last = turns
        if fails:
            return False, last
        return UNSURE if unsure else (True, first)

    return ask


def some(parts: Sequence[Ask]) -> Ask:
    """At least one holds: the mirror image of `every`."""
    return negated(every([negated(part) for part in parts]))


def negated(part: Ask) -> Ask:
    """It does not hold, and turns when it turns."""

    def ask(row: Row) -> Answer:
        holds, turns = part(row)
        return (None if holds is None else not holds), turns

    return ask
