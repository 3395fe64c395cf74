"""A stand-in for SES on the virtual clock: what it accepted stands in its log, the oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from lifecycle.core.message import Letter, Outcome, OutcomeKind

GONE = (OutcomeKind.ACCEPTED, OutcomeKind.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Try:
    """One letter as it was handed over: when, of which message, to whom, and its true fate."""

    at: datetime
    message_id: str
    attempt_id: str
    campaign: str
    step: str
    variant: str
    to: str
    accepted: bool
    """Whether SES took it, whatever it answered."""
    answered: OutcomeKind


@dataclass(frozen=True, slots=True)
class Answer:
    """What befalls one hand-over: the truth and the answer; `dies` when the process never hears."""

    accepted: bool = True
    kind: OutcomeKind = OutcomeKind.ACCEPTED
    dies: bool = False


class ProcessDied(BaseException):
    """The simulated process ends here: no handler of errors may catch it."""


def always(letter: Letter) -> Answer:
    """Accept every letter."""
    return Answer()


@dataclass
class VirtualSes:
    """Takes letters, keeps its own log of them, and tells whoever listens what it accepted."""

    answer: Callable[[Letter], Answer] = always
    accepts: Callable[[Letter], None] = lambda letter: None
    log: list[Try] = field(default_factory=list)
    name: str = "virtual"

    def send(self, letter: Letter) -> Outcome:
        """Take a letter, or do what befalls it."""
        found = self.answer(letter)
        self.log.append(
            Try(
                letter.at,
                letter.message_id,
                letter.attempt_id,
                letter.campaign,
                letter.step,
                letter.variant,
                letter.to,
                found.accepted,
                found.kind,
            )
        )
        if found.accepted:
            self.accepts(letter)
        if found.dies:
            raise ProcessDied
        told = letter.attempt_id if found.kind is OutcomeKind.ACCEPTED else None
        return Outcome(found.kind, told)

    def close(self) -> None:
        """Nothing is open."""
