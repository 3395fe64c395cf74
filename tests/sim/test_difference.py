"""What differs between two runs: counts, customers, and how much later or earlier."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.sim.difference import difference


def sent(customer: str, hour: int, what: str = "sent", **beside: str) -> dict[str, Any]:
    """A decision on one step."""
    row = {
        "at": f"2026-03-02T{hour:02}:00:00Z",
        "customer": customer,
        "campaign": "cart",
        "entry": "c1",
        "step": "reminder",
        "variant": "",
        "what": what,
        "reason": "",
        "detail": "",
    }
    return {**row, **beside}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("a10 b10", "a10", "1 fewer letter, 1 customer gets none any more"),
        ("a10 b10 c10", "", "3 fewer letters, 3 customers get none any more"),
        ("a10", "a10 b10 c10", "2 more letters, 2 customers get one who had none"),
        ("a10 b10 c10", "a12 b12 c15", "3 later by 2 hours in the median"),
        ("a10 b10", "a9 b12", "1 later by 2 hours, 1 earlier by 1 hour"),
        ("a10 a12", "a12 a14", "1 later by 4 hours"),
        ("a10", "b10", "1 customer gets none any more, 1 customer gets one who had none"),
    ],
)
def test_letters_are_told_in_words(before: str, after: str, words: str) -> None:
    runs = [[sent(one[0], int(one[1:])) for one in text.split()] for text in (before, after)]
    (found,) = difference(runs[0], runs[1]).steps
    assert found.words() == words


def test_the_same_run_differs_in_nothing() -> None:
    rows = [sent("a", 10), sent("a", 10), sent("b", 11, "skipped")]
    assert difference(rows, list(reversed(rows))).nothing


def test_another_variant_at_the_same_time_is_told() -> None:
    (found,) = difference([sent("a", 10, variant="x")], [sent("a", 10, variant="y")]).steps
    assert found.words() == "1 with another variant"


def test_segments_that_end_with_another_size_are_told() -> None:
    found = difference([], [], ({"vip": 3, "old": 1}, {"vip": 5, "old": 1}))
    assert dict(found.segments) == {"vip": (3, 5)}
    assert not found.nothing
