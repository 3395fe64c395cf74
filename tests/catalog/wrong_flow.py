"""Campaigns that are changed in one place, for tables of what may stand there and what not."""

from __future__ import annotations

from tests.catalog.shop import problems_of

FLOW = """\
name = "F"
kind = "flow"
topic = "offers"
[enter]
when = "order_placed"
[exit]
when = "order_cancelled"
[[step]]
name = "a"
"""
LETTER = 'template = "cart/offer"; subject = "x"'


def told(steps: str, severity: str) -> list[tuple[str, str]]:
    """What is said of a flow with these steps, after the first one's name; `; ` parts lines."""
    text = FLOW + steps.replace("LETTER", LETTER).replace("; ", "\n") + "\n"
    found = problems_of({"campaigns/x.toml": text})
    assert all(one.severity == severity for one in found), found
    return [(f"{one.line}:{one.column} {one.problem}", one.hint) for one in found]


def check(steps: str, severity: str, problem: str, hint: str) -> None:
    """One problem alone is told, with these words at its head."""
    ((said, what),) = told(steps, severity)
    assert said.startswith(problem)
    assert what.startswith(hint)
    assert bool(what) == bool(hint)


def exchanged(file: str, text: str, old: str, new: str) -> list[tuple[str, str, str]]:
    """What is said of a campaign in which one text stands for another, once; `; ` parts lines."""
    old, new = old.replace("; ", "\n"), new.replace("; ", "\n")
    assert old in text
    found = problems_of({file: text.replace(old, new, 1)})
    return [(one.severity, f"{one.line}:{one.column} {one.problem}", one.hint) for one in found]
