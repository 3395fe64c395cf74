"""Bounded worker processes for code that may raise, stall, crash or eat memory.

Guarantee: each piece of work gets an answer, and what goes wrong with one touches no other. A
worker lives long and is handed whole batches. A piece over its time is killed with its worker, and
the rest goes on in a fresh one; a piece that was in hand when a worker ended is tried once more,
alone, before it is blamed.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Literal, Protocol

from lifecycle import log
from lifecycle.errors import EnvironmentFailed

SECONDS = 5.0
"""How long one piece of work may take."""
MEMORY_MB = 512
"""Memory that a worker may take beyond what it has once it is ready."""
START_SECONDS = 60.0
MAX_ANSWER_BYTES = 4_000_000
MAX_WHY = 300
COLLECTED_AFTER = 20_000
"""So many more objects made than let go have a worker look for circles, and not at what stays."""
WATCH_SECONDS = 1.0
"""How often a worker looks whether its parent is still there."""
_CHILD = (
    "import sys; sys.path[:] = sys.argv[3:]; from lifecycle.workers import _child; "
    "_child(int(sys.argv[1]), int(sys.argv[2]))"
)

Answer = Callable[[Any], Any]
Make = Callable[[], Answer]
"""Called once in each worker, it gives the function that answers; it must be picklable."""
Kind = Literal["raised", "stalled", "crashed", "memory", "too_large"]
"""How a piece of work can fail."""


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work; `name` is how logs call it (ids, no addresses), `given` is picklable."""

    name: str
    given: Any
    again: bool = True
    """Whether it is tried once more, alone, before it is blamed; not where the caller does so."""


@dataclass(frozen=True, slots=True)
class Done:
    """The answer to one piece of work."""

    value: Any


@dataclass(frozen=True, slots=True)
class WorkFailed:
    """A piece of work that got no answer, and why: it alone is to be quarantined."""

    name: str
    kind: Kind
    why: str = ""


Result = Done | WorkFailed


class Runs(Protocol):
    """Whatever runs batches: worker processes, or this very process."""

    def run(self, batch: Sequence[Work]) -> list[Result]:
        """Answer each piece of work, in order."""
        ...

    def close(self) -> None:
        """End the workers; none is left behind."""
        ...


class InProcess:
    """Runs everything here and now, for replays and tests: fast, and guarded from raising alone."""

    def __init__(self, make: Make) -> None:
        self._answer = make()

    def run(self, batch: Sequence[Work]) -> list[Result]:
        """Answer each piece of work, in order; nothing is bounded."""
        return [_told(work, _tried(self._answer, work.given)) for work in batch]

    def close(self) -> None:
        """Nothing is left behind."""


class Workers:
    """`count` long-lived processes; thread-safe, one batch at a time."""

    def __init__(
        self, make: Make, *, count: int = 1, seconds: float = SECONDS, memory_mb: int = MEMORY_MB
    ) -> None:
        """Prepare workers, which start with their first batch.

        `seconds` is what one piece of work may take, `memory_mb` what a worker may take beyond its
        start. Raises EnvironmentFailed, from `run`, when a worker cannot be started.
        """
        self._workers = [_Worker(make, seconds, memory_mb) for _ in range(count)]
        self._turn = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None

    def run(self, batch: Sequence[Work]) -> list[Result]:
        """Answer each piece of work, in order. Raises EnvironmentFailed."""
        with self._turn:
            share = -(-len(batch) // len(self._workers)) or 1
            parts = [batch[at : at + share] for at in range(0, len(batch), share)]
            if len(parts) <= 1:
                return [result for part in parts for result in self._workers[0].run(part)]
            if self._threads is None:
                self._threads = ThreadPoolExecutor(len(self._workers), "workers")
            answered = self._threads.map(_Worker.run, self._workers, parts)
            return [result for part in answered for result in part]

    def start(self) -> None:
        """Start the workers beside; what cannot be started is told of with the first batch."""
        threading.Thread(target=self._start, name="start-workers", daemon=True).start()

    def close(self) -> None:
        """End the workers; none is left behind, and another batch starts them again."""
        with self._turn:
            for worker in self._workers:
                worker.end()
            if self._threads is not None:
                self._threads.shutdown()
                self._threads = None

    def _start(self) -> None:
        with self._turn, suppress(EnvironmentFailed):
            for worker in self._workers:
                worker.started()


class _Ended(Exception):
    """A worker ended, or was ended, before all was answered."""

    def __init__(self, kind: Kind, why: str) -> None:
        super().__init__(kind, why)
        self.kind: Kind = kind
        self.why = why


class _Worker:
    """One worker process, started when it is needed and again when it has ended."""

    def __init__(self, make: Make, seconds: float, memory_mb: int) -> None:
        self._make, self._seconds, self._memory_mb = make, seconds, memory_mb
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None
        self._hold: int | None = None
        """Our end of a pipe that closes with this process, however it ends."""

    def run(self, batch: Sequence[Work]) -> list[Result]:
        """Answer each piece of work, whatever becomes of the process."""
        results: list[Result] = []
        while len(results) < len(batch):
            ended = self._ask(batch[len(results) :], results)
            if ended is not None:
                suspect = batch[len(results)]
                blamed = WorkFailed(suspect.name, ended.kind, ended.why)
                results.append(self._alone(suspect) if suspect.again else blamed)
        return results

    def _alone(self, suspect: Work) -> Result:
        """Try a suspect once more in a fresh process: its neighbours may have spoilt the first."""
        results: list[Result] = []
        ended = self._ask([suspect], results)
        if ended is None:
            return results[0]
        log.warned("work_quarantined", work=suspect.name, kind=ended.kind, why=ended.why)
        return WorkFailed(suspect.name, ended.kind, ended.why)

    def _ask(self, batch: Sequence[Work], results: list[Result]) -> _Ended | None:
        """Hand a batch over and gather answers; tells how the process ended, if it did."""
        line = self.started()
        try:
            self._hand_over(line, batch)
            for work in batch:
                status, value = self._receive(line, self._seconds)
                if status == "memory":
                    # What was taken before may be why; a fresh process tells.
                    raise _Ended("memory", f"out of {self._memory_mb} MB")
                results.append(_told(work, (status, value)))
        except _Ended as ended:
            self.end()
            return ended
        return None

    def _hand_over(self, line: Connection, batch: Sequence[Work]) -> None:
        message = pickle.dumps([work.given for work in batch], pickle.HIGHEST_PROTOCOL)
        try:
            line.send_bytes(message)
        except OSError as broken:
            raise _Ended("crashed", f"the worker was gone: {broken}") from broken

    def _receive(self, line: Connection, seconds: float) -> tuple[str, Any]:
        try:
            if not line.poll(seconds):
                raise _Ended("stalled", f"no answer within {seconds:g} seconds")
            status, value = pickle.loads(line.recv_bytes())
        except (EOFError, OSError) as broken:
            code = self._process.wait() if self._process else None
            raise _Ended("crashed", f"the worker ended with {code}") from broken
        return str(status), value

    def started(self) -> Connection:
        """The line to a process that is there, or is started. Raises EnvironmentFailed."""
        if self._line is not None and self._process is not None and self._process.poll() is None:
            return self._line
        self.end()
        ours, theirs = socket.socketpair()
        leash, self._hold = os.pipe()
        with theirs:
            passed = (theirs.fileno(), leash)
            command = [sys.executable, "-c", _CHILD, *map(str, passed), *sys.path]
            self._process = subprocess.Popen(command, pass_fds=passed, stdin=subprocess.DEVNULL)
        os.close(leash)
        self._line = Connection(ours.detach())
        try:
            self._line.send((self._make, self._memory_mb))
            status, why = self._receive(self._line, START_SECONDS)
        except (_Ended, OSError) as ended:
            status, why = "ended", getattr(ended, "why", str(ended))
        if status != "ready":
            self.end()
            raise EnvironmentFailed("a worker process could not start", cause=str(why))
        return self._line

    def end(self) -> None:
        """Kill the process, if there is one, and wait until it is gone."""
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._hold is not None:
            os.close(self._hold)
        self._line = self._process = self._hold = None


_REFUSED: dict[str, Kind] = {"memory": "memory", "too_large": "too_large"}


def _told(work: Work, answered: tuple[str, Any]) -> Result:
    status, value = answered
    if status == "done":
        return Done(value)
    kind: Kind = _REFUSED.get(status, "raised")
    log.warned("work_quarantined", work=work.name, kind=kind, why=value)
    return WorkFailed(work.name, kind, value)


def _tried(answer: Answer, given: Any) -> tuple[str, Any]:
    try:
        return "done", answer(given)
    except MemoryError:
        return "memory", "out of memory"
    except (Exception, SystemExit) as raised:
        try:
            return "raised", f"{type(raised).__name__}: {raised}"[:MAX_WHY]
        except Exception:
            return "raised", type(raised).__name__


def _child(number: int, leash: int) -> None:
    """What a worker process does: answer batches until its parent closes the line."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with(leash)
    # Whatever the work prints must not get among what the parent prints.
    os.dup2(2, 1)
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()
    try:
        make, memory_mb = (line := Connection(number)).recv()
        answer = make()
        gc.freeze()
        gc.set_threshold(COLLECTED_AFTER)
        _limit(memory_mb)
    except Exception as raised:
        line.send(("failed", f"{type(raised).__name__}: {raised}"[:MAX_WHY]))
        return
    line.send(("ready", ""))
    with suppress(EOFError, OSError):
        while True:
            for given in pickle.loads(line.recv_bytes()):
                line.send_bytes(_packed(_tried(answer, given)))


def _packed(answered: tuple[str, Any]) -> bytes:
    try:
        packed = pickle.dumps(answered, pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        return pickle.dumps(("memory", "out of memory"))
    except Exception as raised:
        return pickle.dumps(("raised", f"cannot be handed back: {raised}"[:MAX_WHY]))
    if len(packed) > MAX_ANSWER_BYTES:
        return pickle.dumps(("too_large", f"an answer over {MAX_ANSWER_BYTES} bytes"))
    return packed


def _limit(memory_mb: int) -> None:
    """Bound the address space, where the system can: what is taken now, and so much more."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        with open("/proc/self/statm") as told:
            taken = int(told.read().split()[0]) * resource.getpagesize()
        limit = taken + memory_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _end_with(leash: int) -> None:
    """Have the system end this process when the pipe closes, whatever it is at by then.

    A watching thread gets no turn while C code holds the interpreter; a signal needs none.
    """
    try:
        import fcntl

        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(leash, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(leash, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
    except (ImportError, AttributeError, OSError):
        pass


def _watch(parent: int) -> None:
    """End with the parent, even in the middle of a piece of work that never ends."""
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)
