"""Publishes events with loss, delay, copies and shuffling, all drawn by seed."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from lifecycle.core.chance import fraction
from lifecycle.sim.fake_ses_events import MailEvent

SHUFFLED_SECONDS = 2.0
"""Shuffled events come up to so much later than they would, each by its own."""
COPIES = 100


@dataclass(frozen=True, slots=True)
class Publishing:
    """How events travel: a share is lost, the others are late by a length between two, in seconds.

    Each that is not lost comes `copies` times.
    """

    loss: float = 0.0
    delay: tuple[float, float] = (0.0, 0.0)
    copies: int = 1
    shuffle: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.loss <= 1:
            raise ValueError("the share of lost events is not between 0 and 1")
        if not 0 <= self.delay[0] <= self.delay[1]:
            raise ValueError("the delay of events is not a length, or two of them in order")
        if not 1 <= self.copies <= COPIES:
            raise ValueError(f"events come 1 to {COPIES} times")


class Publisher:
    """Hands events over to their target, in the thread of its event loop."""

    def __init__(self, deliver: Callable[[MailEvent], None], seed: str) -> None:
        self.way = Publishing()
        self.published = 0
        self.lost = 0
        self.copies = 0
        """Deliveries beyond the first of an event."""
        self._deliver = deliver
        self._seed = seed
        self._number = 0
        self._late: list[tuple[float, int, MailEvent]] = []
        self._timer: asyncio.TimerHandle | None = None

    @property
    def pending(self) -> int:
        """Deliveries that have yet to come."""
        return len(self._late)

    def publish(self, event: MailEvent, after: float) -> None:
        """Have an event come, once so many seconds have gone by that it has happened at all."""
        key = (event.mail.message_id, event.kind, event.recipient, str(event.at))
        if self.way.loss and fraction(self._seed, "lost", *key) < self.way.loss:
            self.lost += 1
            return
        self.published += 1
        least, most = self.way.delay
        for copy in range(self.way.copies):
            late = after + least
            if most > least:
                late += (most - least) * fraction(self._seed, "late", *key, str(copy))
            if self.way.shuffle:
                late += SHUFFLED_SECONDS * fraction(self._seed, "shuffled", *key, str(copy))
            self._number += 1
            self.copies += copy > 0
            if late <= 0:
                self._deliver(event)
            else:
                heapq.heappush(self._late, (monotonic() + late, self._number, event))
        self._look()

    def _look(self) -> None:
        if self._late and (self._timer is None or self._timer.when() > self._loop_time()):
            if self._timer is not None:
                self._timer.cancel()
            after = max(0.0, self._late[0][0] - monotonic())
            self._timer = asyncio.get_running_loop().call_later(after, self._due)

    def _loop_time(self) -> float:
        """When the earliest one is due, in the time of the loop."""
        loop = asyncio.get_running_loop()
        return loop.time() + self._late[0][0] - monotonic() + 0.0005

    def _due(self) -> None:
        self._timer = None
        now = monotonic()
        while self._late and self._late[0][0] <= now + 0.0005:
            self._deliver(heapq.heappop(self._late)[2])
        self._look()
