"""The nightly fit of hours, beside statsmodels, and what it must do with evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from lifecycle.core.hours import Exposure, Own, person
from lifecycle.core.learned_hours import HOURS, WEEK, Learned, read_learned
from lifecycle.models import hour_curve, own_hours
from lifecycle.models.hour_blocks import Blocks, blocks_of
from lifecycle.models.hour_evidence import Count, Floats, Sample
from lifecycle.models.hour_kernels import row
from lifecycle.models.own_hours import Differing
from lifecycle.models.own_pasts import pasts
from lifecycle.models.quadratic import Parabola, weighed
from lifecycle.models.send_time import fit
from tests.models.dice import uniform

TUESDAY, NO_VISITS = 24, [0] * WEEK


def counts(
    by_hour: Sequence[float], weeks: int = 4, letters: int = 2_000, group: str = ""
) -> list[Count]:
    """Letters of as many sources as weeks, with just the answers that the rates foretell."""
    return [
        Count(
            week,
            "" if group else f"letter_{week}/send",
            group,
            TUESDAY + hour,
            letters,
            float(letters),
            round(letters * 0.05 * (1 + week / 10) * float(np.exp(told))),
        )
        for week in range(weeks)
        for hour, told in enumerate(by_hour)
    ]


def evening(high: float, hour: int = 19) -> list[float]:
    return [high * float(np.exp(-(((at - hour + 12) % 24 - 12) ** 2) / 8)) for at in range(HOURS)]


def test_without_a_prior_the_curve_is_that_of_poisson_regression() -> None:
    answered = np.round(400 * uniform("answered", 36) + 20).reshape(3, 12)
    expected = np.round(4_000 * uniform("expected", 36) + 4_000).reshape(3, 12)
    blocks = Blocks(answered, expected, np.ones(3), np.zeros(3, np.int64), ["a", "b", "c"])
    design = np.hstack([np.kron(np.eye(3), np.ones((12, 1))), np.tile(np.eye(12), (3, 1))[:, 1:]])
    judge = sm.GLM(
        answered.ravel(),
        design,
        family=sm.families.Poisson(),
        offset=np.log(expected.ravel()),
    ).fit(tol=1e-12)
    curve = hour_curve.settle(blocks, 1e8 * np.eye(12))
    assert curve[1:] - curve[0] == pytest.approx(judge.params[3:], abs=1e-5)
    contrast = np.hstack([-np.ones((11, 1)), np.eye(11)])
    covariance = contrast @ blocks.near(curve).under(1e6 * np.eye(12)).covariance @ contrast.T
    assert covariance == pytest.approx(judge.cov_params()[3:, 3:], rel=1e-3)


def test_scales_are_weighed_as_by_each_prior_alone() -> None:
    half = uniform("half", 30).reshape(6, 5)
    near = Parabola(6 * uniform("linear", 6) - 3, half @ half.T * 20)
    root = np.diag(uniform("root", 6) + 0.5)
    mixed, share = weighed(near, [root], (0.3, 0.6), (1.0, 2.0), 0.0)
    each = [near.under(scale**2 * root @ root.T) for scale in (0.3, 0.6)]
    odds = 2 * np.exp(each[1].log_evidence - each[0].log_evidence)
    assert share[0, 1] / share[0, 0] == pytest.approx(odds)
    mean = share[0, 0] * each[0].mean + share[0, 1] * each[1].mean
    assert mixed.mean == pytest.approx(mean)


def test_a_curve_that_is_there_is_found_and_one_that_is_not_is_not() -> None:
    found = fit(counts(evening(0.4)), None, NO_VISITS, 4)
    flat = fit(counts([0.0] * HOURS), None, NO_VISITS, 4)
    assert found is not None and flat is not None
    truth = np.array(evening(0.4))
    worth = np.array(found.worth[:HOURS])
    assert np.abs(worth - (truth - truth.mean())).max() < 0.06
    assert max(np.abs(flat.worth)) < 0.02
    assert max(flat.doubt) < max(found.doubt)


def test_what_letters_say_is_told_apart_from_when_they_went() -> None:
    # A letter that everybody answers went at 8 alone, a dull one at 19 alone: nothing compares.
    lonely = [
        Count(0, "good/send", "", TUESDAY + 8, 5_000, 5_000.0, 1_000),
        Count(1, "dull/send", "", TUESDAY + 19, 5_000, 5_000.0, 50),
    ]
    told = fit(lonely, None, NO_VISITS, 2)
    assert told is not None and max(np.abs(told.worth)) < 1e-9
    assert told.rates["good/send"] > 0.19 > 0.02 > told.rates["dull/send"]


def test_answers_of_eager_people_do_not_flatter_their_hour() -> None:
    rows = counts([0.0] * HOURS)
    eager = [
        Count(
            one.week,
            one.source,
            "",
            one.slot,
            one.letters,
            one.expected * (2 if one.slot == TUESDAY + 9 else 1),
            one.answered * (2 if one.slot == TUESDAY + 9 else 1),
        )
        for one in rows
    ]
    told = fit(eager, None, NO_VISITS, 4)
    assert told is not None and max(np.abs(told.worth)) < 0.02


def test_more_letters_leave_less_doubt() -> None:
    doubts = [
        max(found.doubt[:HOURS])
        for letters in (200, 2_000, 20_000)
        if (found := fit(counts(evening(0.4), letters=letters), None, NO_VISITS, 4)) is not None
    ]
    assert doubts == sorted(doubts, reverse=True) and doubts[0] > 2 * doubts[2]


def test_likely_curves_lie_around_the_curve() -> None:
    told = fit(counts(evening(0.2), letters=300), None, NO_VISITS, 4)
    assert told is not None
    curves = np.array(told.likely)
    assert curves.mean(0) == pytest.approx(np.array(told.worth), abs=1e-3)
    assert 0 < curves.std(0).max() <= max(told.doubt) * 1.1


def test_weekends_may_have_hours_of_their_own() -> None:
    weekend = [
        Count(*(one.week, f"late_{one.week}/send", "", one.slot + 96, 2_000, 2_000.0, one.answered))
        for one in counts(evening(0.4, hour=11))
    ]
    told = fit([*counts(evening(0.4)), *weekend], None, NO_VISITS, 4)
    assert told is not None
    tuesday, saturday = np.array(told.worth).reshape(7, HOURS)[[1, 5]]
    assert (tuesday.argmax(), saturday.argmax()) == (19, 11)


def test_days_are_compared_where_one_source_went_on_several() -> None:
    rows = [
        Count(week, "news/send", "", day * HOURS + 10, 4_000, 4_000.0, 200 + 40 * (day == 3))
        for week in range(8)
        for day in range(1, 5)
    ]
    told = fit(rows, None, NO_VISITS, 8)
    assert told is not None
    days = np.array(told.worth).reshape(7, HOURS)[:, 10]
    assert days.argmax() == 3 and days[3] - days[2] > 0.1


def test_groups_deviate_as_far_as_they_do() -> None:
    rows = counts(evening(0.2)) + counts(evening(0.2), group="zone:Europe/Berlin")
    rows += counts(evening(0.6, hour=7), group="zone:Asia/Tokyo", letters=1_000)
    rows += counts(evening(0.2), group="device:mobile") + counts(evening(0.2), group="device:desk")
    told = fit(rows, None, NO_VISITS, 4)
    assert told is not None
    tokyo = np.array(told.groups["zone:Asia/Tokyo"])
    assert tokyo.argmax() == 7 and tokyo.max() > 0.2
    assert "device:mobile" not in told.groups


def test_nothing_answered_teaches_nothing() -> None:
    assert fit([], None, NO_VISITS, 4) is None
    assert fit([Count(0, "a/b", "", 30, 100, 100.0, 0)], None, NO_VISITS, 1) is None


def test_the_order_of_rows_changes_nothing() -> None:
    rows = counts(evening(0.2)) + counts(evening(0.3), group="zone:Asia/Tokyo")
    assert fit(rows, None, NO_VISITS, 4) == fit(rows[::-1], None, NO_VISITS, 4)


def people(own_sd: float, visits: float = 0.0, count: int = 1_200, letters: int = 60) -> Sample:
    """People with hours of their own, each written to at hours that have nothing to do with it."""
    hours = (uniform("hours", count * letters) * HOURS).astype(np.int64)
    own = (
        own_sd
        * np.sqrt(2)
        * np.cos(2 * np.pi * (np.arange(HOURS)[None, :] / HOURS - uniform("own", count)[:, None]))
    )
    ready = np.exp(1.4 * uniform("ready", count) - 0.7)
    who = np.repeat(np.arange(count), letters)
    chance = 0.08 * ready[who] * np.exp(own[who, hours])
    seen = np.argsort(-own, axis=1)[:, :3].ravel() if visits else np.zeros(0, np.int64)
    return Sample(
        person=who,
        slot=TUESDAY + hours,
        answered=uniform("answered", count * letters) < chance,
        source=np.zeros(count * letters, np.int64),
        weeks=np.tile(np.arange(letters, 0, -1) / 7, count),
        sources=("letter_0/send",),
        visit_person=np.repeat(np.arange(count), 3) if visits else np.zeros(0, np.int64),
        visit_slot=TUESDAY + seen,
    )


def test_how_much_people_differ_is_found() -> None:
    flat = counts([0.4] * HOURS)
    found = [fit(flat, people(own), NO_VISITS, 4) for own in (0.0, 0.4, 0.8)]
    spreads = [one.own_variance**0.5 for one in found if one is not None]
    assert spreads[0] < 0.25 < spreads[1] < 0.6 < spreads[2]


def test_visits_count_as_far_as_they_foretold_answers() -> None:
    even = [10] * WEEK
    with_use = fit(counts([0.4] * HOURS), people(0.8, visits=1.0), even, 4)
    without = fit(counts([0.4] * HOURS), people(0.0, visits=1.0), even, 4)
    assert with_use is not None and without is not None
    assert with_use.visit_weight > 0.0
    assert with_use.visit_weight * with_use.own_variance > without.visit_weight * (
        without.own_variance
    )


def test_somebody_who_visited_and_has_no_letter_yet_disturbs_nobody() -> None:
    sample = people(0.8, visits=1.0, count=25, letters=30)
    visitor = replace(
        sample,
        visit_person=np.append(sample.visit_person, 25),
        visit_slot=np.append(sample.visit_slot, TUESDAY),
    )
    curve = hour_curve.fit(counts([0.4] * HOURS), 4)
    assert curve is not None
    strengths, even = Differing(1.2, 0.3, 3, 0.5, 0.3, None), np.full(WEEK, 10.0)
    of_both = [pasts(one, curve, {}, None) for one in (sample, visitor)]
    alone, beside = (own_hours.foretold(one, strengths, even) for one in of_both)
    assert beside == alone


def test_letters_are_foretold_by_the_very_formula_that_decides() -> None:
    sample = people(0.8, visits=1.0, count=25, letters=30)
    rows = counts([0.4] * HOURS)
    even = np.full(WEEK, 10.0)
    curve = hour_curve.fit(rows, 4)
    assert curve is not None
    strengths = Differing(1.2, 0.3, 3, 0.5, 0.3, None)
    known = pasts(sample, curve, {}, None)
    told = own_hours.foretold(known, strengths, even)
    learned = _learned(curve, strengths, even)
    assert told == pytest.approx(sum(_one_by_one(learned, sample)), rel=1e-4)


def _learned(curve: hour_curve.Curve, strengths: Differing, visits: Floats) -> Learned:
    return Learned(
        rate=curve.rate,
        rates=curve.rates,
        worth=tuple(curve.worth.tolist()),
        doubt=(),
        likely=(),
        steadiness=strengths.steadiness,
        own_variance=strengths.own_variance,
        kernel=tuple(row(strengths.shape).tolist()),
        across=strengths.across,
        visit_weight=strengths.visit_weight,
        visits_near=tuple(
            own_hours.visits_near(visits, strengths.shape, strengths.across).tolist()
        ),
    )


def _one_by_one(learned: Learned, sample: Sample) -> list[float]:
    told = []
    for who in range(int(sample.person.max()) + 1):
        mine = np.flatnonzero(sample.person == who)
        visits = sample.visit_slot[sample.visit_person == who].tolist()
        before: list[Exposure] = []
        for at in mine.tolist():
            slot, answered = int(sample.slot[at]), bool(sample.answered[at])
            someone = person(learned, Own(before, visits))
            rate = learned.rates["letter_0/send"] * np.exp(learned.worth[slot])
            chance = min(rate * someone.lean(slot), own_hours.SUREST)
            told.append(float(np.log(chance if answered else 1 - chance)))
            before = [*before, Exposure(slot, answered, "letter_0/send")]
    return told


def test_the_night_before_is_kept_where_nobody_is_sampled() -> None:
    rows = counts([0.4] * HOURS)
    before = fit(rows, people(0.8), NO_VISITS, 4)
    assert before is not None
    after = fit(rows, None, NO_VISITS, 4, before)
    assert after == before


def test_what_was_fitted_is_the_same_when_read_again() -> None:
    rows = counts(evening(0.3)) + counts(evening(0.3), group="zone:Asia/Tokyo")
    told = fit(rows, people(0.4, visits=1.0), [10] * WEEK, 4)
    assert told is not None and read_learned(told.to_json()) == told


def test_letters_long_past_count_less_where_the_list_has_changed() -> None:
    early = counts(evening(0.5, hour=8), weeks=40)
    late = [
        Count(one.week + 40, f"late_{one.week}/send", "", one.slot, *_sums(one))
        for one in counts(evening(0.5, hour=19), weeks=24)
    ]
    told = fit([*early, *late], None, NO_VISITS, 64)
    assert told is not None and told.half_life is not None
    assert told.worth[TUESDAY + 19] > told.worth[TUESDAY + 8]
    lasting = fit(early, None, NO_VISITS, 40)
    assert lasting is not None and lasting.half_life is None


def _sums(one: Count) -> tuple[int, float, int]:
    return one.letters, one.expected, one.answered


def test_blocks_are_sources_in_periods_of_weeks() -> None:
    blocks = blocks_of(counts([0.0] * HOURS, weeks=2), 9)
    assert list(blocks.source) == ["letter_0/send", "letter_1/send"]
    assert blocks.age.tolist() == [2, 2]
    assert blocks.faded(8.0).weight == pytest.approx(blocks.weight / 2)
