"""What every way out of the house has in common: one letter in, one outcome out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from lifecycle.core.message import Letter, Outcome
from lifecycle.log import redacted

DETAIL_CHARACTERS = 300
"""At most so much of the other side's words is kept with an outcome."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]+")


class Gate(Protocol):
    """Says when a letter may be begun: by the transport's rate, and by the lease of its attempt."""

    def begin(self, wanted: int) -> int:
        """Wait until letters may be begun, and give how many of `wanted` (1 or more) may be now.

        0 = none of them any more: the attempt's lease is over, the daemon stops, or the account is
        stopped. What has not begun has never left. Threads may call it at once.
        """

    def heard(self, sender: str, outcomes: Sequence[Outcome]) -> None:
        """Hear what came of one call for letters of one sender: it may close the gate."""

    def starts(self, attempt_ids: Sequence[str]) -> None:
        """Hear which attempts may leave once they are let begin: it is told before `begin`."""


class OpenGate:
    """Lets everything through at once: for transports without a rate, and for replays."""

    def begin(self, wanted: int) -> int:
        """All of them."""
        return wanted

    def heard(self, sender: str, outcomes: Sequence[Outcome]) -> None:
        """Nothing closes it."""

    def starts(self, attempt_ids: Sequence[str]) -> None:
        """Nobody keeps it."""


class Transport(Protocol):
    """A way to hand letters over.

    `send` never raises for anything that the network or the other side does: each failure is an
    outcome, and whatever cannot be told apart from acceptance is `UNCERTAIN`.
    """

    @property
    def name(self) -> str:
        """What the settings call this transport: outbox, ses or smtp."""

    def send(self, letter: Letter) -> Outcome:
        """Hand over one letter to its one recipient and tell what came of it."""

    def close(self) -> None:
        """Give back connections; a later `send` may open them again."""


def told(words: str) -> str:
    """The other side's words, fit for a log line: one line, cut, and without e-mail addresses."""
    one_line = _CONTROL.sub(" ", words).strip()
    return redacted(one_line[: 4 * DETAIL_CHARACTERS])[:DETAIL_CHARACTERS]
