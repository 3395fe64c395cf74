"""The pace of one process: as many letters a second as the transport told, asked again hourly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lifecycle.engine.pacing import ASK_RATE_EVERY, Pacing

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_without_a_rate_there_is_room_for_all() -> None:
    assert Pacing(None).room(START, 500) == 500


def test_no_more_letters_are_begun_in_any_second_than_the_transport_takes() -> None:
    pacing = Pacing(lambda: 14.0)
    begun: list[tuple[datetime, int]] = []
    for tick in range(40):
        now = START + timedelta(milliseconds=130 * tick)
        room = pacing.room(now, 500)
        pacing.begun(now, room)
        begun.append((now, room))
    for first, _ in begun:
        inside = sum(n for at, n in begun if first <= at < first + timedelta(seconds=1))
        assert inside <= 14
    assert sum(n for _, n in begun) >= 14 * 5


def test_an_account_that_cannot_be_asked_gets_one_letter_a_second_and_is_asked_again() -> None:
    answers: list[float | None] = [None, 50.0]
    pacing = Pacing(lambda: answers.pop(0))
    assert pacing.room(START, 500) == 1
    assert pacing.room(START + timedelta(minutes=5), 500) == 1
    assert pacing.room(START + ASK_RATE_EVERY, 500) == 50
