"""Hands a batch of letters over to a transport: in its own way, else one by one in threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, runtime_checkable

from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.send.transport import Gate, Transport

NOT_BEGUN = Outcome(OutcomeKind.NEVER_LEFT, detail="not begun")


@runtime_checkable
class TakesMany(Protocol):
    """A transport that takes letters by the batch."""

    def send_many(self, letters: Sequence[Letter], gate: Gate) -> list[Outcome]:
        """Hand letters over as the gate lets them through; the outcomes are in their order."""


def hand_over(
    transport: Transport,
    letters: Sequence[Letter],
    gate: Gate,
    pool: ThreadPoolExecutor | None = None,
) -> list[Outcome]:
    """Hand letters over, each once, and tell what came of each, in their order.

    Without a `pool` they go one after the other.
    """
    if isinstance(transport, TakesMany):
        return transport.send_many(letters, gate)
    each: Callable[[Letter], Outcome] = _Each(transport, gate)
    if pool is None or len(letters) < 2:
        return [each(letter) for letter in letters]
    return list(pool.map(each, letters))


class _Each:
    def __init__(self, transport: Transport, gate: Gate) -> None:
        self._transport = transport
        self._gate = gate

    def __call__(self, letter: Letter) -> Outcome:
        self._gate.starts((letter.attempt_id,))
        if not self._gate.begin(1):
            return NOT_BEGUN
        outcome = self._transport.send(letter)
        self._gate.heard(letter.sender, (outcome,))
        return outcome
