"""Many events of one request read at once: what is surely sound, by a typed decoder.

Whatever is not surely sound is left to `read_event`, which alone refuses, and accepts the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from lifecycle.core.words import micros
from lifecycle.sources.event_line import MAX_EVENT_BYTES, EventIn
from lifecycle.sources.fields import EARLIEST, LATEST, MAX_ID_BYTES, MAX_NAME_BYTES, instant
from lifecycle.sources.plain import MAX_KEY_CHARACTERS
from lifecycle.sources.refused import Refused

BYTES_A_CHARACTER = 4

_Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID_BYTES // BYTES_A_CHARACTER)]
_Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME_BYTES // BYTES_A_CHARACTER)]
_Key = Annotated[str, Meta(max_length=MAX_KEY_CHARACTERS)]
_Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


_Plain = bool | _Whole | float | str | None
_Shallow = _Plain | list[_Plain] | dict[_Key, _Plain]
_Nested = _Plain | list[_Shallow] | dict[_Key, _Shallow]
_Value = _Plain | list[_Nested] | dict[_Key, _Nested]
"""Properties nested deeper are read the slow way."""


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: _Id
    event: _Name
    customer: _Id
    at: str | None = None
    properties: dict[_Key, _Value] | None = None
    received_at: None = None


_LINES = msgspec.json.Decoder(list[_Line])
_LINE = msgspec.json.Decoder(_Line)
_PARTS = msgspec.json.Decoder(list[msgspec.Raw])
_encode = msgspec.json.Encoder().encode
_EARLIEST, _LATEST = micros(EARLIEST), micros(LATEST)


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events that may be kept: `lines` is compact JSON, in their order, of one list for each.

    `[id, name, customer, at in microseconds, properties]`. `names` are all names among them.
    """

    count: int
    names: frozenset[str]
    lines: bytes


def read_sound(body: bytes, received: datetime) -> EventBatch | None:
    """Read one event or an array of them, sent live; None when it is not surely all sound."""
    try:
        if body.startswith(b"["):
            if len(body) > MAX_EVENT_BYTES and _has_long(body):
                return None
            read = _LINES.decode(body)
        else:
            if len(body) > MAX_EVENT_BYTES:
                return None
            read = [_LINE.decode(body)]
        return _sound(read, micros(received))
    except (msgspec.MsgspecError, ValueError, RecursionError, Refused):
        return None


def batch_of(events: Sequence[EventIn]) -> EventBatch:
    """The batch of events that were read one by one."""
    rows = ((one.id, one.event, one.customer, micros(one.at), one.properties) for one in events)
    return EventBatch(len(events), frozenset(one.event for one in events), _encode(list(rows)))


def _has_long(body: bytes) -> bool:
    return any(len(memoryview(part)) > MAX_EVENT_BYTES for part in _PARTS.decode(body))


def _sound(read: Sequence[_Line], received: int) -> EventBatch | None:
    rows = []
    for line in read:
        identity, customer = line.id, line.customer
        # Where nothing but letters that print is in it, there is no control character either.
        if not (
            identity.isprintable()
            and customer.isprintable()
            and identity[0] != " "
            and customer[0] != " "
        ):
            return None
        at = received if line.at is None else _moment(line.at)
        rows.append((identity, line.event, customer, at, line.properties or {}))
    names = frozenset([line.event for line in read])
    lines = _encode(rows)
    if not _all_print(names) or rb"\u0000" in lines:
        return None
    return EventBatch(len(rows), names, lines)


def _all_print(names: Iterable[str]) -> bool:
    return all(name.isprintable() and name[0] != " " for name in names)


def _moment(text: str) -> int:
    """Microseconds of an instant as machines write it, of any other by the reader of all."""
    if (
        text[-1:] == "Z"
        and text[10:11] == "T"
        and text[4:8:3] == "--"
        and text[13:17:3] == "::"
        and (len(text) == 20 or (text[19:20] == "." and text[20:-1].isdecimal() and text.isascii()))
    ):
        at = micros(datetime.fromisoformat(text))
        if _EARLIEST <= at <= _LATEST:
            return at
    return micros(instant("at", text))
