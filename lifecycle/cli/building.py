"""The daemon's second thread: it builds segments while the engine's own goes on with its ticks."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from time import monotonic

from lifecycle import log
from lifecycle.clock import Clock
from lifecycle.engine.builds import Builder
from lifecycle.engine.parts import Parts
from lifecycle.store import builds
from lifecycle.store.builds import LEAVE, MOVE
from lifecycle.store.builds import Building as Build
from lifecycle.store.database import Database

LOOK_SECONDS = 5.0
"""How often it looks whether another process has put definitions live, or left a build behind."""
SHORTEST_REST = 0.005
LONGEST_REST = 0.1
"""After each portion it rests about as long as that took, so that others can write."""
REST_AFTER_FAILURE = 30.0
LOG_SECONDS = 10.0
"""How often the log says how far a build has got."""
TELL_SECONDS = 1.0
"""How often somebody who waits is told how far it has got."""


def told_of(database: Database) -> Callable[[Build], None]:
    """Tells on standard error how far a build has got, if it takes longer than a moment."""
    last = monotonic()

    def tell(build: Build) -> None:
        nonlocal last
        if monotonic() - last < TELL_SECONDS:
            return
        print(_progress(database, build), file=sys.stderr)
        last = monotonic()

    return tell


def _progress(database: Database, build: Build) -> str:
    if build.kind in (MOVE, LEAVE):
        return f"campaign {build.name}: {build.joined} moved, {build.gone} let go"
    passed, every = _passed(database, build)
    return f"{build.kind} {build.name}: {passed} of {every} customers"


def _passed(database: Database, build: Build) -> tuple[int, int | None]:
    """How many a build has done, and of how many; what moves people does not know that."""
    if build.kind in (MOVE, LEAVE):
        return build.joined + build.gone, None
    with database.read() as connection:
        return builds.progress(connection, build)


def _log(database: Database, build: Build) -> None:
    done, every = _passed(database, build)
    log.happened("build_under_way", kind=build.kind, name=build.name, done=done, of=every)


class Building:
    """Carries out builds on the definitions that the engine has, until it is stopped.

    `alone`: no other process works on this database. `wake` has the engine look for work.
    """

    def __init__(
        self,
        parts: Callable[[], Parts],
        clock: Clock,
        wake: Callable[[], None],
        *,
        alone: bool,
    ) -> None:
        self._parts, self._clock, self._wake, self._alone = parts, clock, wake, alone
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="building")

    def start(self) -> None:
        """Begin, with what an earlier process left undone."""
        self._woken.set()
        self._thread.start()

    def look(self) -> None:
        """Have it look now: definitions have gone live."""
        self._woken.set()

    def stop(self) -> None:
        """Finish the portion in hand and end; what is left is done by the next process."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait(LOOK_SECONDS)
            self._woken.clear()
            try:
                self._build()
            except Exception:
                log.failed("build_failed")
                self._stopping.wait(REST_AFTER_FAILURE)

    def _build(self) -> None:
        parts = self._parts()
        builder = Builder(parts.database, parts.live, alone=self._alone)
        logged = monotonic()
        try:
            while not self._stopping.is_set() and self._parts() is parts:
                begun = monotonic()
                if not builder.portion(self._clock.now()):
                    return
                self._wake()
                if builder.current is not None and monotonic() - logged >= LOG_SECONDS:
                    logged = monotonic()
                    _log(parts.database, builder.current)
                took = monotonic() - begun
                self._stopping.wait(min(max(took, SHORTEST_REST), LONGEST_REST))
            self._woken.set()
        finally:
            builder.close()
