"""Calls a hook and waits for it no longer than it may take: one that stalls is left behind."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from typing import Any

SECONDS = 5.0
"""How long one answer of a pure hook may take."""


class Stalled(Exception):
    """A hook did not answer in time."""


class _Asker:
    """A thread that asks one hook after the other, as long as each answers in time."""

    def __init__(self) -> None:
        self._asked, self._answered = threading.Lock(), threading.Lock()
        self._asked.acquire()
        self._answered.acquire()
        self._call: tuple[Callable[..., Any], tuple[Any, ...]] | None = None
        self._answer: Any = None
        self._raised: BaseException | None = None
        self.ready = True
        """Whether it may be asked: not while it is at work, nor once it was late."""
        self._late = False
        self._thread = threading.Thread(target=self._run, name="hook", daemon=True)
        self._thread.start()

    def ask(self, function: Callable[..., Any], given: tuple[Any, ...], seconds: float) -> Any:
        """What `function(*given)` gives. Raises what it raises, or Stalled after `seconds`."""
        self.ready = False
        self._call = function, given
        self._asked.release()
        if not self._answered.acquire(timeout=seconds):
            self._late = True
            self._asked.release()
            _end(self._thread)
            raise Stalled(f"no answer within {seconds:g} seconds")
        answer, raised = self._answer, self._raised
        self._answer = self._raised = None
        self.ready = True
        if raised is not None:
            raise raised
        return answer

    def _run(self) -> None:
        while True:
            self._asked.acquire()
            if self._late or self._call is None:
                return
            function, given = self._call
            try:
                self._answer = function(*given)
            except BaseException as wrong:
                self._raised = wrong
            del function, given
            self._call = None
            self._answered.release()


_IDLE: list[_Asker] = []
"""Threads that wait for the next hook; one that was late never comes back here."""
MOST_IDLE = 8
os.register_at_fork(after_in_child=_IDLE.clear)  # A fork has none of its parent's threads.


def in_time(function: Callable[..., Any], *given: Any, seconds: float | None = None) -> Any:
    """What `function(*given)` gives. Raises what it raises, or Stalled after `seconds`.

    It runs in a thread beside. One that is late is told to end at its next line of Python and no
    longer waited for; code that never comes back to Python, such as a long sleep, lies idle until
    the process ends.
    """
    try:
        asker = _IDLE.pop()
    except IndexError:
        asker = _Asker()
    try:
        return asker.ask(function, given, SECONDS if seconds is None else seconds)
    finally:
        if asker.ready and len(_IDLE) < MOST_IDLE:
            _IDLE.append(asker)


def _end(thread: threading.Thread) -> None:
    """Have SystemExit raised in a thread: hooks that catch every Exception end too."""
    assert thread.ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
    )
