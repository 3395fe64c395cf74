"""Choosing an hour: the list first, then groups, then the person, and never what is not allowed."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import permutations

import pytest

from lifecycle.core.hours import (
    NOBODY,
    Exposure,
    Own,
    Role,
    choose,
    decide,
    list_best,
    person,
    role_of,
)
from lifecycle.core.learned_hours import HOURS, WEEK, Learned, read_learned

TUESDAY = range(24, 48)
PEAK, SHOP = 24 + 19, 10
ROLES: tuple[Role, ...] = ("chosen", "shop", "list")
KERNEL = tuple(0.5 * math.exp(-min(d, 24 - d) / 2) + (0.5 if d == 0 else 0) for d in range(HOURS))


def bump(at: int, high: float) -> tuple[float, ...]:
    return tuple(high if slot % HOURS == at else 0.0 for slot in range(WEEK))


LEARNED = Learned(
    rate=0.05,
    rates={"news/one": 0.1},
    worth=bump(19, 0.1),
    doubt=(0.02,) * WEEK,
    likely=(bump(19, 0.12), bump(19, 0.08), bump(12, 0.05)),
    steadiness=1.0,
    own_variance=0.2,
    kernel=KERNEL,
    across=0.5,
    groups={"zone:Asia/Tokyo": tuple(0.3 if hour == 7 else 0.0 for hour in range(HOURS))},
    visit_weight=0.3,
    visits_near=(0.1,) * WEEK,
    letters=1_000,
    answered=50,
)


def letters(hour: int, answered: int, missed: int, weekday: int = 1) -> list[Exposure]:
    slot = weekday * HOURS + hour
    met = [Exposure(slot, True, "news/one")] * answered
    return met + [Exposure(slot, False, "news/one")] * missed


def slot_for(own: Own, draw: float = 0.0, learned: Learned = LEARNED) -> int:
    return choose(learned, own, TUESDAY, SHOP, draw).slot


def test_somebody_unknown_gets_a_likely_curve_of_the_list() -> None:
    assert [slot_for(NOBODY, draw) for draw in (0.0, 0.34, 0.7)] == [PEAK, PEAK, 36]
    assert choose(LEARNED, NOBODY, TUESDAY, SHOP, 0.0).lean == 1.0


def test_without_anything_learned_it_is_the_shops_hour_or_else_the_first_allowed() -> None:
    assert choose(None, NOBODY, TUESDAY, SHOP, 0.5).slot == 24 + SHOP
    assert choose(None, NOBODY, range(40, 44), SHOP, 0.5).slot == 40


@pytest.mark.parametrize("draw", [0.0, 0.5, 0.999999])
@pytest.mark.parametrize("slots", [(30,), (167, 0), tuple(range(32, 44)), tuple(range(WEEK))])
def test_nothing_outside_the_allowed_slots_is_chosen(slots: tuple[int, ...], draw: float) -> None:
    own = Own(letters(3, 9, 1), [27, 27], ["zone:Asia/Tokyo"])
    for role in ROLES:
        assert decide(LEARNED, own, slots, SHOP, role, draw).slot in slots


def test_many_answers_at_an_hour_win_over_the_list() -> None:
    assert slot_for(Own(letters(9, 5, 5) + letters(19, 0, 10))) == 24 + 9


def test_many_letters_without_an_answer_drive_away_from_the_lists_hour() -> None:
    assert slot_for(Own(letters(19, 0, 60) + letters(9, 3, 0))) != PEAK


@pytest.mark.parametrize("weekday", [1, 6])
def test_each_answer_more_makes_its_hour_better_and_each_silence_worse(weekday: int) -> None:
    before = person(LEARNED, Own(letters(9, 2, 4) + letters(15, 3, 6)))
    slot = weekday * HOURS + 9
    more = person(LEARNED, Own(letters(9, 3, 4, weekday) + letters(15, 3, 6)))
    fewer = person(LEARNED, Own(letters(9, 2, 4) + letters(9, 0, 5, weekday) + letters(15, 3, 6)))
    far = 24 + 21
    assert more.factor(slot) / more.factor(far) > before.factor(slot) / before.factor(far)
    assert fewer.factor(slot) / fewer.factor(far) < before.factor(slot) / before.factor(far)


def test_evidence_just_as_foretold_leaves_the_list_as_it_is() -> None:
    # One answer of ten letters of a rate of 0.1, at each of two hours of average worth.
    flat = replace(LEARNED, worth=(0.0,) * WEEK, own_variance=0.5)
    own = person(flat, Own(letters(9, 1, 9) + letters(15, 1, 9)))
    assert own.eager == pytest.approx(1.0)
    assert all(own.factor(slot) == pytest.approx(1.0) for slot in range(WEEK))


def test_the_order_of_letters_and_visits_changes_nothing() -> None:
    some = letters(9, 1, 1) + letters(19, 1, 1) + letters(22, 0, 1, 5)
    told = {
        (found.eager, tuple(found.factor(slot) for slot in TUESDAY))
        for order in permutations(some)
        for found in [person(LEARNED, Own(order, [30, 50] if order[0].answered else [50, 30]))]
    }
    assert len(told) == 1


def test_an_answer_at_an_hour_tells_of_the_hours_beside_it_and_less_of_weekends() -> None:
    own = person(LEARNED, Own(letters(9, 1, 0)))
    at, beside, further, on_saturday = (own.factor(slot) for slot in (33, 34, 36, 5 * 24 + 9))
    assert at > beside > further
    assert at > on_saturday > 1.0


def test_the_circle_is_closed_at_midnight() -> None:
    own = person(LEARNED, Own(letters(23, 1, 0)))
    assert own.factor(24) == pytest.approx(own.factor(24 + 22))


def test_eager_people_are_not_thought_to_like_the_hour_that_they_were_written_at() -> None:
    eager = person(LEARNED, Own(letters(9, 8, 2)))
    plain = person(LEARNED, Own(letters(9, 1, 9)))
    assert eager.eager > 2 > plain.eager
    assert eager.factor(33) < 1.5
    assert eager.lean(33) == eager.eager * eager.factor(33)


def test_visits_tell_of_a_person_as_far_as_they_foretell_answers() -> None:
    visits = Own(visits=[24 + 22] * 12)
    assert slot_for(visits) == 24 + 22
    assert slot_for(visits, learned=replace(LEARNED, visit_weight=0.0)) == PEAK


def test_groups_are_added_to_the_list() -> None:
    assert slot_for(Own(groups=["zone:Asia/Tokyo"])) == 24 + 7
    assert slot_for(Own(groups=["zone:Nobody/Knows"])) == PEAK


def test_old_letters_fade_where_people_were_found_to_change() -> None:
    fading = replace(LEARNED, own_half_life=10.0)
    fresh = Own([Exposure(33, True, "news/one", 0.0)])
    old = Own([Exposure(33, True, "news/one", 50.0)])
    assert person(fading, fresh).factor(33) > person(fading, old).factor(33) > 1.0
    assert person(LEARNED, fresh).factor(33) == person(LEARNED, old).factor(33)


def test_ties_go_to_the_shops_hour_and_then_to_the_slot_that_comes_first() -> None:
    flat = replace(LEARNED, worth=(0.0,) * WEEK, likely=((0.0,) * WEEK,))
    assert slot_for(NOBODY, learned=flat) == 24 + SHOP
    assert choose(flat, NOBODY, (160, 3), SHOP, 0.0).slot == 160
    assert list_best(flat, (160, 3), SHOP) == 160


def test_the_controls_hours_are_on_the_day_that_would_be_chosen() -> None:
    friday = tuple(0.5 if slot == 4 * 24 + 8 else 0.1 * (slot % 24 == 19) for slot in range(WEEK))
    learned = replace(LEARNED, worth=friday, likely=(friday,), across=0.0, own_variance=1.0)
    inside = range(4 * 24, 6 * 24)
    told = {role: decide(learned, NOBODY, inside, SHOP, role, 0.0).slot for role in ROLES}
    assert told == {"chosen": 4 * 24 + 8, "shop": 4 * 24 + SHOP, "list": 4 * 24 + 8}
    own = Own(letters(9, 6, 0, weekday=5))
    told = {role: decide(learned, own, inside, SHOP, role, 0.0).slot for role in ROLES}
    assert told == {"chosen": 5 * 24 + 9, "shop": 5 * 24 + SHOP, "list": 5 * 24 + 19}
    by_shop = decide(learned, own, inside, SHOP, "shop", 0.0)
    assert by_shop.lean == person(learned, own).lean(by_shop.slot)


def test_a_tenth_is_control_half_at_the_shops_hour_and_half_at_the_lists() -> None:
    told = [role_of(place / 1_000) for place in range(1_000)]
    assert [told.count(role) for role in ROLES] == [900, 50, 50]
    assert {role_of(place / 10, 0.0) for place in range(10)} == {"chosen"}
    assert {role_of(place / 10, 100.0) for place in range(10)} == {"shop", "list"}


def test_what_was_learned_is_the_same_when_read_again() -> None:
    assert read_learned(LEARNED.to_json()) == LEARNED
    assert read_learned('{"format": 0}') is None
