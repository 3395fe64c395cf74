"""Named points at which a fault may be set off from outside, to prove that nothing is lost there.

Without the variable `LIFECYCLE_FAILPOINTS` a point costs one look at an empty mapping.
"""

from __future__ import annotations

import os
import signal
import time
from threading import Lock

VARIABLE = "LIFECYCLE_FAILPOINTS"
"""As `name=deed[:number][@turn]`, several apart by commas: `attempts_committed=kill@3`."""
DEEDS = ("kill", "raise", "stop", "sleep")
"""End this process at once; raise; stop it (SIGSTOP); sleep so many seconds."""


class FailpointReached(Exception):
    """A point at which a test has asked for an error was reached."""


class _Armed:
    """One point's deed, and the turn at which it is done."""

    def __init__(self, said: str) -> None:
        deed, _, turn = said.partition("@")
        self.deed, _, number = deed.partition(":")
        if self.deed not in DEEDS:
            raise ValueError(f"{VARIABLE} knows {', '.join(DEEDS)}, not “{self.deed}”")
        self.seconds = float(number or 0)
        self.turn = int(turn or 1)
        self.reached = 0


def _read(said: str) -> dict[str, _Armed]:
    pairs = (one.split("=", 1) for one in said.split(",") if one.strip())
    return {name.strip(): _Armed(deed.strip()) for name, deed in pairs}


_ARMED = _read(os.environ.get(VARIABLE, ""))
_LOCK = Lock()


def asked_for(said: str) -> None:
    """Take in points as the environment names them, in a process forked from one that runs."""
    _ARMED.update(_read(said))


def reach(name: str) -> None:
    """Tell that the point `name` is reached: what was asked for there is done, once.

    Raises FailpointReached where `raise` was asked for.
    """
    if not _ARMED or name not in _ARMED:
        return
    armed = _ARMED[name]
    with _LOCK:
        armed.reached += 1
        if armed.reached != armed.turn:
            return
    if armed.deed == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if armed.deed == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    if armed.deed == "sleep":
        time.sleep(armed.seconds)
    if armed.deed == "raise":
        raise FailpointReached(name)
