"""What came in over HTTP: durable at once, entered into the tables before anyone decides.

An event costs several random pages of indexes to enter, and next to nothing to note. So on SQLite,
where one writer at a time must answer every sender, a request is noted whole. Whoever decides by
what has come has it entered first, in the same transaction: see `enter`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, Integer, bindparam, delete, func, select

from lifecycle.core.words import micros
from lifecycle.failpoints import reach
from lifecycle.store.database import Database
from lifecycle.store.dialect.many import insert_plain
from lifecycle.store.events import PlainEvent, append_plain
from lifecycle.store.prepared import SQLITE, Statement
from lifecycle.store.tables import METADATA

ARRIVED = METADATA.tables["arrived"]
EVENTS_AT_ONCE = 10_000
"""So many events, or a few more, are entered at once: the more, the fewer pages are written."""
BYTES_AT_ONCE = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Arriving:
    """Events of one request; `first` orders them among those received at one instant.

    `lines`: compact JSON, in order a list `[id, name, customer, at in microseconds, properties]`
    for each event.
    """

    received_at: datetime
    first: int
    count: int
    lines: bytes


class _Line(msgspec.Struct, array_like=True, gc=False):
    id: str
    name: str
    customer: str
    at: int
    properties: msgspec.Raw


_decode = msgspec.json.Decoder(list[_Line]).decode
_SIZES = Statement(
    select(ARRIVED.c.number, ARRIVED.c.events, func.length(ARRIVED.c.lines).label("bytes"))
    .order_by(ARRIVED.c.number)
    .limit(bindparam("requests", type_=Integer))
)
_WAITING = Statement(
    select(ARRIVED).where(ARRIVED.c.number <= bindparam("last")).order_by(ARRIVED.c.number)
)
_ANY = Statement(select(ARRIVED.c.number).limit(1))
_ENTERED = Statement(delete(ARRIVED).where(ARRIVED.c.number <= bindparam("last")))


def note(connection: Connection, requests: Sequence[Arriving]) -> None:
    """Keep what came in: on SQLite noted, on PostgreSQL, where writers are many, entered."""
    if connection.dialect.name == SQLITE:
        rows = [
            (None, micros(one.received_at), one.first, one.count, one.lines)
            for one in requests
            if one.count
        ]
        insert_plain(connection, ARRIVED, rows)
        return
    events: list[PlainEvent] = []
    for one in requests:
        _read(events, micros(one.received_at), one.first, one.lines)
    append_plain(connection, events)


def enter(connection: Connection, most: int | None = None) -> int:
    """Enter into the tables all that was noted, or no more than about `most` events.

    Says how many events it was. Whoever decides by events, or takes them away, calls it first.
    """
    if connection.dialect.name != SQLITE:
        return 0
    total = 0
    while (most is None or total < most) and (last := _part(connection)) is not None:
        events: list[PlainEvent] = []
        for row in _WAITING.rows(connection, {"last": last}):
            _read(events, micros(row.received_at), row.first, row.lines)
        append_plain(connection, events)
        reach("arrived_entered")
        _ENTERED.rows(connection, {"last": last})
        reach("arrived_struck")
        total += len(events)
    return total


def _part(connection: Connection) -> int | None:
    """The last request of those to be entered at once; None when nothing waits."""
    last: int | None = None
    events = size = 0
    for row in _SIZES.rows(connection, {"requests": EVENTS_AT_ONCE}):
        last = row.number
        events, size = events + row.events, size + row.bytes
        if events >= EVENTS_AT_ONCE or size >= BYTES_AT_ONCE:
            break
    return last


def enter_all(database: Database) -> None:
    """Enter what is noted by now, for somebody who only reads and wants to see it all."""
    with database.read() as connection:
        waits = bool(connection.dialect.name == SQLITE and _ANY.rows(connection, {}))
    if waits:
        with database.write() as connection:
            enter(connection)


def _read(events: list[PlainEvent], received: int, first: int, lines: bytes) -> None:
    for arrival, line in enumerate(_decode(lines), first):
        due = max(line.at, received)
        text = bytes(line.properties).decode()
        events.append(
            (line.customer, line.id, line.name, line.at, received, due, arrival, True, True, text)
        )
