"""Rows that are kept as values: made once while they are asked for, and never too many."""

from __future__ import annotations

from typing import Any

from lifecycle.store.rows_kept import RowsKept


def counting(rows: int, text: int) -> tuple[RowsKept, list[tuple[Any, ...]]]:
    made: list[tuple[Any, ...]] = []

    def make(row: tuple[Any, ...]) -> str:
        made.append(row)
        return f"value of {row[0]}"

    return RowsKept(make, rows, text), made


def test_a_row_asked_for_again_is_not_made_again() -> None:
    kept, made = counting(100, 100_000)
    assert [kept((1, "a")), kept((1, "a")), kept((1, "b"))] == [
        "value of 1", "value of 1", "value of 1",
    ]  # fmt: skip
    assert made == [(1, "a"), (1, "b")]


def test_what_is_asked_for_stays_and_what_is_not_goes() -> None:
    kept, made = counting(20, 100_000)
    for number in range(100):
        kept((number,))
        kept((-1,))
        assert len(kept) <= 22
    assert made.count((-1,)) == 1
    kept((0,))
    assert made.count((0,)) == 2


def test_long_rows_are_let_go_sooner() -> None:
    kept, made = counting(1_000_000, 100_000)
    for number in range(100):
        kept((number, "x" * 10_000))
    assert len(made) == 100
    assert len(kept) <= 11
