"""RFM: fifths of all buyers, equal figures get equal scores, each pair has a group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from lifecycle.models.histories import Histories
from lifecycle.models.rfm import GROUPS, rfm


def buyers(
    last_at: Sequence[int], orders: Sequence[int] = (), total: Sequence[float] = ()
) -> Histories:
    nothing = np.zeros(len(last_at), np.int64)
    return Histories(
        np.array(last_at, np.int64),
        np.array(orders or nothing, np.int64),
        np.array(total or nothing, np.float64),
        *(nothing, nothing, nothing, nothing),
        nothing.astype(np.float64),
    )


@pytest.mark.parametrize(
    ("values", "scores"),
    [
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]),
        ([5, 4, 3, 2, 1], [5, 4, 3, 2, 1]),
        (range(10), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
        ([1, 2], [1, 5]),
        ([1, 2, 3], [1, 3, 5]),
    ],
)
def test_where_all_differ_each_fifth_has_its_score(values: Sequence[int], scores: list[int]):
    found = rfm(buyers(values, list(values), list(map(float, values))))
    assert found.recency.tolist() == scores
    assert found.frequency.tolist() == scores
    assert found.monetary.tolist() == scores


@pytest.mark.parametrize("size", [5, 25, 100, 1005])
def test_fifths_are_equally_large(size: int):
    found = rfm(buyers(range(size)))
    assert np.bincount(found.recency).tolist() == [0, *[size // 5] * 5]


def test_equal_figures_get_equal_scores():
    found = rfm(buyers([7, 7, 7, 9, 9], [1, 1, 1, 2, 3]))
    assert found.frequency.tolist() == [1, 1, 1, 4, 5]
    assert found.recency.tolist() == [3, 3, 3, 5, 5]


def test_a_first_buyer_alone_is_new():
    found = rfm(buyers([1], [1], [9.0]))
    assert (found.recency.tolist(), found.frequency.tolist()) == ([5], [1])
    assert found.group(0) == "new"


def test_nobody_is_scored_where_nobody_bought():
    assert rfm(buyers([])).recency.tolist() == []


def test_the_groups_are_a_closed_list():
    assert {name for row in GROUPS for name in row} == {
        *("champions", "loyal", "promising", "new", "needs_attention", "at_risk", "hibernating"),
        "lost",
    }
    assert [len(row) for row in GROUPS] == [5] * 5
