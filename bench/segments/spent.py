"""Where the engine's thread spends its processor's time: each part of taking in, by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from lifecycle.engine import ingest
from lifecycle.engine.engine import Engine
from lifecycle.engine.intake import CustomerIntake
from lifecycle.store import arrived, claims, events
from lifecycle.store.apply import Writing

WHOLE = "ticks, the rest"
"""What no part has: the transactions' begins and commits, and looking for what is due."""
THREAD = "engine"


class Spent:
    """Seconds of processor by part; what one part calls of another is not its own.

    `follow` wraps the engine's functions for as long as this process lives.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inner: list[float] = []

    def follow(self) -> None:
        """Begin to measure, in the thread of the engine alone."""
        places: list[tuple[Any, str, str]] = [
            (Engine, "tick", WHOLE),
            (arrived, "enter", "entering what was noted"),
            (claims, "claim", "claiming"),
            (events, "pending", "reading what is new"),
            (ingest, "load", "reading facts"),
            (CustomerIntake, "run", "rules"),
            (Writing, "write", "writing what changed"),
            (claims, "release_intake", "releasing"),
        ]
        for owner, name, part in places:
            setattr(owner, name, self._followed(getattr(owner, name), part))

    def _followed(self, function: Callable[..., Any], part: str) -> Callable[..., Any]:
        @wraps(function)
        def followed(*arguments: Any, **named: Any) -> Any:
            if threading.current_thread().name != THREAD:
                return function(*arguments, **named)
            begun = time.thread_time()
            self._inner.append(0.0)
            try:
                return function(*arguments, **named)
            finally:
                whole = time.thread_time() - begun
                own = whole - self._inner.pop()
                if self._inner:
                    self._inner[-1] += whole
                self.seconds[part] = self.seconds.get(part, 0.0) + own

        return followed
