"""P-values and intervals that hold at all looks are one thing, and kept libraries judge them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import integrate, stats
from statsmodels.stats.proportion import proportions_ztest

from lifecycle.core.experiment import (
    Earned,
    Measured,
    Score,
    allowed,
    always_valid_p,
    difference,
    interval,
    leading,
    needs,
)
from lifecycle.core.sample_ratio import CONCENTRATION, ratio_p
from lifecycle.core.sequential import (
    EFFECTS,
    PRIOR,
    half_width,
    letters_needed,
    mixture_p,
    rate_interval,
    rejected_from,
    together,
)

ALPHAS = st.floats(0.001, 0.5)


@pytest.mark.parametrize(
    ("apart", "variance", "size"),
    [(0.01, 1e-5, 1_000.0), (0.004, 2e-6, 40_000.0), (-0.02, 4e-5, 500.0), (1.5, 0.3, 90.0)],
)
def test_the_p_value_is_one_over_the_mixture_of_likelihood_ratios(
    apart: float, variance: float, size: float
) -> None:
    """Normal mixtures of effects, whose spreads are told in standard deviations of one answer."""
    mixed = sum(weight * ratio(apart, variance, size, spread) for spread, weight in EFFECTS)
    assert mixture_p(apart, variance, size) == pytest.approx(min(1.0, 1 / mixed), rel=1e-6)


def ratio(apart: float, variance: float, size: float, spread: float) -> float:
    scale = spread * math.sqrt(variance * size)

    def at(effect: float) -> float:
        log = (apart * effect - effect**2 / 2) / variance
        return float(math.exp(log) * stats.norm.pdf(effect, scale=scale))

    found, _ = integrate.quad(at, -12 * scale, 12 * scale, points=[0, apart], limit=500)
    return float(found)


@given(apart=st.floats(-1, 1), variance=st.floats(1e-9, 1), size=st.floats(1, 1e7), alpha=ALPHAS)
def test_the_p_value_is_small_just_where_the_interval_spares_nought(
    apart: float, variance: float, size: float, alpha: float
) -> None:
    half = half_width(variance, size, alpha)
    assume(abs(abs(apart) - half) > 1e-9 * half)
    assert (mixture_p(apart, variance, size) <= alpha) == (abs(apart) > half)


@given(counts=st.tuples(*[st.integers(0, 3_000)] * 4), alpha=ALPHAS)
def test_a_difference_is_the_same_from_either_side(
    counts: tuple[int, int, int, int], alpha: float
) -> None:
    sent, met, others, their = counts
    one, other = Score("a", sent + met, met), Score("b", others + their, their)
    there, back = difference(one, other, alpha), difference(other, one, alpha)
    assert there.p == back.p
    assert there.difference == -back.difference
    assert (there.interval is None) == (back.interval is None)
    if there.interval is not None and back.interval is not None:
        assert (there.interval.low, there.interval.high) == (
            -back.interval.high,
            -back.interval.low,
        )
        outside = there.interval.low > 0 or there.interval.high < 0
        assert outside == (there.p <= alpha) or there.p == pytest.approx(alpha)


def earned(name: str, amounts: list[float], unit: float = 1.0) -> Earned:
    worth = [one * unit for one in amounts]
    paid = sum(one > 0 for one in worth)
    return Earned(name, len(worth), paid, sum(worth), sum(one**2 for one in worth))


AMOUNTS = st.lists(st.sampled_from([0.0, 0.0, 19.0, 40.0, 250.0]), min_size=80, max_size=200)


@given(one=AMOUNTS, other=AMOUNTS, unit=st.sampled_from([0.01, 7.5, 100.0]))
def test_revenue_proves_the_same_in_cents_and_in_euros(
    one: list[float], other: list[float], unit: float
) -> None:
    euros = difference(earned("a", one), earned("b", other), 0.05)
    cents = difference(earned("a", one, unit), earned("b", other, unit), 0.05)
    assert cents.p == pytest.approx(euros.p, rel=1e-6)
    assert cents.difference == pytest.approx(euros.difference * unit, abs=1e-9)
    if euros.interval is not None:
        assert cents.interval is not None
        assert cents.interval.low == pytest.approx(euros.interval.low * unit, rel=1e-6, abs=1e-9)


def test_the_variance_of_two_equal_rates_is_that_of_the_pooled_z_test() -> None:
    one, other = Score("a", 4_000, 203), Score("b", 4_000, 251)
    z, _ = proportions_ztest([203, 251], [4_000, 4_000])
    assert always_valid_p(one, other) == mixture_p(z, 1.0, together(4_000, 4_000))


@given(size=st.floats(0.5, 1e8), alpha=ALPHAS)
def test_what_is_rejected_begins_where_the_p_value_is_alpha(size: float, alpha: float) -> None:
    bound = rejected_from(size, alpha)
    assert mixture_p(math.sqrt(bound), 1.0, size) == pytest.approx(alpha, rel=1e-6)


def test_what_is_plain_is_proven_by_some_hundred_letters() -> None:
    assert always_valid_p(Score("a", 80, 50), Score("b", 80, 8)) < 0.001
    assert always_valid_p(Score("a", 80, 24), Score("b", 80, 16)) > 0.5


@pytest.mark.parametrize(
    ("met", "sent"), [(0, 1), (1, 1), (0, 40), (3, 40), (25, 1_000), (40, 41), (900, 90_000)]
)
def test_the_interval_of_one_rate_holds_what_the_beta_mixture_does_not_reject(
    met: int, sent: int
) -> None:
    found = rate_interval(met, sent, 0.05)
    mixed = stats.betabinom.logpmf(met, sent, PRIOR, PRIOR)

    def rejects(rate: float) -> bool:
        return bool(mixed - stats.binom.logpmf(met, sent, rate) >= math.log(1 / 0.05))

    inside = np.linspace(found.low, found.high, 41)[1:-1]
    assert not any(rejects(rate) for rate in inside)
    assert met == 0 or rejects(found.low * 0.999)
    assert met == sent or rejects(1 - (1 - found.high) * 0.999)
    assert (found.low == 0.0) == (met == 0)
    assert (found.high == 1.0) == (met == sent)


@given(met=st.integers(0, 500), missed=st.integers(0, 5_000))
def test_an_interval_of_one_rate_holds_the_rate_and_is_wider_at_more_confidence(
    met: int, missed: int
) -> None:
    assume(met + missed > 0)
    wide, narrow = (rate_interval(met, met + missed, alpha) for alpha in (0.01, 0.1))
    assert narrow.holds(met / (met + missed))
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high


def test_the_interval_of_one_rate_is_exact_from_the_first_letter_on() -> None:
    """Every way that 14 letters can go is reckoned: at no look of all is more than 5 % fooled."""
    for rate in (0.02, 0.2, 0.5):
        fooled, alive = 0.0, {0: 1.0}
        for sent in range(1, 15):
            after: dict[int, float] = {}
            for met, chance in alive.items():
                for more, part in ((met + 1, rate), (met, 1 - rate)):
                    after[more] = after.get(more, 0.0) + chance * part
            alive = {
                met: p for met, p in after.items() if rate_interval(met, sent, 0.2).holds(rate)
            }
            fooled += sum(after.values()) - sum(alive.values())
        assert fooled <= 0.2


def test_few_answers_say_nothing_and_no_letters_neither() -> None:
    for one, other in [((900, 9), (900, 9)), ((0, 0), (500, 50)), ((400, 391), (400, 399))]:
        found = difference(Score("a", *one), Score("b", *other), 0.05)
        assert (found.interval, found.p) == (None, 1.0)


def test_letters_to_the_same_readers_count_for_less() -> None:
    alone = difference(Score("a", 5_000, 300), Score("b", 5_000, 240), 0.05)
    together_ = difference(Score("a", 5_000, 300, 3.0), Score("b", 5_000, 240, 3.0), 0.05)
    assert alone.p < together_.p
    one, other = interval(Score("a", 900, 90), 0.05), interval(Score("a", 900, 90, 3.0), 0.05)
    assert one is not None
    assert other is not None
    assert other.low < one.low < one.high < other.high


@pytest.mark.parametrize(("variants", "pairs"), [(2, 1), (3, 3), (5, 10)])
def test_all_pairs_share_what_may_go_wrong(variants: int, pairs: int) -> None:
    assert allowed(95, variants) == pytest.approx(0.05 / pairs)


def test_a_lead_over_the_second_is_not_enough_where_the_third_is_near() -> None:
    many = [Score("a", 9_000, 600), Score("b", 9_000, 590), Score("c", 9_000, 300)]
    found = leading(many, 95, 100)
    assert found is not None
    assert (found.variant, found.proven) == ("a", False)
    assert leading([many[0], many[2]], 95, 100).proven  # type: ignore[union-attr]


def test_a_lead_over_the_second_is_not_enough_where_little_is_known_of_the_third() -> None:
    known = [Score("a", 9_000, 900), Score("b", 9_000, 540)]
    found = leading([*known, Score("c", 150, 5)], 95, 100)
    assert found is not None
    assert (found.variant, found.proven) == ("a", False)
    assert leading(known, 95, 100).proven  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Score("a", 2_000, 130), Score("b", 2_000, 100)),
        (earned("a", [40.0] * 90 + [0.0] * 910), earned("b", [40.0] * 60 + [0.0] * 940)),
    ],
)
def test_so_many_letters_as_are_needed_just_prove_the_difference(
    one: Measured, other: Measured
) -> None:
    found = needs(one, other, 0.05)
    assert found is not None
    variance = one.variance + other.variance
    halves = [half_width(variance / many, many / 2, 0.05) for many in (found - 1, found)]
    assert halves[1] <= abs(one.rate - other.rate) < halves[0]


def test_no_number_of_letters_proves_that_equals_differ() -> None:
    assert letters_needed(0.0, 0.1, 0.05) is None
    assert letters_needed(1e-9, 0.1, 0.05) is None


@pytest.mark.parametrize(
    ("shares", "counts"),
    [((1.0, 1.0), (510, 490)), ((0.9, 0.1), (9_000, 1_200)), ((1.0, 2.0, 1.0), (30, 50, 22))],
)
def test_the_ratio_of_shares_is_that_of_two_kept_distributions(
    shares: tuple[float, ...], counts: tuple[int, ...]
) -> None:
    expected = np.array(shares) / sum(shares)
    many = sum(counts)
    mixed = stats.dirichlet_multinomial.logpmf(counts, CONCENTRATION * expected, many)
    ratio = mixed - stats.multinomial.logpmf(counts, many, expected)
    assert ratio_p([(shares, counts)]) == pytest.approx(min(1.0, math.exp(-ratio)), rel=1e-6)


def test_evidence_under_two_sets_of_shares_is_put_together() -> None:
    even, odd = ((1.0, 1.0), (560, 440)), ((0.8, 0.2), (840, 160))
    both = ratio_p([even, odd])
    assert both == pytest.approx(ratio_p([even]) * ratio_p([odd]), rel=1e-9)
    assert both < ratio_p([even]) < 1.0
    assert ratio_p([]) == 1.0
    assert ratio_p([((1.0, 0.0), (5, 1))]) < 1e-300
