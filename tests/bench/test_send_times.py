"""The simulator of send times chooses for many what the product chooses for one."""

from __future__ import annotations

import numpy as np
import pytest

from bench.experiments.hours.judge import run
from bench.experiments.hours.ours import Ours, choose, hear, source_of
from bench.experiments.hours.plain import Fixed, Knowing
from bench.experiments.hours.truth import HOURS, Setting, dice
from lifecycle.core import hours
from lifecycle.core.hours import Exposure, Own
from lifecycle.core.learned_hours import WEEK, Learned
from lifecycle.models.hour_kernels import row

SMALL = Setting("small", people=200, rate=0.2, own_sd=0.6)


def learned(half_life: float | None) -> Learned:
    rng = dice(5)
    return Learned(
        rate=0.2,
        rates={source_of(send): 0.1 + send / 100 for send in range(10)},
        worth=tuple(rng.normal(0.0, 0.1, WEEK).tolist()),
        doubt=(0.1,) * WEEK,
        likely=tuple(tuple(one) for one in rng.normal(0.0, 0.1, (16, WEEK)).tolist()),
        steadiness=1.3,
        own_variance=0.3,
        kernel=tuple(row(1).tolist()),
        across=0.5,
        own_half_life=half_life,
    )


@pytest.mark.parametrize("half_life", [None, 5.0])
def test_many_are_chosen_for_as_each_alone(half_life: float | None) -> None:
    rng = dice(7)
    people, sends, fit = 150, 12, learned(half_life)
    slots = rng.choice([24 + 9, 24 + 10, 24 + 19, 5 * 24 + 10], (people, sends))
    answered = rng.random((people, sends)) < 0.25
    draws = rng.random(people)
    candidates = 24 + np.arange(0, HOURS, 2)
    eager, factor = hear(fit, slots, answered).asked(fit, candidates)
    found = choose(fit, factor, candidates, 5, draws)
    for one in range(people):
        own = Own(
            [
                Exposure(int(slot), bool(met), source_of(send), float(sends - send))
                for send, (slot, met) in enumerate(zip(slots[one], answered[one], strict=True))
            ]
        )
        told = hours.choose(fit, own, candidates.tolist(), 10, float(draws[one]))
        assert told.slot == candidates[found[one]]
        assert told.lean == pytest.approx(eager[one] * factor[one, found[one]])


def test_a_letter_added_later_is_heard_as_if_it_had_always_been_there() -> None:
    policy = Ours(SMALL)
    rng = dice(3)
    for send in range(19):
        slots = policy.choose(send, rng)
        policy.told(send, slots, rng.random(SMALL.people) < 0.2)
    fit = policy.learned
    assert fit is not None and fit.own_half_life is None
    again = hear(fit, policy.slots[:, :19], policy.answered[:, :19])
    assert policy.heard.met == pytest.approx(again.met)
    assert policy.heard.due == pytest.approx(again.due)


def test_the_judge_sees_that_knowing_all_is_ahead_and_one_hour_is_at_most_even() -> None:
    knowing = run(SMALL, 3, Knowing)
    fixed = run(SMALL, 3, lambda world: Fixed(world.setting))
    assert knowing.behind(0, 104) > 0.1
    assert fixed.behind(0, 104) <= 0
