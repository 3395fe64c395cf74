"""A batch is handed over by threads: an answer that does not come keeps no other letter waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Timer
from time import monotonic

import pytest

from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.send.handing import NOT_BEGUN, Later, Patience, hand_over
from lifecycle.send.transport import OpenGate

MakeLetter = Callable[..., Letter]
THREADS, SECONDS, LONG = 3, 1.0, 20.0


@dataclass
class Hangs:
    """A transport that does not answer for some attempts until it is let go."""

    hanging: set[str]
    name: str = "hangs"
    begun: list[str] = field(default_factory=list)
    let_go: Event = field(default_factory=Event)

    def send(self, letter: Letter) -> Outcome:
        self.begun.append(letter.attempt_id)
        if letter.attempt_id in self.hanging:
            assert self.let_go.wait(LONG), "nobody let it go"
        return Outcome(OutcomeKind.ACCEPTED, provider_id=f"of {letter.attempt_id}")

    def close(self) -> None:
        self.let_go.set()


class AskedLate(OpenGate):
    """A gate before which each letter waits for longer than patience lasts."""

    def begin(self, wanted: int) -> int:
        Event().wait(2 * SECONDS)
        return wanted


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as made:
        yield made


def batch(letter: MakeLetter, count: int) -> list[Letter]:
    return [letter(attempt_id=str(number)) for number in range(count)]


def settled(answers: Sequence[Outcome | Later]) -> dict[str, str]:
    """What is known of each letter."""
    return {
        str(place): "late" if isinstance(one, Later) else one.provider_id or one.detail
        for place, one in enumerate(answers)
    }


def test_one_that_hangs_is_told_later_and_the_others_now(
    letter: MakeLetter, pool: ThreadPoolExecutor
) -> None:
    hangs = Hangs({"1"})
    answers = hand_over(hangs, batch(letter, 6), OpenGate(), pool, Patience(SECONDS))
    of = {str(place): f"of {place}" for place in range(6)}
    assert settled(answers) == {**of, "1": "late"}
    (late,) = [one for one in answers if isinstance(one, Later)]
    assert not late.answered
    hangs.close()
    assert late.outcome() == Outcome(OutcomeKind.ACCEPTED, provider_id="of 1")
    assert late.answered


def test_where_every_thread_hangs_what_has_not_begun_is_given_back(
    letter: MakeLetter, pool: ThreadPoolExecutor
) -> None:
    hangs = Hangs({"0", "1", "2"})
    answers = hand_over(hangs, batch(letter, 6), OpenGate(), pool, Patience(SECONDS))
    assert answers[THREADS:] == [NOT_BEGUN] * 3
    assert [isinstance(one, Later) for one in answers[:THREADS]] == [True] * THREADS
    hangs.close()
    assert [one.outcome().kind for one in answers[:3] if isinstance(one, Later)] == ["accepted"] * 3
    assert sorted(hangs.begun) == ["0", "1", "2"], "what was given back was begun all the same"


def test_who_is_slow_and_steady_is_waited_for(letter: MakeLetter, pool: ThreadPoolExecutor) -> None:
    class Slow(Hangs):
        def send(self, letter: Letter) -> Outcome:
            Event().wait(0.6 * SECONDS)
            return super().send(letter)

    answers = hand_over(Slow(set()), batch(letter, 12), OpenGate(), pool, Patience(SECONDS))
    assert settled(answers) == {str(place): f"of {place}" for place in range(12)}


def test_without_patience_all_are_waited_for(letter: MakeLetter, pool: ThreadPoolExecutor) -> None:
    hangs = Hangs({"0"})
    letting_go = Timer(2 * SECONDS, hangs.close)
    letting_go.start()
    answers = hand_over(hangs, batch(letter, 3), OpenGate(), pool)
    assert settled(answers) == {"0": "of 0", "1": "of 1", "2": "of 2"}


def test_a_letter_that_waits_at_the_gate_is_late_and_goes_once(
    letter: MakeLetter, pool: ThreadPoolExecutor
) -> None:
    hangs = Hangs(set())
    answers = hand_over(hangs, batch(letter, 1), AskedLate(), pool, Patience(SECONDS))
    assert settled(answers) == {"0": "late"}
    (late,) = answers
    assert isinstance(late, Later)
    assert late.outcome().kind is OutcomeKind.ACCEPTED
    assert hangs.begun == ["0"]


def test_patience_counts_from_what_went_on_last() -> None:
    patience = Patience(SECONDS)
    begun = monotonic()
    while monotonic() - begun < 2 * SECONDS:
        patience.went_on()
        assert not patience.over
    assert not Patience(None).over
    Event().wait(SECONDS)
    assert patience.over
