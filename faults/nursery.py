"""Starts daemons from a process that has imported their modules: a start without that second.

A daemon that is killed a thousand times would spend most of its lives importing. Each start is a
fork of one process that has imported everything and done nothing; what follows is `lifecycle run`.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from faults.launch import change_all

PRELOADED = ("scheduler", "boto3", "botocore.config", "lifecycle.cli.run", "lifecycle.cli.entry")
START_SECONDS = 120.0


class Nursery:
    """One such process, for one set of changed constants; it ends with ours."""

    def __init__(self, changed: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faults.nursery", changed],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        self._told = threading.Condition()
        self._born: list[int] = []
        self._ended: dict[int, int] = {}
        threading.Thread(target=self._listen, daemon=True).start()

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        errors: Path | None = None,
    ) -> Born:
        """Start the command line in a process of its own, which says what it says into `log`.

        Problems go into `errors`, where that is another file.
        """
        said = {"arguments": list(arguments), "environment": dict(environment), "log": str(log)}
        said["errors"] = str(errors or log)
        assert self._process.stdin is not None
        with self._told:
            before = len(self._born)
            self._process.stdin.write(json.dumps(said) + "\n")
            self._process.stdin.flush()
            born = self._told.wait_for(lambda: len(self._born) > before, START_SECONDS)
            assert born, "the nursery does not answer"
            return Born(self, self._born[before])

    def ended(self, pid: int, seconds: float) -> int | None:
        """What a process ended with, waiting for it so long; None while it runs."""
        with self._told:
            self._told.wait_for(lambda: pid in self._ended, seconds)
            return self._ended.get(pid)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            with self._told:
                if "born" in said:
                    # Process ids come again: one of this id may have ended long ago.
                    self._ended.pop(said["born"], None)
                    self._born.append(said["born"])
                else:
                    self._ended[said["ended"]] = said["code"]
                self._told.notify_all()


@lru_cache(maxsize=32)
def _nursery(changed: str) -> Nursery:
    return Nursery(changed)


def nursery_for(changed: Mapping[str, object]) -> Nursery:
    """The nursery for these constants, made when it is first wanted."""
    return _nursery(json.dumps(dict(changed)))


class Born:
    """One process that a nursery started."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid

    def poll(self) -> int | None:
        """What it ended with, None while it runs."""
        return self._nursery.ended(self.pid, 0)

    def wait(self, timeout: float) -> int:
        """Wait until it has ended. Raises subprocess.TimeoutExpired."""
        code = self._nursery.ended(self.pid, timeout)
        if code is None:
            raise subprocess.TimeoutExpired("lifecycle run", timeout)
        return code

    def send_signal(self, which: signal.Signals) -> None:
        """Send a signal; nothing where it has just ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, which)


def main() -> None:
    """Import everything, then fork for each line that comes in, and tell of those that ended."""
    change_all(json.loads(sys.argv[1]))
    for name in PRELOADED:
        __import__(name)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting = b""
    while True:
        ready, _, _ = select.select([sys.stdin.fileno(), reading], [], [])
        if reading in ready:
            os.read(reading, 4096)
            _tell_ended()
        if sys.stdin.fileno() in ready:
            chunk = os.read(sys.stdin.fileno(), 65536)
            if not chunk:
                return
            *lines, waiting = (waiting + chunk).split(b"\n")
            for line in lines:
                _bear(json.loads(line), (reading, writing))


def _tell_ended() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            print(json.dumps({"ended": pid, "code": os.waitstatus_to_exitcode(status)}), flush=True)


def _bear(said: Mapping[str, Any], ours: Sequence[int]) -> None:
    pid = os.fork()
    if pid:
        print(json.dumps({"born": pid}), flush=True)
        return
    code = 70
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for one in ours:
            os.close(one)
        code = _be(said)
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(code)


def _be(said: Mapping[str, Any]) -> int:
    """Be the command line, with an environment and a log of one's own."""
    from lifecycle import failpoints
    from lifecycle.cli import main as command

    writes = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    log, errors = (os.open(said[one], writes, 0o644) for one in ("log", "errors"))
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, theirs in ((nothing, 0), (log, 1), (errors, 2)):
        os.dup2(ours, theirs)
    os.environ.clear()
    os.environ.update(said["environment"])
    failpoints.asked_for(os.environ.get(failpoints.VARIABLE, ""))
    return command(said["arguments"])


if __name__ == "__main__":
    main()
