"""The stand-in for SES as a process of its own, and the oracle: its log of what it accepted."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from faults.ports import free_port
from lifecycle.errors import LifecycleError
from lifecycle.sim.fake_ses_events import ACCOUNT_ID
from lifecycle.sim.fake_ses_queue import QUEUE_NAME

START_SECONDS = 30.0
SECOND = timedelta(seconds=1)
RATE, QUOTA = 100_000.0, 1e9
"""What the account may send where nothing else is said: more than anybody here can."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One acceptance, as the stand-in put it on disk before it answered."""

    at: datetime
    message_id: str
    attempt_id: str


class Ses:
    """`lifecycle fake-ses` on one port; its log goes on after a restart.

    `said` is what the control path takes: faults, rate, what becomes of events.
    """

    def __init__(self, folder: Path, said: Mapping[str, Any] | None = None) -> None:
        self.folder, self.said = folder, dict(said or {})
        self.truth = folder / "truth.jsonl"
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.queue = f"{self.endpoint}/{ACCOUNT_ID}/{QUEUE_NAME}"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. Raises LifecycleError."""
        with (self.folder / "ses.log").open("a") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "lifecycle", "--json", "fake-ses"),
                    *("--port", str(self.port), "--log", str(self.truth)),
                    *("--rate", str(RATE), "--quota", str(QUOTA)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
                cwd=Path(__file__).parent.parent,
            )
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                self.change(**self.said)
                return
            except LifecycleError:
                if time.monotonic() > end or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """End it: nobody answers at its address any more, and what its queue held is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def change(self, **said: Any) -> dict[str, Any]:
        """Change something while it runs, and give its counts. Raises LifecycleError."""
        asked = urllib.request.Request(
            f"{self.endpoint}/control",
            json.dumps(said).encode(),
            {"content-type": "application/json"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(asked, timeout=START_SECONDS) as answer:
                counts: dict[str, Any] = json.loads(answer.read())
                return counts
        except urllib.error.HTTPError as error:
            told = error.read().decode("utf-8", "replace")
            raise LifecycleError("the stand-in for SES refused", cause=told) from error
        except OSError as error:
            raise LifecycleError(
                "the stand-in for SES does not answer", cause=str(error)
            ) from error

    def accepted(self) -> list[Accepted]:
        """Every acceptance of a message of ours, in the order of the log."""
        if not self.truth.exists():
            return []
        whole = self.truth.read_text("utf-8").rpartition("\n")[0]
        lines = (json.loads(line) for line in whole.splitlines())
        return [
            Accepted(datetime.fromisoformat(one["at"]), one["message_id"], one["attempt_id"])
            for one in lines
            if one.get("message_id")
        ]

    def wait_for(self, count: int, seconds: float) -> None:
        """Wait until so many were accepted. Raises LifecycleError."""
        end = time.monotonic() + seconds
        while self.count() < count:
            if time.monotonic() > end:
                raise LifecycleError(f"only {self.count()} of {count} letters were accepted")
            time.sleep(0.05)

    def count(self) -> int:
        """How many lines its log has."""
        return self.truth.read_bytes().count(b"\n") if self.truth.exists() else 0


def worst_second(accepted: list[Accepted]) -> int:
    """The most acceptances in any second, wherever it begins."""
    instants = sorted(one.at for one in accepted)
    worst = first = 0
    for place, at in enumerate(instants):
        while at - instants[first] >= SECOND:
            first += 1
        worst = max(worst, place - first + 1)
    return worst


def twice(accepted: list[Accepted]) -> dict[str, int]:
    """The messages that were accepted more than once, and how often."""
    counted = Counter(one.message_id for one in accepted)
    return {message: count for message, count in counted.items() if count > 1}
