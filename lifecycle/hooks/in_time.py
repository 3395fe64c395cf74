"""Calls a hook and waits for it no longer than it may take: one that stalls is left behind."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

SECONDS = 5.0
"""How long one answer of a pure hook may take."""


class Stalled(Exception):
    """A hook did not answer in time."""


def in_time(function: Callable[..., Any], *given: Any, seconds: float | None = None) -> Any:
    """What `function(*given)` gives. Raises what it raises, or Stalled after `seconds`.

    It runs in a thread of its own. One that is late is told to end at its next line of Python and
    no longer waited for; code that never comes back to Python, such as a long sleep, lies idle
    until the process ends.
    """
    allowed = SECONDS if seconds is None else seconds
    answers: list[Any] = []
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            answers.append(function(*given))
        except BaseException as wrong:
            raised.append(wrong)

    thread = threading.Thread(target=ask, name="hook", daemon=True)
    thread.start()
    thread.join(allowed)
    if thread.is_alive():
        _end(thread)
        raise Stalled(f"no answer within {allowed:g} seconds")
    if raised:
        raise raised[0]
    return answers[0]


def _end(thread: threading.Thread) -> None:
    """Have SystemExit raised in a thread: hooks that catch every Exception end too."""
    assert thread.ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
    )
