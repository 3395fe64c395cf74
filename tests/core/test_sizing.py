"""How large a test is made: the paper's own figures, and the best size found by trying all."""

from __future__ import annotations

import math

import pytest

from lifecycle.core import sizing
from lifecycle.core.sizing import letters_a_variant, share_to_test


def test_the_papers_own_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of a shop: 68 % stay, spread 3 %; of 100,000 visitors 2,284 see each variant."""
    noise = math.sqrt(0.68 * 0.32) / 0.03
    monkeypatch.setitem(sizing._NOISE, "click_rate", noise)
    assert round(letters_a_variant(100_000, 2, "click_rate")) == 2_284


@pytest.mark.parametrize("by", ["click_rate", "open_rate", "goal_rate", "revenue"])
@pytest.mark.parametrize(("audience", "variants"), [(1_000, 2), (40_000, 2), (40_000, 5)])
def test_no_other_size_gains_more(audience: int, variants: int, by: str) -> None:
    noise = sizing._NOISE[by] ** 2

    def gain(letters: int) -> float:
        return (audience - variants * letters) / math.sqrt(1 + noise / letters)

    best = max(range(1, audience // variants), key=gain)
    assert letters_a_variant(audience, variants, by) == pytest.approx(best, abs=1)


def test_of_few_readers_all_try_and_of_many_a_small_share() -> None:
    assert share_to_test(2, 2, "click_rate") == 100.0
    assert 25 < share_to_test(1_000, 2, "click_rate") < 34
    assert share_to_test(1_000_000, 2, "click_rate") < 3
