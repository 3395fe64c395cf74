"""An outbox that a long replay does not wait for: a process of its own writes the letters."""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import BoundedSemaphore

from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.errors import EnvironmentFailed
from lifecycle.send.outbox import Outbox

AT_ONCE = 100
"""Letters handed to the writing process in one go."""
FIRST = 300
"""So many are written here: a process is started for no less."""
WAITING = 50
"""Hand-overs that may wait to be written; then the replay waits for the disk."""


class OutboxBehind:
    """Accepts every letter at once and sees that it is written; `close` waits for all."""

    name = "outbox"

    def __init__(self, folder: Path) -> None:
        """Letters go to `folder`, as `.eml` and `.html`."""
        self._folder = folder
        self._outbox = Outbox(folder, whole=False)
        self._count = 0
        self._letters: list[Letter] = []
        self._writer: ProcessPoolExecutor | None = None
        self._room = BoundedSemaphore(WAITING)
        self._failed = ""

    def send(self, letter: Letter) -> Outcome:
        """Accept."""
        self._count += 1
        if self._count <= FIRST:
            self._note(_failure([self._outbox.send(letter)]))
        else:
            self._letters.append(letter)
            if len(self._letters) == AT_ONCE:
                self._hand_over()
        return Outcome(OutcomeKind.ACCEPTED, letter.attempt_id)

    def _hand_over(self) -> None:
        if self._writer is None:
            self._writer = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        self._room.acquire()
        written = self._writer.submit(_write, self._folder, self._letters)
        written.add_done_callback(self._written)
        self._letters = []

    def _written(self, done: Future[str]) -> None:
        self._room.release()
        self._note(str(done.exception() or "") or done.result())

    def _note(self, failure: str) -> None:
        self._failed = self._failed or failure

    def close(self) -> None:
        """Wait until all is written. Raises EnvironmentFailed when a letter could not be."""
        self._note(_write(self._folder, self._letters))
        self._letters = []
        if self._writer is not None:
            self._writer.shutdown()
        if self._failed:
            raise EnvironmentFailed("a letter could not be written", cause=self._failed)


def _write(folder: Path, letters: list[Letter]) -> str:
    """Write letters; the first failure in words, empty if there is none."""
    return _failure(Outbox(folder, whole=False).send_many(letters))


def _failure(outcomes: list[Outcome]) -> str:
    bad = (one for one in outcomes if one.kind is not OutcomeKind.ACCEPTED)
    return next((one.detail or str(one.kind) for one in bad), "")
