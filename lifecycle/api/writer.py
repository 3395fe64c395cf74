"""One thread that writes events: whatever waits goes into one durable transaction."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lifecycle import log
from lifecycle.api.problems import busy
from lifecycle.failpoints import reach
from lifecycle.store.arrived import Arriving, note
from lifecycle.store.away import is_away
from lifecycle.store.database import Database
from lifecycle.store.events import NewEvent, append

EVENTS_AT_ONCE = 5_000
EVENTS_WAITING = 50_000
"""More than so many events waiting to be written, and newcomers are told to come back."""


@dataclass(slots=True)
class _Job:
    came: Sequence[NewEvent] | Arriving
    count: int
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]


class EventWriter:
    """Appends events durably. All requests that wait share one commit, and so one sync to disk."""

    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        self._database = database
        self._wake = wake
        self._waiting: deque[_Job] = deque()
        self._count = 0
        self._telling: asyncio.AbstractEventLoop | None = None
        self._told = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False

    async def write(self, events: Sequence[NewEvent]) -> None:
        """Return once the events are durable. Raises Problem when too many wait, or none can be.

        Cancelling does not take the events back.
        """
        await self._done(events, len(events))

    async def take(self, arriving: Arriving) -> None:
        """Return once the events of a request are durable. Raises as `write` does."""
        await self._done(arriving, arriving.count)

    async def _done(self, came: Sequence[NewEvent] | Arriving, count: int) -> None:
        loop = asyncio.get_running_loop()
        job = _Job(came, count, loop, loop.create_future())
        with self._told:
            if self._count + count > EVENTS_WAITING or self._stopping:
                raise busy("too many events are waiting")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="events", daemon=True)
                self._thread.start()
            self._waiting.append(job)
            self._count += count
            if self._telling is not loop:
                # Told once for all requests that the loop has in hand: waking a thread is dear.
                self._telling = loop
                loop.call_soon(self._tell_writer)
        await job.done

    def _tell_writer(self) -> None:
        with self._told:
            self._telling = None
            self._told.notify()

    def stop(self) -> None:
        """Write what waits, then end the thread."""
        with self._told:
            self._stopping = True
            self._told.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while jobs := self._next():
            try:
                self._append(jobs)
            except Exception as error:
                if is_away(error):
                    # Each by itself would wait as long, one after the other.
                    log.failed("events_not_written", events=sum(job.count for job in jobs))
                    _finish(jobs, error)
                    continue
                # One bad request must not refuse the others that shared its transaction.
                for job in jobs:
                    self._alone(job)
            else:
                self._tell_engine()
                _finish(jobs, None)

    def _alone(self, job: _Job) -> None:
        try:
            self._append([job])
        except Exception as error:
            log.failed("events_not_written", events=job.count)
            _finish([job], error)
        else:
            self._tell_engine()
            _finish([job], None)

    def _tell_engine(self) -> None:
        try:
            self._wake()
        except Exception:
            log.failed("engine_not_woken")

    def _append(self, jobs: Sequence[_Job]) -> None:
        reach("events_to_write")
        others = [job.came for job in jobs if not isinstance(job.came, Arriving)]
        with self._database.write(aside=not others) as connection:
            note(connection, [job.came for job in jobs if isinstance(job.came, Arriving)])
            append(connection, [event for events in others for event in events])
            reach("events_written")
        reach("events_committed")

    def _next(self) -> list[_Job]:
        """The jobs to write together; none when it is time to stop."""
        with self._told:
            while not self._waiting and not self._stopping:
                self._told.wait()
            jobs: list[_Job] = []
            count = 0
            while self._waiting and (not jobs or count + self._waiting[0].count <= EVENTS_AT_ONCE):
                jobs.append(self._waiting.popleft())
                count += jobs[-1].count
            self._count -= count
            return jobs


def _finish(jobs: Sequence[_Job], error: Exception | None) -> None:
    of: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for job in jobs:
        of.setdefault(job.loop, []).append(job.done)
    for loop, done in of.items():
        try:
            loop.call_soon_threadsafe(_tell, done, error)
        except RuntimeError:
            # The loop is closed: whoever asked is gone, and the events are written.
            continue


def _tell(every: Sequence[asyncio.Future[None]], error: Exception | None) -> None:
    for done in every:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
