"""Letters whose answer is late: waited for beside the ticks, and written down when it comes.

To everybody else such a letter is in the hands of a worker, as one of another process is: its
attempt is committed, its lease runs, and whoever decides by it sees it as sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from lifecycle import log
from lifecycle.core.message import Outcome
from lifecycle.engine.parts import Parts
from lifecycle.engine.recording import Heard, record
from lifecycle.engine.weigh import Prepared
from lifecycle.send.handing import PATIENCE_SECONDS, Later, Patience


class Late:
    """The letters of one engine whose answer is late. Used by the engine's thread alone."""

    def __init__(self, seconds: float | None = PATIENCE_SECONDS) -> None:
        """A batch leaves letters behind once nothing went on for so long; None: it leaves none."""
        self._seconds = seconds
        self._waiting: list[tuple[Prepared, Later]] = []

    def patience(self) -> Patience:
        """How long a batch waits for its answers."""
        return Patience(self._seconds)

    def leave(self, answers: Iterable[tuple[Prepared, Outcome | Later]]) -> Heard:
        """Keep those that are not answered; gives the others."""
        heard, late = [], []
        for one, outcome in answers:
            if isinstance(outcome, Later):
                late.append((one, outcome))
            else:
                heard.append((one, outcome))
        if late:
            log.warned("answers_late", letters=len(late))
        self._waiting += late
        return heard

    def turn(self, parts: Parts) -> None:
        """Let the notes of what has begun go on in another file, where no letter is late.

        One that is late may yet begin, and its attempt says by which file that is told.
        """
        if parts.starts is not None and not self._waiting:
            parts.starts.turn()

    @property
    def calls(self) -> int:
        """How many calls are not answered: each keeps a thread."""
        return len({id(later.answer) for _, later in self._waiting if not later.answered})

    @property
    def answered(self) -> bool:
        """Whether there is an answer to be written down."""
        return any(later.answered for _, later in self._waiting)

    def record(self, parts: Parts, now: datetime) -> int:
        """Write down what came by now; says of how many letters."""
        came: list[tuple[Prepared, Later]] = []
        still: list[tuple[Prepared, Later]] = []
        for pair in self._waiting:
            (came if pair[1].answered else still).append(pair)
        if came:
            self._waiting = still
            record(parts, _heard(came), None, now)
            self.turn(parts)
        return len(came)

    def wait(self) -> None:
        """Wait for all answers: an engine ends with nothing in its hands."""
        Patience().wait([later.answer for _, later in self._waiting])


def _heard(came: Sequence[tuple[Prepared, Later]]) -> Heard:
    """What came of letters; what raised is left to the end of its lease, and is in doubt then."""
    heard = []
    for one, later in came:
        try:
            heard.append((one, later.outcome()))
        except Exception:
            row = one.due.row
            log.failed("message_failed", customer=row.customer_id, message=row.message_id)
    return heard
