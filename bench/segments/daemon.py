"""The real daemon, its clock so many seconds ahead of the machine's.

`python -m bench.segments.daemon PROJECT URL CORE SECONDS [spent]` keeps to that core (`-`: to
none); `spent` has it measure where ticks spend their time. It loads nothing that the daemon does
not, so that its memory can be measured.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

import scheduler
from bench.segments.child import answering_aside, processor_by_thread, stay_on
from lifecycle import log
from lifecycle.cli.asked import Asked
from lifecycle.clock import SystemClock


class Ahead(SystemClock):
    """A clock that goes as the machine's does, so far ahead of it."""

    def __init__(self, by: timedelta) -> None:
        self.by = by

    def now(self) -> datetime:
        """Tell the instant."""
        return super().now() + self.by


def main(project: str, url: str, core: str, ahead: str, *more: str) -> None:
    """Run the daemon until it is told to stop."""
    stay_on(None if core == "-" else int(core))
    words = {"processor": processor_by_thread}
    if "spent" in more:
        from bench.segments.spent import Spent

        spent = Spent()
        spent.follow()
        words["spent"] = lambda: dict(spent.seconds)
    answering_aside(words)
    log.start()
    daemon = scheduler.Daemon(Asked(Path(project), database=url))
    daemon.clock = Ahead(timedelta(seconds=float(ahead)))
    daemon.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
