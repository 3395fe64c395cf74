"""An event as shops send it and files hold it, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from lifecycle.sources.fields import MAX_NAME_BYTES, Fields, Line, size_refused
from lifecycle.sources.refused import Refused

MAX_EVENT_BYTES = 32 * 1024
KNOWN = ("id", "at", "event", "customer", "properties", "received_at")


@dataclass(frozen=True, slots=True)
class EventIn:
    """An event that may be appended; `event` is its name, instants are aware UTC."""

    id: str
    at: datetime
    event: str
    customer: str
    properties: Mapping[str, Any]
    received_at: datetime


def read_event(raw: Line, *, received: datetime | None, live: bool) -> EventIn:
    """Read one event. Raises Refused.

    Live, over HTTP, `at` is `received` where unsaid, and `received_at` may not be said. In files
    `at` must be there; `received_at` unsaid is `received`, or `at` when that is None (a replay).
    """
    if isinstance(raw, dict):
        fields = Fields(raw, KNOWN)
        if len(msgspec.json.encode(raw)) > MAX_EVENT_BYTES:
            raise size_refused("", MAX_EVENT_BYTES)
    else:
        fields = Fields(raw, KNOWN, max_bytes=MAX_EVENT_BYTES)
    at = fields.instant("at")
    if live:
        if fields.values.get("received_at") is not None:
            raise Refused("received_at", "is ours to say here", "leave it out")
        at = at or received
    if at is None:
        raise Refused("at", "missing", "write 2026-05-04T09:00:00Z")
    return EventIn(
        id=fields.identity("id"),
        at=at,
        event=fields.identity("event", limit=MAX_NAME_BYTES),
        customer=fields.identity("customer"),
        properties=fields.mapping("properties"),
        received_at=fields.instant("received_at") or received or at,
    )
