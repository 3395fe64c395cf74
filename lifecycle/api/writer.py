"""One thread that writes events: whatever waits goes into one durable transaction."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lifecycle import log
from lifecycle.api.problems import busy
from lifecycle.store.database import Database
from lifecycle.store.events import NewEvent, append

EVENTS_AT_ONCE = 5_000
EVENTS_WAITING = 50_000
"""More than so many events waiting to be written, and newcomers are told to come back."""


@dataclass(slots=True)
class _Job:
    events: Sequence[NewEvent]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]


class EventWriter:
    """Appends events durably. All requests that wait share one commit, and so one sync to disk."""

    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        self._database = database
        self._wake = wake
        self._waiting: deque[_Job] = deque()
        self._count = 0
        self._told = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopping = False

    async def write(self, events: Sequence[NewEvent]) -> None:
        """Return once the events are durable. Raises Problem when too many wait, or none can be.

        Cancelling does not take the events back.
        """
        loop = asyncio.get_running_loop()
        job = _Job(events, loop, loop.create_future())
        with self._told:
            if self._count + len(events) > EVENTS_WAITING or self._stopping:
                raise busy("too many events are waiting")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="events", daemon=True)
                self._thread.start()
            self._waiting.append(job)
            self._count += len(events)
            self._told.notify()
        await job.done

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
            except Exception:
                # One bad request must not refuse the others that shared its transaction.
                for job in jobs:
                    self._alone(job)
            else:
                self._tell_engine()
                for job in jobs:
                    _finish(job, None)

    def _alone(self, job: _Job) -> None:
        try:
            self._append([job])
        except Exception as error:
            log.failed("events_not_written", events=len(job.events))
            _finish(job, error)
        else:
            self._tell_engine()
            _finish(job, None)

    def _tell_engine(self) -> None:
        try:
            self._wake()
        except Exception:
            log.failed("engine_not_woken")

    def _append(self, jobs: Sequence[_Job]) -> None:
        with self._database.write() as connection:
            append(connection, [event for job in jobs for event in job.events])

    def _next(self) -> list[_Job]:
        """The jobs to write together; none when it is time to stop."""
        with self._told:
            while not self._waiting and not self._stopping:
                self._told.wait()
            jobs: list[_Job] = []
            count = 0
            while self._waiting and (
                not jobs or count + len(self._waiting[0].events) <= EVENTS_AT_ONCE
            ):
                jobs.append(self._waiting.popleft())
                count += len(jobs[-1].events)
            self._count -= count
            return jobs


def _finish(job: _Job, error: Exception | None) -> None:
    def tell() -> None:
        if not job.done.done():
            if error is None:
                job.done.set_result(None)
            else:
                job.done.set_exception(error)

    try:
        job.loop.call_soon_threadsafe(tell)
    except RuntimeError:
        # The loop is closed: whoever asked is gone, and the events are written.
        return
