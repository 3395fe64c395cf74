"""Checked events on their way into a replay: in a temporary file, in memory while few.

A year of a large shop is millions of events, and as values of Python each takes some kilobytes.
"""

from __future__ import annotations

import marshal
import tempfile
from array import array
from collections.abc import Iterator
from datetime import datetime
from types import TracebackType

from lifecycle.core.words import from_micros, micros
from lifecycle.sources.event_line import EventIn

BYTES_IN_MEMORY = 16 * 1024 * 1024
"""Beyond that the file is one on disk."""


class Spool:
    """Events as they were read, given back one by one; to be closed."""

    def __init__(self) -> None:
        self.customers: set[str] = set()
        """Everybody to whom something happened."""
        self.first: datetime | None = None
        """The earliest instant that any of them says."""
        self._file = tempfile.SpooledTemporaryFile(BYTES_IN_MEMORY)  # noqa: SIM115
        self._received, self._begins = array("q"), array("q", [0])

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._received)

    def add(self, event: EventIn) -> None:
        """Keep one more event, behind the others."""
        self.customers.add(event.customer)
        first = min(event.at, event.received_at)
        self.first = first if self.first is None else min(first, self.first)
        at, received = micros(event.at), micros(event.received_at)
        kept = (event.id, at, event.event, event.customer, dict(event.properties))
        written = self._file.write(marshal.dumps(kept))
        self._begins.append(self._begins[-1] + written)
        self._received.append(received)

    def in_order(self) -> Iterator[tuple[int, EventIn]]:
        """Each event with its place among all, by when it was received, then as they were added."""
        here = -1
        for place in sorted(range(len(self)), key=self._received.__getitem__):
            begins, ends = self._begins[place], self._begins[place + 1]
            if begins != here:
                self._file.seek(begins)
            name, at, event, customer, properties = marshal.loads(self._file.read(ends - begins))
            here = ends
            received = from_micros(self._received[place])
            yield place, EventIn(name, from_micros(at), event, customer, properties, received)
