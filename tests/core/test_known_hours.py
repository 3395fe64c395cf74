"""What is known of one person's hours, out of letters, clicks, visits and orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.facts import Handed
from lifecycle.core.hours import ANSWERED_WITHIN, LATEST_LETTERS, Own
from lifecycle.core.known_hours import LONGEST_GROUP, Happened, groups_of, own_of

MONDAY = datetime(2026, 5, 4, tzinfo=UTC)
BY = MONDAY + timedelta(days=14)
BERLIN, LORD_HOWE, KATHMANDU, UTC_ZONE = (
    ZoneInfo(name) for name in ("Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")
)
HOUR, MICROSECOND = timedelta(hours=1), timedelta(microseconds=1)


def letter(
    hours: float, clicked: timedelta | None = None, timing: str = "chosen", source: str = "f/a"
) -> Handed:
    at = MONDAY + hours * HOUR
    return Handed(at, source, timing, None if clicked is None else at + clicked)


def known(
    letters: list[Handed],
    seen: list[Happened],
    by: datetime = BY,
    zone: ZoneInfo = UTC_ZONE,
) -> Own:
    return own_of(letters, seen, (), zone, by)


def answered(letters: list[Handed], seen: list[Happened], by: datetime = BY) -> list[bool]:
    return [one.answered for one in known(letters, seen, by).exposures]


def order(hours: float) -> Happened:
    return Happened(MONDAY + hours * HOUR, order=True)


def visit(hours: float) -> Happened:
    return Happened(MONDAY + hours * HOUR, order=False)


@pytest.mark.parametrize(
    ("clicked", "met"),
    [
        (timedelta(), True),
        (ANSWERED_WITHIN, True),
        (ANSWERED_WITHIN + MICROSECOND, False),
        (None, False),
    ],
)
def test_a_click_answers_within_its_time(clicked: timedelta | None, met: bool) -> None:
    assert answered([letter(10, clicked)], []) == [met]


@pytest.mark.parametrize(
    ("bought", "met", "visits"),
    [(9.9, False, [9]), (10, True, []), (58, True, []), (58.01, False, [58])],
)
def test_an_order_answers_within_its_time_else_it_tells_of_the_person(
    bought: float, met: bool, visits: list[int]
) -> None:
    found = known([letter(10)], [order(bought)])
    assert [one.answered for one in found.exposures] == [met]
    assert list(found.visits) == visits


def test_a_visit_answers_nothing_and_tells_only_where_no_letter_may_have_brought_it() -> None:
    found = known([letter(10)], [visit(9), visit(11), visit(58), visit(59)])
    assert [one.answered for one in found.exposures] == [False]
    assert list(found.visits) == [9, 59]


def test_letters_that_went_at_once_take_the_credit_and_are_no_exposures() -> None:
    found = known([letter(10), letter(20, timing="")], [order(21)])
    assert [(one.slot, one.answered) for one in found.exposures] == [(10, False)]


def test_a_letter_is_looked_at_once_its_time_to_be_answered_is_over() -> None:
    at = MONDAY + 10 * HOUR
    for by, letters in ((at + ANSWERED_WITHIN - MICROSECOND, 0), (at + ANSWERED_WITHIN, 1)):
        assert len(known([letter(10, HOUR)], [], by).exposures) == letters


def test_what_comes_after_the_instant_is_not_known() -> None:
    later = known([letter(10)], [visit(1), visit(3)], MONDAY + 2 * HOUR)
    assert (list(later.exposures), list(later.visits)) == ([], [1])


def test_letters_of_one_instant_share_no_order_and_it_does_not_matter_who_comes_first() -> None:
    letters = [
        letter(10, source="a/x"),
        letter(10, source="b/x"),
        letter(10, HOUR, source="b/x"),
        letter(10, timing="said", source="b/x"),
    ]
    each = [known(list(one), [order(12)]) for one in permutations(letters)]
    assert all(one == each[0] for one in each)
    assert sum(one.answered for one in each[0].exposures) in (1, 2)


def test_the_latest_letters_and_visits_are_looked_at() -> None:
    by = MONDAY + timedelta(days=300)
    some = LATEST_LETTERS + 3
    found = known([letter(24 * day + 1) for day in range(some)], [], by)
    assert len(found.exposures) == LATEST_LETTERS
    assert found.exposures[-1].weeks == pytest.approx((300 - some + 1 - 1 / 24) / 7)
    before = [visit(24 * day - 24 * some) for day in range(some)]
    assert len(known([], before, by).visits) == LATEST_LETTERS


@pytest.mark.parametrize(
    ("zone", "at", "slot"),
    [
        (BERLIN, "2026-03-29T00:59:59Z", 6 * 24 + 1),
        (BERLIN, "2026-03-29T01:00:00Z", 6 * 24 + 3),
        (BERLIN, "2026-10-25T00:30:00Z", 6 * 24 + 2),
        (BERLIN, "2026-10-25T01:30:00Z", 6 * 24 + 2),
        (BERLIN, "2026-05-03T22:00:00Z", 0),
        (KATHMANDU, "2026-05-03T18:14:59Z", 6 * 24 + 23),
        (KATHMANDU, "2026-05-03T18:15:00Z", 0),
        (LORD_HOWE, "2026-10-03T15:29:00Z", 6 * 24 + 1),
        (LORD_HOWE, "2026-10-03T15:30:00Z", 6 * 24 + 2),
    ],
)
def test_slots_are_hours_of_the_persons_own_clock(zone: ZoneInfo, at: str, slot: int) -> None:
    gone = Handed(datetime.fromisoformat(at), "f/a", "chosen", None)
    by = gone.at + timedelta(days=9)
    assert [one.slot for one in known([gone], [], by, zone).exposures] == [slot]


def test_groups_are_short_texts() -> None:
    said = {"device": "m" * LONGEST_GROUP, "acquired": "a" * (LONGEST_GROUP + 1), "n": 7, "e": ""}
    kinds = ("device", "acquired", "n", "e", "none")
    assert groups_of("UTC", said, kinds) == ("zone:UTC", f"device:{'m' * LONGEST_GROUP}")
    assert groups_of(None, said, ()) == ()
