"""Processes beside ours: each on a core of its own, asked by lines, ended by its id."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

PATIENCE_SECONDS = 60.0
"""So long a process is given to end before it is killed."""
ANSWER = "answer: "
"""What a line of ours begins with on a child's standard output, where it may say other things."""


def cores() -> tuple[int | None, int | None]:
    """A core for the server, and one for whoever measures it; None where nothing can be chosen."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    found = sorted(os.sched_getaffinity(0))
    return (found[0], found[-1]) if len(found) > 1 else (None, None)


def stay_on(core: int | None) -> None:
    """Keep this process on one core."""
    if core is not None:
        os.sched_setaffinity(0, {core})


@contextmanager
def staying_on(core: int | None) -> Iterator[None]:
    """Keep this process on one core for a while."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Child:
    """One process of ours."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.pid = self._process.pid

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def ask(self, word: str) -> Any:
        """Ask for something, and give the answer. Raises RuntimeError when the process ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        while not (line := self.line()).startswith(ANSWER):
            continue
        return json.loads(line.removeprefix(ANSWER))

    def line(self) -> str:
        """The next line it says. Raises RuntimeError when the process ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the process ended with {self._process.wait()}")
        return line

    def stop(self) -> None:
        """End it, gently at first."""
        assert self._process.stdin is not None and self._process.stdout is not None
        # A thread that reads must come to its end before the process does.
        self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def answering(words: Mapping[str, Callable[[], Any]]) -> None:
    """In the child: answer lines from standard input until whoever asks is gone."""
    for line in sys.stdin:
        print(ANSWER + json.dumps(words[line.strip()]()), flush=True)


def answering_aside(words: Mapping[str, Callable[[], Any]]) -> None:
    """The same in a thread of its own."""
    threading.Thread(target=answering, args=(words,), name="asked", daemon=True).start()


def processor_by_thread() -> dict[str, float]:
    """In the child: seconds of processor by each thread's name, and `all` of the process."""
    found = {"all": time.process_time()}
    if not hasattr(time, "pthread_getcpuclockid"):
        return found
    for thread in threading.enumerate():
        if thread.ident is not None:
            clock = time.pthread_getcpuclockid(thread.ident)
            found[thread.name] = found.get(thread.name, 0.0) + time.clock_gettime(clock)
    return found
