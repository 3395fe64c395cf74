"""Hands over one letter beside the ticks: at the pace of all, and not while the transport rests."""

from __future__ import annotations

from lifecycle.clock import since_boot
from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.core.stoppage import ACCOUNT
from lifecycle.engine.parts import Parts
from lifecycle.send.handing import NOT_BEGUN
from lifecycle.store import account

PATIENCE_SECONDS = 30.0
"""How long a single letter waits for its turn."""


def hand_over_alone(parts: Parts, letter: Letter) -> Outcome:
    """Hand over a letter that is no message of a customer, once."""
    turnstile = parts.turnstile
    if turnstile is None:
        return parts.transport.send(letter)
    with parts.database.read() as connection:
        stopped = account.stoppages(connection, turnstile.transport).get(ACCOUNT)
    if stopped is not None:
        return Outcome(OutcomeKind.NEVER_LEFT, detail=stopped.words())
    gate = turnstile.gate(1, since_boot() + PATIENCE_SECONDS)
    if not gate.begin(1):
        return NOT_BEGUN
    outcome = parts.transport.send(letter)
    gate.heard(letter.sender, (outcome,))
    return outcome
