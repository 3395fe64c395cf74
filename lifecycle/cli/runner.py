"""The runner: one thread that ticks the engine whenever something came in or fell due."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from lifecycle import log
from lifecycle.clock import Clock
from lifecycle.engine.abandoned import abandon
from lifecycle.engine.engine import Engine

TEND_SECONDS = 5.0
"""How often upkeep is done: the spool, definitions applied elsewhere, attempts left behind."""
FIRST_REST_SECONDS = 0.5
LONGEST_REST_SECONDS = 30.0
"""After a failure of a whole tick it rests, each time twice as long, up to this."""


class Runner:
    """Ticks one engine. `wake` may be called from any thread; ticks never overlap.

    `tend` is called every TEND_SECONDS, between ticks.
    """

    def __init__(
        self, engine: Engine, clock: Clock, tend: Callable[[], None], *, alone: bool
    ) -> None:
        self.engine = engine
        self.clock = clock
        self.alone = alone
        self.failures = 0
        self._tend = tend
        self._woken = threading.Event()
        self._busy = threading.RLock()
        self._stopping = threading.Event()
        self._tended = 0.0
        self._thread = threading.Thread(target=self._run, name="engine")

    def start(self) -> None:
        """Make the engine ready and begin to tick."""
        self.engine.start(self.clock.now(), alone=self.alone)
        self.wake()
        self._thread.start()

    def wake(self) -> None:
        """Have the engine look now whether something is due."""
        self._woken.set()

    def stop(self) -> None:
        """Finish the batch in hand and end; returns when that is done."""
        self._stopping.set()
        self.engine.stop = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
        self._finish()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Keep the engine from working for as long as this is held."""
        with self._busy:
            yield

    def go_on_with(self, engine: Engine) -> None:
        """Put another engine, on other definitions, in the place of the one that ran."""
        with self._busy:
            self._finish()
            engine.start(self.clock.now(), alone=False)
            self.engine, before = engine, self.engine
            engine.stop = before.stop
        self.wake()

    def _finish(self) -> None:
        try:
            self.engine.finish(self.clock.now())
        except Exception:  # The leases of what is in hand end, and others find it.
            log.failed("outcomes_not_written")

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.wait()
            self._woken.clear()
            if self._stopping.is_set():
                return
            try:
                self._once()
                self.failures = 0
            except Exception:
                log.failed("tick_failed", failures=self.failures + 1)
                rest = min(FIRST_REST_SECONDS * 2**self.failures, LONGEST_REST_SECONDS)
                self.failures += 1
                self._stopping.wait(rest)
                self._woken.set()

    def _once(self) -> None:
        with self._busy:
            now = self.clock.now()
            due = self.engine.next_due()
            if due is not None and due <= now:
                self.engine.tick(now)
                if self.engine.pacing.more:
                    self._woken.set()
            if monotonic() - self._tended >= TEND_SECONDS:
                self._tended = monotonic()
                self._tend()
                abandon(self.engine.parts, now, everything=False)
