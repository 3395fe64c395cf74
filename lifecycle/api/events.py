"""Events over HTTP: one or many, checked one by one, answered once they are durable."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lifecycle.api.access import Access
from lifecycle.api.body import json_response, receive_body
from lifecycle.api.door import Door
from lifecycle.api.headers import EVERYWHERE, SecurityHeaders
from lifecycle.api.metrics import Metrics
from lifecycle.api.problems import MAX_ERRORS, Problem, answer_problem, of_refusal
from lifecycle.api.way import TEXT, Way
from lifecycle.api.writer import EventWriter
from lifecycle.sources.event_batch import EventBatch, batch_of, read_sound
from lifecycle.sources.event_line import EventIn, read_event
from lifecycle.sources.fields import Line
from lifecycle.sources.plain import MAX_DEPTH, tolerant
from lifecycle.sources.refused import Refused
from lifecycle.store.arrived import Arriving

BATCH_BYTES = 500 * 1024
BATCH_EVENTS = 2_500
SMALL_BODY = 64 * 1024
"""A larger body is read in another thread, so that it keeps nobody waiting."""
PATH = "/v1/events"
OWN_PREFIXES = ("message_", "segment_", "consent_", "confirmation_", "points_")
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
_HEADERS = [
    (name.encode(), told.encode())
    for name, told in {"content-type": "application/json", **EVERYWHERE}.items()
]


class EventsIn:
    """Takes in requests with events."""

    def __init__(self, door: Door, access: Access, writer: EventWriter, metrics: Metrics) -> None:
        self._clock = door.clock
        self._access, self._writer, self._metrics = access, writer, metrics
        self._arrivals = 0

    async def take(self, scope: Scope, receive: Receive) -> int:
        """Take in one request; says how many events are durable now. Raises Problem."""
        headers = dict(scope["headers"])
        said = headers.get(b"authorization", b"").decode("latin-1")
        await self._access.admit(said, "events:write")
        body = await receive_body(headers, receive, BATCH_BYTES)
        now = self._clock.now()
        try:
            batch = await _in_time(body, now)
        except Problem:
            self._metrics.refused.inc()
            raise
        first, self._arrivals = self._arrivals + 1, self._arrivals + batch.count
        await self._writer.take(Arriving(now, first, batch.count, batch.lines))
        self._metrics.events.inc(batch.count)
        return batch.count

    async def answer(self, request: Request) -> Response:
        """Take in one request, and answer it."""
        return json_response({"accepted": await self.take(request.scope, request.receive)}, 202)

    def way(self) -> Way:
        """The way in for events."""
        return Way(
            "POST",
            PATH,
            self.answer,
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


class EventsFirst:
    """An application that answers requests with events itself, and has another do the rest.

    What a framework does with a request costs more than taking in an event.
    """

    def __init__(self, app: ASGIApp, events: EventsIn) -> None:
        self.app = app
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on what is no request with events."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        try:
            body = b'{"accepted":%d}' % await self._events.take(scope, receive)
        except Exception as error:
            answer = SecurityHeaders(await answer_problem(Request(scope), error))
            await answer(scope, receive, send)
            return
        headers = [*_HEADERS, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": body})


async def _in_time(body: bytes, now: datetime) -> EventBatch:
    if len(body) > SMALL_BODY:
        return await run_in_threadpool(read_batch, body, now)
    batch = _sound(body, now)
    if batch is not None:
        return batch
    return await run_in_threadpool(read_batch, body, now)


def read_batch(body: bytes, now: datetime) -> EventBatch:
    """Read a body; one bad event refuses all. Raises Problem, naming index and field of each."""
    return _sound(body, now) or batch_of(read_events(body, now))


def _sound(body: bytes, now: datetime) -> EventBatch | None:
    batch = read_sound(body, now)
    if batch is None or batch.count > BATCH_EVENTS or any(map(_is_own, batch.names)):
        return None
    return batch


def _is_own(name: str) -> bool:
    return name.startswith(OWN_PREFIXES) or name in OWN_NAMES


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
    if _is_own(found.event):
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
