"""Events over HTTP: one or many, checked one by one, answered once they are durable."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from lifecycle.api.access import Access
from lifecycle.api.body import json_response, read_body
from lifecycle.api.door import Door
from lifecycle.api.metrics import Metrics
from lifecycle.api.problems import MAX_ERRORS, Problem, of_refusal
from lifecycle.api.way import TEXT, Way
from lifecycle.api.writer import EventWriter
from lifecycle.core.event import Event
from lifecycle.sources.event_line import EventIn, read_event
from lifecycle.sources.fields import Line
from lifecycle.sources.plain import MAX_DEPTH, tolerant
from lifecycle.sources.refused import Refused
from lifecycle.store.events import NewEvent

BATCH_BYTES = 500 * 1024
BATCH_EVENTS = 2_500
SMALL_BODY = 16 * 1024
"""A larger body is read in another thread, so that it keeps nobody waiting."""
OWN_PREFIXES = ("message_", "segment_", "consent_", "points_")
OWN_NAMES = frozenset(
    "tier_reached incentive_issued referral_qualified referral_granted referral_refused "
    "referral_reversed".split()
)
"""Events that the engine alone may say have happened."""
EVENT_SCHEMA = {
    "type": "object",
    "required": ["id", "event", "customer"],
    "additionalProperties": False,
    "properties": {
        "id": TEXT,
        "event": TEXT,
        "customer": TEXT,
        "properties": {"type": "object"},
        "at": {"type": "string", "format": "date-time", "description": "now if unsaid"},
    },
}
_WHITE = b" \t\r\n"


def ways(door: Door, access: Access, writer: EventWriter, metrics: Metrics) -> list[Way]:
    """The way in for events."""
    arrivals = itertools.count(1)

    async def post_events(request: Request) -> Response:
        await access.require(request, "events:write")
        body = await read_body(request, BATCH_BYTES)
        now = door.clock.now()
        try:
            if len(body) <= SMALL_BODY:
                found = read_events(body, now)
            else:
                found = await run_in_threadpool(read_events, body, now)
        except Problem:
            metrics.refused.inc()
            raise
        await writer.write([new_event(one, next(arrivals)) for one in found])
        metrics.events.inc(len(found))
        return json_response({"accepted": len(found)}, 202)

    return [
        Way(
            "POST",
            "/v1/events",
            post_events,
            "Take in one event, or an array of up to 2,500; durable once answered",
            "events:write",
            {"oneOf": [EVENT_SCHEMA, {"type": "array", "items": EVENT_SCHEMA}]},
            answers={
                202: "Durable",
                400: "Not JSON",
                413: "Over 500 KB or 2,500 events",
                415: "A packed body",
                503: "Come back later",
            },
        )
    ]


def new_event(read: EventIn, arrival: int) -> NewEvent:
    """An event read from outside as the store takes it."""
    event = Event(read.at, read.id, read.event, read.properties, read.received_at)
    return NewEvent(read.customer, event, read.received_at, arrival)


def read_events(body: bytes, now: datetime) -> list[EventIn]:
    """Read a body; one bad event refuses all. Raises Problem, naming index and field of each."""
    if not body.lstrip(_WHITE).startswith(b"["):
        try:
            return [_read(body, now)]
        except Refused as refused:
            status = 422 if refused.field else 400
            raise Problem(
                status, "the event cannot be taken", errors=[of_refusal(refused)]
            ) from None
    elements = _elements(body)
    if len(elements) > BATCH_EVENTS:
        raise Problem(413, f"more than {BATCH_EVENTS} events at once")
    found: list[EventIn] = []
    errors: list[dict[str, Any]] = []
    for index, raw in enumerate(elements):
        try:
            found.append(_read(raw, now))
        except Refused as refused:
            errors.append(of_refusal(refused, index))
            if len(errors) >= MAX_ERRORS:
                break
    if errors:
        raise Problem(422, "none of the events was taken", errors=errors)
    return found


def _read(raw: Any, now: datetime) -> EventIn:
    if not isinstance(raw, bytes | dict):
        raise Refused("", "not an object", 'write {"id": …, "event": …, "customer": …}')
    line: Line = raw
    found = read_event(line, received=now, live=True)
    if found.event.startswith(OWN_PREFIXES) or found.event in OWN_NAMES:
        raise Refused("event", "a name of the engine's own", "choose another name")
    return found


def _elements(body: bytes) -> list[Any]:
    try:
        return [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except RecursionError:
        problem = f"nested deeper than {MAX_DEPTH} levels"
        raise Problem(400, problem, errors=[{"field": "", "problem": problem}]) from None
    except (msgspec.MsgspecError, ValueError) as error:
        try:
            # Read leniently, the field at fault can be named.
            value = tolerant(body, error)
        except Refused as refused:
            raise Problem(400, refused.problem, errors=[of_refusal(refused)]) from None
        return value if isinstance(value, list) else [value]
