"""Histories of customers who come again and again, kept in memory between two takings-in.

Most that happens, happens to few customers, and they have the longest histories. What was read of
them is used again as long as nobody else has had the customer in hand since: each claim of a
customer raises a fence in the database by one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from lifecycle.core.event import Event

MOST_BYTES = 8_000_000
"""Of properties as JSON text; in memory they take about six times as much."""
FEWEST = 16
"""Shorter histories are not kept: they are read in no time."""
BYTES_AN_EVENT = 100
IN_HAND = -1
"""No claim has this fence: what is in hand is found by nobody, and not after a failure either."""


@dataclass(slots=True)
class _Kept:
    """Events of one name: all after `after` (None: all there are, or not even that is known)."""

    events: list[Event]
    last: int
    after: datetime | None
    whole: bool
    size: int
    fence: int
    room: int
    """Once it has grown to so many events it is read anew, and what is too old is left out."""


class Recent:
    """Keeps histories until they are too many; the ones used longest ago go first."""

    def __init__(self, may_keep: Callable[[str], bool], most_bytes: int = MOST_BYTES) -> None:
        """`may_keep` tells of an event name whether all its events come in by being taken in."""
        self._may_keep = may_keep
        self._most = most_bytes
        self._size = 0
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._in_hand: dict[str, list[tuple[str, str]]] = {}

    def find(
        self, customer_id: str, name: str, last: int, after: datetime | None, fence: int
    ) -> list[Event] | None:
        """The history, if it holds the `last` newest and all after `after`, and nobody else had
        the customer in hand before the claim with this `fence`. The list is the caller's now."""
        key = (customer_id, name)
        kept = self._kept.get(key)
        if kept is None or kept.fence != fence - 1:
            return None
        covers = kept.whole or (
            kept.last >= last
            and (after is None or (kept.after is not None and kept.after <= after))
        )
        if not covers:
            return None
        kept.fence = IN_HAND
        self._kept.move_to_end(key)
        self._in_hand.setdefault(customer_id, []).append(key)
        return kept.events

    def take(
        self,
        customer_id: str,
        name: str,
        events: list[Event],
        *,
        last: int,
        after: datetime | None,
        whole: bool,
        size: int,
    ) -> None:
        """Note a history that has just been read; it is kept once its customer is released."""
        if len(events) < FEWEST or not self._may_keep(name):
            return
        key = (customer_id, name)
        self._drop(key)
        size += BYTES_AN_EVENT * len(events)
        self._kept[key] = _Kept(events, last, after, whole, size, IN_HAND, len(events) * 2)
        self._size += size
        self._in_hand.setdefault(customer_id, []).append(key)
        while self._size > self._most and self._kept:
            self._drop(next(iter(self._kept)))

    def release(self, customer_id: str, fence: int) -> None:
        """The customer's new events are in the lists and in the database: they may be used."""
        for key in self._in_hand.pop(customer_id, ()):
            kept = self._kept.get(key)
            if kept is not None:
                kept.fence = fence
                if len(kept.events) > kept.room:
                    self._drop(key)

    def clear(self) -> None:
        """Forget everything, since events were taken away."""
        self._kept.clear()
        self._in_hand.clear()
        self._size = 0

    def _drop(self, key: tuple[str, str]) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._size -= gone.size
