"""The pace: never more than the rate in any window, and never less than it allows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.send.pace import REMEMBERED_INSTANTS, Bucket, take_from_all

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_nine_a_minute_and_five_a_second_hold_together() -> None:
    buckets: tuple[Bucket, ...] = (Bucket(9, timedelta(minutes=1)), Bucket.per_second(5))
    granted, buckets = take_from_all(buckets, START, 5)
    assert granted == 5
    granted, buckets = take_from_all(buckets, START, 1)
    assert granted == 0
    granted, buckets = take_from_all(buckets, START + SECOND, 5)
    assert granted == 4
    granted, buckets = take_from_all(buckets, START + SECOND * 2, 1)
    assert granted == 0
    granted, buckets = take_from_all(buckets, START + SECOND * 60, 9)
    assert granted == 5


@given(
    limit=st.integers(1, 40),
    steps=st.lists(st.tuples(st.integers(0, 700_000), st.integers(0, 50)), max_size=80),
)
def test_no_one_second_window_holds_more_than_the_rate(
    limit: int, steps: list[tuple[int, int]]
) -> None:
    bucket, now = Bucket.per_second(limit), START
    takings: list[tuple[datetime, int]] = []
    for microseconds, wanted in steps:
        now += timedelta(microseconds=microseconds)
        spent = sum(count for at, count in takings if at > now - SECOND)
        granted, bucket = bucket.take(now, wanted)
        assert granted == min(wanted, limit - spent)
        takings.append((now, granted))
    for begin, _ in takings:
        inside = sum(count for at, count in takings if begin <= at < begin + SECOND)
        assert inside <= limit


def test_many_small_takings_are_remembered_in_little_room_and_still_not_too_fast() -> None:
    limit = REMEMBERED_INSTANTS * 2
    bucket, total = Bucket(limit, SECOND), 0
    for number in range(limit * 2):
        granted, bucket = bucket.take(START + timedelta(microseconds=number), 1)
        total += granted
    assert total == limit
    assert len(bucket.taken) <= REMEMBERED_INSTANTS
    assert bucket.free(START + SECOND) <= 1
    assert bucket.free(START + 2 * SECOND) == limit


@pytest.mark.parametrize(
    ("rate", "bucket"),
    [
        (14.0, Bucket(14, SECOND)),
        (1.9, Bucket(1, SECOND)),
        (0.5, Bucket(1, timedelta(seconds=2))),
        (0.3, Bucket(1, timedelta(microseconds=3_333_334))),
    ],
)
def test_a_rate_that_is_no_whole_number_is_never_exceeded(rate: float, bucket: Bucket) -> None:
    assert Bucket.per_second(rate) == bucket


@pytest.mark.parametrize("rate", [0, -1, float("inf"), float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="a rate must be"):
        Bucket.per_second(rate)


def test_a_bucket_tells_when_there_is_room_again() -> None:
    bucket = Bucket(3, SECOND)
    assert bucket.free_at(START) == START
    _, bucket = bucket.take(START, 1)
    _, bucket = bucket.take(START + SECOND / 2, 2)
    assert bucket.free_at(START + SECOND / 2) == START + SECOND
    assert bucket.take(START + SECOND, 3)[0] == 1


def test_a_clock_set_back_neither_blocks_for_long_nor_lets_more_through() -> None:
    _, bucket = Bucket(2, SECOND).take(START, 2)
    earlier = START - timedelta(days=1)
    granted, bucket = bucket.take(earlier, 1)
    assert granted == 0
    assert bucket.take(earlier + SECOND, 2)[0] == 2


def test_asking_for_nothing_or_less_takes_nothing() -> None:
    bucket = Bucket(2, SECOND)
    assert bucket.take(START, 0) == (0, bucket)
    assert bucket.take(START, -3) == (0, bucket)
    assert take_from_all((bucket,), START, -3)[0] == 0
