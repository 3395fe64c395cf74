"""The worth of chosen hours beside the control, judged by statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from lifecycle.core.hours import Role
from lifecycle.models.send_time_lift import Stratum, always_valid, lift

OURS = ((900, 45), (450, 41), (1_200, 30), (600, 52))
CONTROL = ((100, 4), (50, 4), (133, 3), (66, 5))


def strata(control: Role = "list") -> list[Stratum]:
    told = [Stratum(str(at), "chosen", *one) for at, one in enumerate(OURS)]
    return told + [Stratum(str(at), control, *one) for at, one in enumerate(CONTROL)]


def test_the_ratio_is_close_to_poisson_regression_within_strata() -> None:
    rows = [(one.letters, one.answered, int(one.key), one.role == "chosen") for one in strata()]
    design = np.array([[*np.eye(4)[key], float(chosen)] for _, _, key, chosen in rows])
    letters, answered = np.array([[row[0], row[1]] for row in rows], np.float64).T
    judge = sm.GLM(answered, design, family=sm.families.Poisson(), offset=np.log(letters)).fit()
    told = lift(strata(), "list")
    assert told is not None
    assert np.log1p(told.ratio) == pytest.approx(judge.params[-1], abs=0.01)
    error = (np.log1p(told.fixed_high) - np.log1p(told.fixed_low)) / (2 * 1.959964)
    # Of answers that are at most one a letter the error is a little smaller than of Poisson's.
    assert 0.9 * judge.bse[-1] < error < judge.bse[-1]


def test_in_one_stratum_it_is_the_ratio_of_rates_with_its_textbook_interval() -> None:
    told = lift([Stratum("a", "chosen", 1_000, 60), Stratum("a", "shop", 500, 20)], "shop")
    assert told is not None
    assert told.ratio == pytest.approx(0.5)
    assert told.points == pytest.approx(0.02)
    error = (1 / 60 - 1 / 1_000 + 1 / 20 - 1 / 500) ** 0.5
    assert np.log1p(told.fixed_low) == pytest.approx(np.log(1.5) - 1.959964 * error)


def test_what_went_when_to_how_many_does_not_matter() -> None:
    # Both days are alike for both roles; all that differs is how many went on the good day.
    mixed = [
        Stratum("good", "chosen", 9_000, 900),
        Stratum("good", "list", 100, 10),
        Stratum("dull", "chosen", 1_000, 10),
        Stratum("dull", "list", 2_000, 20),
    ]
    told = lift(mixed, "list")
    assert told is not None and told.ratio == pytest.approx(0.0) and not told.proven


def test_where_every_letter_is_answered_nothing_can_be_told() -> None:
    every = [Stratum(day, role, 7, 7) for day in ("a", "b") for role in ("chosen", "shop")]
    none = [Stratum("c", role, 7, 0) for role in ("chosen", "shop")]
    assert lift([*every, *none], "shop") is None
    one_less = [Stratum("a", "chosen", 7, 6), *every[1:]]
    assert lift(one_less, "shop") is not None


def test_strata_without_both_roles_and_other_roles_tell_nothing() -> None:
    more = [Stratum("9", "chosen", 5_000, 900), Stratum("0", "shop", 100, 90)]
    assert lift([*strata(), *more], "list") == lift(strata(), "list")
    assert lift(strata(), "shop") is None


def test_the_interval_for_every_look_is_wider_than_that_for_one() -> None:
    told = lift(strata(), "list")
    assert told is not None
    assert told.low < told.fixed_low < told.ratio < told.fixed_high < told.high
    widths = [always_valid(variance) for variance in (1e-4, 1e-3, 1e-2, 1e-1)]
    assert widths == sorted(widths)
    assert all(
        width > 1.959964 * variance**0.5
        for width, variance in zip(widths, (1e-4, 1e-3, 1e-2, 1e-1), strict=True)
    )
