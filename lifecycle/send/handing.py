"""Hands a batch of letters over to a transport: in its own way, else one by one in threads.

Guarantee: an answer that does not come keeps nobody else waiting. Where nothing goes on any more,
what has not begun is given back, and what has is told of `Later`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol, runtime_checkable

from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.send.transport import Gate, Transport

NOT_BEGUN = Outcome(OutcomeKind.NEVER_LEFT, detail="not begun")
PATIENCE_SECONDS = 3.0
"""An answer takes tens of milliseconds; at the gate a letter waits two seconds at most."""
LOOK_SECONDS = 0.05

Told = list[tuple[int, Outcome]]
"""What came of letters, each by its place in the batch."""


@dataclass(frozen=True, slots=True)
class Later:
    """What is to come of a letter whose answer is not there yet."""

    answer: Future[Told]
    place: int

    @property
    def answered(self) -> bool:
        """Whether the answer is there by now."""
        return self.answer.done()

    def outcome(self) -> Outcome:
        """What came of it, waited for where it must be. Raises what no transport should."""
        return dict(self.answer.result())[self.place]


class Patience:
    """How long answers are waited for: `seconds` since anything went on; None = without an end.

    Threads may call it at once.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self._seconds = seconds
        self._went_on = monotonic()

    def went_on(self, _: object = None) -> None:
        """A letter began, or an answer came."""
        self._went_on = monotonic()

    @property
    def over(self) -> bool:
        """Whether nothing has gone on for too long."""
        return self._seconds is not None and monotonic() - self._went_on >= self._seconds

    def wait(self, answers: Collection[Future[Any]]) -> None:
        """Wait until all answers are there, or it is over."""
        look = None if self._seconds is None else LOOK_SECONDS
        while not self.over and wait(answers, look).not_done:
            pass


@runtime_checkable
class TakesMany(Protocol):
    """A transport that takes letters by the batch, and has answered for all of them then."""

    def send_many(self, letters: Sequence[Letter], gate: Gate) -> list[Outcome]:
        """Hand letters over as the gate lets them through; the outcomes are in their order."""


@runtime_checkable
class LeavesBehind(Protocol):
    """A transport that takes letters by the batch, and need not wait for all answers."""

    def send_patiently(
        self, letters: Sequence[Letter], gate: Gate, patience: Patience
    ) -> list[Outcome | Later]:
        """As `send_many`, and what is not answered once patience is over is told later."""


def hand_over(
    transport: Transport,
    letters: Sequence[Letter],
    gate: Gate,
    pool: ThreadPoolExecutor | None = None,
    patience: Patience | None = None,
) -> list[Outcome | Later]:
    """Hand letters over, each once, and tell what came of each, in their order.

    Without a `pool` they go one after the other, and without `patience` all are waited for.
    """
    patience = patience or Patience()
    if isinstance(transport, LeavesBehind):
        return transport.send_patiently(letters, gate, patience)
    if isinstance(transport, TakesMany):
        return [*transport.send_many(letters, gate)]
    each = _Each(transport, gate, patience)
    if pool is None:
        return [each.outcome(letter) for letter in letters]
    answers = [pool.submit(each, place, letter) for place, letter in enumerate(letters)]
    patience.wait(answers)
    return [_told(answer, place) for place, answer in enumerate(answers)]


def _told(answer: Future[Told], place: int) -> Outcome | Later:
    if answer.cancel():
        return NOT_BEGUN
    later = Later(answer, place)
    return later.outcome() if later.answered else later


class _Each:
    def __init__(self, transport: Transport, gate: Gate, patience: Patience) -> None:
        self._transport = transport
        self._gate = gate
        self._patience = patience

    def __call__(self, place: int, letter: Letter) -> Told:
        return [(place, self.outcome(letter))]

    def outcome(self, letter: Letter) -> Outcome:
        self._gate.starts((letter.attempt_id,))
        if not self._gate.begin(1):
            return NOT_BEGUN
        self._patience.went_on()
        outcome = self._transport.send(letter)
        self._patience.went_on()
        self._gate.heard(letter.sender, (outcome,))
        return outcome
