"""Runs the command line with some constants changed: a lease of seconds, a clock that runs fast.

Nothing else is touched. What was changed stands with the figures, since nobody waits hours for a
lease to end, or a day for SES to come back.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from lifecycle import clock

CLOCK = "clock"
"""`[instant of the world at which it begins, how many times as fast it runs from then on]`."""


def change(name: str, value: Any) -> None:
    """Put a value in the place of a module's constant; a length is said in seconds.

    Modules that import the constant later find the changed one.
    """
    module, _, constant = name.rpartition(".")
    home = importlib.import_module(module)
    if isinstance(getattr(home, constant), timedelta):
        value = timedelta(seconds=value)
    setattr(home, constant, value)


def run_the_clock(begins: str, times: float) -> None:
    """Have the daemon's clock run faster; leases go by the database's, which does not."""
    first = datetime.fromisoformat(begins)
    worlds = clock.SystemClock.now

    def now(self: clock.SystemClock) -> datetime:
        return first + (worlds(self) - first) * times

    clock.SystemClock.now = now  # type: ignore[method-assign]


def change_all(changes: Mapping[str, Any]) -> None:
    """Change all that is named."""
    for name, value in changes.items():
        if name == CLOCK:
            run_the_clock(*value)
        else:
            change(name, value)


def main() -> int:
    """Change what the first argument says, as JSON, then do what the others say."""
    change_all(json.loads(sys.argv[1]))
    from lifecycle.cli import main as command

    return command(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
