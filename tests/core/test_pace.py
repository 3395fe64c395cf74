"""Grants of a rate: however late within its grant a letter begins, no window holds too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.pace import (
    GRANT_MICROS,
    REMEMBERED_GRANTS,
    SECOND,
    SLACK_MICROS,
    Grant,
    Grants,
    Limit,
    Used,
    free_at,
    settle,
    take,
)

RATES = st.one_of(st.floats(0.05, 1), st.floats(1, 40), st.integers(1, 500).map(float))


def most_in(starts: Sequence[int], per: int) -> int:
    """The most starts in any window of length `per`, wherever it begins."""
    ordered = sorted(starts)
    most = first = 0
    for last, start in enumerate(ordered):
        while ordered[first] <= start - per:
            first += 1
        most = max(most, last - first + 1)
    return most


@dataclass
class Shared:
    """What several processes share, and when their letters began, by a clock that never steps."""

    limit: Limit
    grants: Grants = ()
    real: int = 0
    stepped: int = 0
    starts: list[int] = field(default_factory=list)

    @property
    def now(self) -> int:
        """The database's clock, which may have been stepped."""
        return 10**15 + self.real + self.stepped

    def take(self, wanted: int) -> tuple[Grant, int] | None:
        """A grant, and when it was had."""
        grant, self.grants = take(self.grants, self.limit, self.now, wanted)
        return None if grant is None else (grant, self.real)


MOVES = st.lists(
    st.tuples(
        st.integers(0, 1_500_000),
        st.integers(1, 60),
        st.lists(st.integers(0, GRANT_MICROS - 1), max_size=12),
        st.booleans(),
    ),
    max_size=40,
)


@given(RATES, MOVES)
def test_no_window_holds_more_starts_than_the_rate(
    rate: float, moves: list[tuple[int, int, list[int], bool]]
) -> None:
    shared = Shared(Limit.per_second(rate))
    for passes, wanted, late, tells in moves:
        shared.real += passes
        had = shared.take(wanted)
        if had is None:
            continue
        grant, at = had
        began = sorted(late)[: grant.letters]
        shared.starts += [at + one for one in began]
        if tells and began:
            used = Used(grant.id, grant.since + began[-1] + 1, len(began))
            shared.grants = settle(shared.grants, [used])
    assert most_in(shared.starts, shared.limit.per) <= shared.limit.letters
    assert most_in(shared.starts, SECOND) <= max(1, rate)


@given(RATES, MOVES, st.integers(1, 3600 * SECOND))
def test_a_clock_set_back_lets_no_more_through_and_holds_nothing_up_for_long(
    rate: float, moves: list[tuple[int, int, list[int], bool]], back: int
) -> None:
    shared = Shared(Limit.per_second(rate))
    half = len(moves) // 2
    for number, (passes, wanted, late, _) in enumerate(moves):
        shared.real += passes
        shared.stepped = -back if number >= half else 0
        if (had := shared.take(wanted)) is not None:
            shared.starts += [had[1] + one for one in sorted(late)[: had[0].letters]]
    assert most_in(shared.starts, shared.limit.per) <= shared.limit.letters
    shared.stepped = -2 * back
    shared.take(1)
    shared.real += shared.limit.per + GRANT_MICROS + SLACK_MICROS
    assert shared.take(1) is not None


@given(RATES, st.integers(1, 1_000))
def test_what_is_granted_is_used_up_and_free_again_after_the_window(rate: float, wanted: int):
    limit = Limit.per_second(rate)
    grant, grants = take((), limit, 5 * SECOND, wanted)
    assert grant is not None
    assert grant.letters == min(wanted, limit.letters)
    full, grants = take(grants, limit, 5 * SECOND, limit.letters)
    assert (full is None) == (wanted >= limit.letters)
    assert take(grants, limit, 5 * SECOND, 1)[0] is None
    again = free_at(grants, limit, 5 * SECOND)
    assert take(grants, limit, again - 1, 1)[0] is None
    assert take(grants, limit, again, 1)[0] is not None


def test_letters_that_did_not_begin_are_free_at_once() -> None:
    limit = Limit.per_second(10)
    grant, grants = take((), limit, 0, 10)
    assert grant is not None
    grants = settle(grants, [Used(grant.id, 4, 3, 7)])
    assert [(one.until, one.letters) for one in grants] == [(4, 3)]
    other, grants = take(grants, limit, GRANT_MICROS, 10)
    assert other is not None
    assert other.letters == 7
    assert settle(grants, [Used(grant.id, 0, 0, 3), Used(12345, 0, 0, 9)]) == (other,)


def test_a_thousand_small_grants_are_remembered_as_a_few_that_free_no_earlier() -> None:
    limit = Limit.per_second(2_000)
    grants: Grants = ()
    for number in range(1_000):
        _, grants = take(grants, limit, number, 1)
    assert len(grants) == REMEMBERED_GRANTS
    assert sum(one.letters for one in grants) == 1_000
    left, _ = take(grants, limit, 1_000, 5_000)
    assert left is not None
    assert left.letters == 1_000


@pytest.mark.parametrize(
    ("rate", "letters", "per"),
    [
        (14, 14, SECOND),
        (1, 1, SECOND),
        (1.9, 1, SECOND),
        (0.5, 1, 2 * SECOND),
        (0.3, 1, 3_333_334),
    ],
)
def test_a_rate_is_so_many_in_so_long(rate: float, letters: int, per: int) -> None:
    assert Limit.per_second(rate) == Limit(letters, per)


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan")])
def test_a_rate_must_be_above_nothing(rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Limit.per_second(rate)
