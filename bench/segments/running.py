"""A daemon that runs beside us on a made-up shop, asked and looked into from outside."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.segments.child import Child
from bench.segments.daemon import Ahead
from bench.segments.data import NOW
from lifecycle.clock import SystemClock
from lifecycle.core.words import micros
from lifecycle.store.database import Database
from lifecycle.store.keys import create_key

AFTER = timedelta(minutes=1)
"""How long after the shop's last event the daemon's clock begins."""
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Waiting:
    """What the daemon has not taken in: how many events, and for how many seconds the oldest."""

    events: int
    lag: float


class Running:
    """A daemon that runs beside us, with a look into its SQLite file from outside."""

    def __init__(self, project: Path, file: Path, core: int | None, *, spent: bool = False) -> None:
        """Start it, on a file that holds the shop; returns once it takes in events."""
        self.project, self.file = project, file
        url = f"sqlite:///{file.resolve()}"
        database = Database(url)
        with database.write() as connection:
            self.key = create_key(connection, ["events:write"], NOW)
        database.close()
        self.clock = Ahead(NOW + AFTER - SystemClock().now())
        begins = str(self.clock.by.total_seconds())
        arguments = [str(project), url, "-" if core is None else str(core), begins]
        self.child = Child("bench.segments.daemon", [*arguments, *(["spent"] if spent else [])])
        try:
            self.port = _port(self.child.line())
        except BaseException:
            self.child.stop()
            raise

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.child.stop()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.child.pid

    def waiting(self) -> Waiting:
        """What it has not taken in by now. A customer whom a rule wakes waits as well."""
        now = micros(self.clock.now())
        counted = "SELECT coalesce(sum(events), 0), min(received_at) FROM arrived"
        pending = "SELECT count(*) FROM event INDEXED BY event_pending WHERE pending = 1"
        due = "SELECT min(due_at) FROM intake WHERE due_at IS NOT NULL AND quarantined_at IS NULL"
        with closing(self._look()) as file:
            file.execute("BEGIN")
            noted, first = file.execute(counted).fetchone()
            (entered,) = file.execute(pending).fetchone()
            (woken,) = file.execute(due).fetchone()
        oldest = min((one for one in (first, woken) if one is not None), default=now)
        return Waiting(int(noted) + int(entered), max(0.0, (now - oldest) / 1e6))

    def builds(self) -> int:
        """How many segments are being built or wait for it."""
        with closing(self._look()) as file:
            (count,) = file.execute("SELECT count(*) FROM build").fetchone()
            return int(count)

    def rest(self, busy: Callable[[], Any], seconds: float) -> None:
        """Wait until something is over. Raises TimeoutError after so many seconds."""
        until = time.monotonic() + seconds
        while busy():
            if time.monotonic() > until:
                raise TimeoutError(f"it was not over after {seconds} seconds")
            time.sleep(LOOK_SECONDS)

    def processor(self) -> dict[str, float]:
        """Seconds of processor by thread, and `all`."""
        found: dict[str, float] = self.child.ask("processor")
        return found

    def spent(self) -> dict[str, float]:
        """Seconds of processor by part of a tick."""
        found: dict[str, float] = self.child.ask("spent")
        return found

    def _look(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, isolation_level=None)


def _port(greeting: str) -> int:
    found = re.search(r"http://127\.0\.0\.1:(\d+)/v1/events", greeting)
    if found is None:
        raise RuntimeError(f"the daemon did not start: {greeting!r}")
    return int(found[1])
