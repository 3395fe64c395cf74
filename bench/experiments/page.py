"""Writes what the experiments found into docs/statistics.md, between two marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.experiments.results import Result

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
BEGINS, ENDS = "<!-- figures: make bench-experiments -->", "<!-- end of figures -->"
EMPTY = f"# What our statistics are worth\n\n{BEGINS}\n{ENDS}\n"


def write(results: Sequence[Result], seed: int) -> None:
    """Put the tables in the place of those before; what stands around them stays."""
    text = PAGE.read_text("utf-8") if PAGE.is_file() else EMPTY
    before, _, rest = text.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    said = f"\nBy `make bench-experiments` with seed {seed}.\n\n"
    tables = "\n".join(_tables(results))
    PAGE.write_text(f"{before}{BEGINS}\n{said}{tables}\n{ENDS}{after}", "utf-8")


def _tables(results: Sequence[Result]) -> Iterator[str]:
    for of in dict.fromkeys(one.of for one in results):
        yield f"### {of}\n"
        yield "| what | figure | surely between | goal | |\n| --- | ---: | --- | --- | --- |"
        for one in results:
            if one.of == of:
                yield "| " + " | ".join(cells(one)) + " |"
        yield ""


def cells(one: Result) -> tuple[str, ...]:
    """A result as a row: what, its figure, where the true one lies, the goal, and whether met."""
    low, high = one.detail.get("low"), one.detail.get("high")
    between = f"{_told(low, one)} to {_told(high, one)}" if low is not None else ""
    known = {True: "met", False: "**missed**", None: ""}[one.met]
    return one.name, _told(one.figure, one), between, one.goal, known


def _told(figure: float | None, one: Result) -> str:
    if figure is None:
        return ""
    if one.percent:
        return f"{figure:.2%}"
    return f"{figure:,.0f}" if abs(figure) >= 1_000 else f"{figure:.4g}"
