"""The real daemon as a process of its own: started, killed, stopped, started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from faults.memory import own_mb, resident_mb
from faults.nursery import Born, nursery_for
from lifecycle.clock import SystemClock
from lifecycle.errors import LifecycleError

START_SECONDS = 60.0
STOP_SECONDS = 60.0
SAMPLE_SECONDS = 0.1


class Daemon:
    """`lifecycle run` on one project, by one port; what it says goes into a log of its own.

    `changed` are constants that this run makes shorter, as `module.NAME` and what they hold.
    """

    def __init__(
        self, project: Path, name: str = "daemon", changed: Mapping[str, object] | None = None
    ) -> None:
        self.project, self.name, self.changed = project, name, dict(changed or {})
        self.log = project / f"{name}.log"
        self.started_at: list[datetime] = []
        self.ended_at: list[datetime] = []
        self.peak_mb = self.peak_own_mb = 0.0
        self._process: Born | None = None
        self._sampler: threading.Thread | None = None

    def begin(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it, and do not wait until it is there."""
        assert not self.runs, "it runs already"
        self.started_at.append(SystemClock().now())
        arguments = ["--project", str(self.project), "run"]
        nursery = nursery_for(self.changed)
        self._process = nursery.start(arguments, environment or os.environ, self.log)
        self._sampler = threading.Thread(target=self._sample, args=(self._process,), daemon=True)
        self._sampler.start()

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it and wait until it answers. Raises LifecycleError when it ends instead."""
        begun = self.greetings()
        self.begin(environment)
        end = time.monotonic() + START_SECONDS
        while self.greetings() == begun:
            if not self.runs:
                raise LifecycleError("the daemon did not start", cause=self.last_words())
            if time.monotonic() > end:
                raise LifecycleError("the daemon took too long to start", cause=self.last_words())
            time.sleep(0.02)

    @property
    def runs(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """What it ended with: below zero the signal, None while it runs."""
        return None if self._process is None else self._process.poll()

    def greetings(self) -> int:
        """How often its log says that it is there."""
        if not self.log.exists():
            return 0
        return self.log.read_bytes().count(b"lifecycle is running: ")

    def kill(self) -> None:
        """SIGKILL: it gets no chance to put anything in order."""
        self.signal(signal.SIGKILL)
        self.wait()

    def signal(self, which: signal.Signals) -> None:
        """Send a signal, where it still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(which)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Wait until it has ended, and give the exit code. Raises subprocess.TimeoutExpired."""
        assert self._process is not None
        code = self._process.wait(seconds)
        self.ended_at.append(SystemClock().now())
        if self._sampler is not None:
            self._sampler.join()
        return code

    def stop(self) -> int:
        """SIGTERM, and wait until it has put everything in order."""
        self.signal(signal.SIGTERM)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            return -int(signal.SIGKILL)

    def end(self) -> None:
        """End it in any case."""
        if self.runs:
            self.signal(signal.SIGCONT)
            self.kill()

    def last_words(self, lines: int = 12) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])

    def said(self, happened: str) -> list[dict[str, Any]]:
        """The lines of its log about one kind of happening."""
        found = []
        for line in self.log.read_text("utf-8", "replace").splitlines():
            if f'"{happened}"' in line:
                try:
                    told = json.loads(line)
                except ValueError:
                    continue
                if happened in told.values():
                    found.append(told)
        return found

    def _sample(self, process: Born) -> None:
        while process.poll() is None:
            self.peak_mb = max(self.peak_mb, resident_mb(process.pid))
            self.peak_own_mb = max(self.peak_own_mb, own_mb(process.pid))
            time.sleep(SAMPLE_SECONDS)
