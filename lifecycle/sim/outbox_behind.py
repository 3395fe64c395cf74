"""An outbox that a replay does not wait for: letters are written behind its back, in order."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import BoundedSemaphore

from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.errors import EnvironmentFailed
from lifecycle.send.outbox import Outbox

WAITING = 2_000
"""Letters that may wait to be written; then the replay waits for the disk."""


class OutboxBehind:
    """Accepts every letter at once and writes it by a thread of its own; `close` waits for all."""

    name = "outbox"

    def __init__(self, folder: Path) -> None:
        """Letters go to `folder`, as `.eml` and `.html`."""
        self._outbox = Outbox(folder, whole=False)
        self._writer = ThreadPoolExecutor(1)
        self._room = BoundedSemaphore(WAITING)
        self._failed: Outcome | None = None

    def send(self, letter: Letter) -> Outcome:
        """Accept."""
        self._room.acquire()
        self._writer.submit(self._outbox.send, letter).add_done_callback(self._written)
        return Outcome(OutcomeKind.ACCEPTED, letter.attempt_id)

    def _written(self, done: Future[Outcome]) -> None:
        self._room.release()
        outcome = done.result()
        if outcome.kind is not OutcomeKind.ACCEPTED and self._failed is None:
            self._failed = outcome

    def close(self) -> None:
        """Wait until all is written. Raises EnvironmentFailed when a letter could not be."""
        self._writer.shutdown()
        if self._failed is not None:
            raise EnvironmentFailed("a letter could not be written", cause=self._failed.detail)
