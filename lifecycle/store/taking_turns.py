"""Whose turn it is in a queue: that of fresh rows, or of those whose worker failed or died."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

Rank = tuple[bool, int] | None
"""Of messages: whether they are transactional, and their priority; None: the queue has no ranks."""
Place = tuple[int, str]
"""A due instant in microseconds, and a customer: the order in which every queue is taken."""


class Taken(Protocol):
    """A row that was taken."""

    @property
    def customer_id(self) -> str:
        """Whose it is."""

    @property
    def due_at(self) -> int:
        """When it fell due, in microseconds."""


@dataclass
class Turns:
    """Has what failed follow upon each batch of fresh rows, so that no backlog keeps it waiting.

    What failed was taken once already, in the order of its queue, so it stands before the place
    that fresh rows were taken up to: a look for it reads no further. Ranks that had no turn are not
    looked at. It is one process's own.
    """

    _reached: dict[str, dict[Rank, Place]] = field(default_factory=dict)
    _failed_next: set[str] = field(default_factory=set)

    def begin(self, queue: str) -> None:
        """Fresh rows are about to be taken: after them it is the turn of what failed."""
        self._reached[queue] = {}
        self._failed_next.add(queue)

    def took(self, queue: str, rank: Rank, taken: Sequence[Taken], room: int, now: int) -> None:
        """So many fresh rows of a rank were taken of at most `room` that are due at `now`."""
        last = max(((one.due_at, one.customer_id) for one in taken), default=(now + 1, ""))
        self._reached[queue][rank] = last if len(taken) >= room else (now + 1, "")

    def of_failed(self, queue: str) -> Iterator[tuple[Rank, Place]]:
        """The ranks to look at for what failed, and how far; none where fresh rows are in turn."""
        if queue in self._failed_next:
            self._failed_next.discard(queue)
            yield from self._reached[queue].items()
