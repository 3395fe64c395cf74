"""What the benchmark reckons of many looks at once is what the product says of each."""

from __future__ import annotations

import numpy as np
import pytest

from bench.experiments import page, shops
from bench.experiments.at_once import Looks, judged, mean_ends
from bench.experiments.results import Result, share
from bench.experiments.sequential import CONFIDENCE, winners
from lifecycle.core.experiment import (
    Earned,
    Measured,
    Score,
    allowed,
    difference,
    interval,
    leading,
)
from lifecycle.core.least import LETTERS


def chance() -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(5))


def one_look(looks: Looks, run: int, at: int, name: str) -> Measured:
    sent, met = int(looks.sent[run, at]), int(looks.met[run, at])
    if looks.total is None or looks.squares is None:
        return Score(name, sent, met)
    return Earned(name, sent, met, float(looks.total[run, at]), float(looks.squares[run, at]))


def both(kind: str) -> tuple[Looks, Looks]:
    dice, sent = chance(), shops.letters_at(60, 100, 0.7)
    if kind == "rates":
        one, other = (
            shops.clicks(dice, 6, to, rate) for to, rate in zip(sent, (0.05, 0.09), strict=True)
        )
        return one, other
    caps = shops.caps(dice, 6, shops.lognormal, 0.995)
    one, other = (
        shops.sales(dice, 6, to, rate, shops.lognormal, caps)
        for to, rate in zip(sent, (0.02, 0.06), strict=True)
    )
    return one, other


@pytest.mark.parametrize("kind", ["rates", "revenue"])
def test_differences_at_once_are_those_of_each_look(kind: str) -> None:
    one, other = both(kind)
    found = judged(one, other, 0.05)
    told = 0
    for run in range(6):
        for at in range(60):
            by_product = difference(
                one_look(one, run, at, "a"), one_look(other, run, at, "b"), 0.05
            )
            assert (by_product.interval is not None) == bool(found.said[run, at])
            if by_product.interval is not None:
                told += 1
                half = found.half[run, at]
                assert by_product.difference == pytest.approx(found.difference[run, at])
                assert by_product.interval.high - by_product.difference == pytest.approx(half)
    assert told > 100


def test_means_at_once_are_those_of_each_look() -> None:
    _, other = both("revenue")
    said, low, high = mean_ends(other, 0.05)
    for run in range(6):
        for at in range(60):
            found = interval(one_look(other, run, at, "b"), 0.05)
            assert (found is not None) == bool(said[run, at])
            if found is not None:
                assert (found.low, found.high) == pytest.approx((low[run, at], high[run, at]))


def test_winners_at_once_are_those_that_the_product_names_first() -> None:
    dice = chance()
    sent = np.arange(1, 41) * 60
    variants = [shops.clicks(dice, 12, sent, rate) for rate in (0.10, 0.10, 0.16)]
    found = winners(variants)
    for run in range(12):
        first = -1
        for at in range(40):
            looks = [one_look(one, run, at, str(place)) for place, one in enumerate(variants)]
            result = leading(looks, CONFIDENCE, LETTERS)
            if result is not None and result.proven:
                first = int(result.variant)
                break
        assert found[run] == first
    assert (found == 2).any()
    assert allowed(CONFIDENCE, 3) == pytest.approx(0.05 / 3)


def test_a_page_keeps_what_stands_around_its_tables(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    monkeypatch.setattr(page, "PAGE", tmp_path / "statistics.md")
    page.write([share("False winners", "one", 3, 100, at_most=0.05)], 1)
    text = page.PAGE.read_text("utf-8").replace("# What", "# Before\n\n# What") + "\nAfter.\n"
    page.PAGE.write_text(text, "utf-8")
    page.write([Result("two", 0.5, "at most 10.00%", False, "Power")], 2)
    text = page.PAGE.read_text("utf-8")
    assert "# Before" in text
    assert text.endswith("\nAfter.\n")
    assert "| two | 50.00% |  | at most 10.00% | **missed** |" in text
    assert "False winners" not in text
