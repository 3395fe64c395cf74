"""What an experiment on our statistics found: a figure, how sure it is, and what it should be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Result:
    """One figure beside its goal; `met` is None where it stands for comparison alone.

    `of` is the table in docs/statistics.md it belongs to. `detail` says from how many runs, and
    between which figures the true one lies, 95 times of 100.
    """

    name: str
    figure: float
    goal: str
    met: bool | None
    of: str = ""
    percent: bool = True
    detail: dict[str, Any] = field(default_factory=dict)


def share(
    of: str,
    name: str,
    hits: int,
    runs: int,
    *,
    at_most: float | None = None,
    at_least: float | None = None,
    **more: Any,
) -> Result:
    """The share of runs in which something happened, with the interval of Clopper and Pearson.

    A bound is met when the figure is on its right side.
    """
    from scipy.stats import binomtest

    sure = binomtest(hits, runs).proportion_ci(0.95)
    figure, goal, met = hits / runs, "", None
    if at_most is not None:
        goal, met = f"at most {at_most:.2%}", figure <= at_most
    if at_least is not None:
        goal, met = f"at least {at_least:.2%}", figure >= at_least
    detail = {"runs": runs, "low": round(sure.low, 5), "high": round(sure.high, 5), **more}
    return Result(name, figure, goal, met, of, detail=detail)
