"""The daemon's thread for errands: slow receivers keep no letter, and not each other, waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from lifecycle import log
from lifecycle.clock import Clock
from lifecycle.engine.errands import Begun, Errands
from lifecycle.engine.parts import Parts
from lifecycle.send.webhook_call import Caller

THREADS = 8
"""How many errands are under way at once."""
LOOK_SECONDS = 0.5
"""How often it looks whether an errand has fallen due."""
REST_AFTER_FAILURE = 5.0
STOP_SECONDS = 2.0
"""So long a stop waits for receivers."""


class ErrandRunner:
    """Runs errands on the parts that the engine has, until it is stopped.

    Each thread of the pool makes one try and records it.
    """

    def __init__(self, parts: Callable[[], Parts], caller: Caller, clock: Clock) -> None:
        self._errands, self._caller = Errands(parts, caller), caller
        self._clock = clock
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._under_way = 0
        self._counting = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="errands")

    def start(self) -> None:
        """Begin, with what an earlier process left undone."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no more, finish those under way, and end.

        A call that takes longer is cut off: it counts as a failed try.
        """
        self._stopping.set()
        self._woken.set()
        while self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
            self._caller.cut()

    def _run(self) -> None:
        with ThreadPoolExecutor(THREADS, thread_name_prefix="errand") as pool:
            while not self._stopping.is_set():
                try:
                    self._hand_out(pool)
                except Exception:
                    log.failed("errands_failed")
                    self._stopping.wait(REST_AFTER_FAILURE)
                self._woken.wait(LOOK_SECONDS)
                self._woken.clear()

    def _hand_out(self, pool: ThreadPoolExecutor) -> None:
        room = THREADS - self._under_way
        if room <= 0:
            return
        now = self._clock.now()
        due = self._errands.next_due()
        if due is None or due > now:
            return
        for one in self._errands.begin(now, room):
            with self._counting:
                self._under_way += 1
            pool.submit(self._finish, one).add_done_callback(self._finished)

    def _finish(self, begun: Begun) -> None:
        self._errands.finish(begun, self._clock.now())

    def _finished(self, done: Future[None]) -> None:
        with self._counting:
            self._under_way -= 1
        if done.exception() is not None:
            log.warned("errand_not_recorded", problem=type(done.exception()).__name__)
        self._woken.set()
