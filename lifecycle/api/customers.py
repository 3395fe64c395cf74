"""Customers over HTTP: said, told, erased; their consents, and ids that turn out to be theirs."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from lifecycle.api.access import Access
from lifecycle.api.body import json_response, read_body
from lifecycle.api.door import Door
from lifecycle.api.erasure import erase_customer
from lifecycle.api.problems import Problem, of_refusal
from lifecycle.api.slashes import with_slashes
from lifecycle.api.way import TEXT, Way
from lifecycle.core.settings import Settings
from lifecycle.errors import UsageError
from lifecycle.failpoints import reach
from lifecycle.insight.kept import kept_attributes
from lifecycle.sources.consent_line import read_consent
from lifecycle.sources.customer_line import CustomerIn, read_customer
from lifecycle.sources.fields import MAX_LINE_BYTES, Fields
from lifecycle.sources.refused import Refused
from lifecycle.store import confirmations
from lifecycle.store.arrived import enter_all
from lifecycle.store.consents import Word
from lifecycle.store.customers import consent, owner_of, say
from lifecycle.store.known import export
from lifecycle.store.merge import merge

Value = TypeVar("Value")
INSTANT = {"type": "string", "format": "date-time"}
CUSTOMER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "id": TEXT,
        "email": {"type": ["string", "null"]},
        "timezone": {"type": ["string", "null"]},
        "locale": {"type": ["string", "null"]},
        "attributes": {"type": "object", "description": "merged one by one; null removes"},
        "agreed_to": {"type": "array", "items": TEXT, "description": "exactly these topics"},
        "at": INSTANT,
    },
}
CONSENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["agreed"],
    "properties": {
        "agreed": {"type": "boolean"},
        "source": TEXT,
        "wording": TEXT,
        "at": INSTANT,
        "confirmed": {"type": "boolean", "description": "confirmed by the shop already"},
        "ip": {**TEXT, "description": "the visitor's network address, kept as a keyed hash"},
    },
}
ALIAS_SCHEMA = {"type": "object", "required": ["alias"], "properties": {"alias": TEXT}}


def ways(door: Door, access: Access) -> list[Way]:
    """The ways in to customers."""
    customers = _Customers(door, access)
    path = "/v1/customers/{id}"
    gone = {204: "Erased", 404: "No such customer"}
    other = {200: "Merged", 409: "The id belongs to a third customer"}
    write, read = "customers:write", "customers:read"
    return [
        Way("PUT", path, customers.put, "Say something of a customer", write, CUSTOMER_SCHEMA),
        Way("GET", path, customers.get, "All we know of a customer", read),
        Way("DELETE", path, customers.delete, "Erase a customer", write, answers=gone),
        Way(
            "PUT",
            f"{path}/consents/{{topic}}",
            customers.put_consent,
            "Record a yes or no to a topic",
            write,
            CONSENT_SCHEMA,
        ),
        Way(
            "POST",
            f"{path}/aliases",
            customers.post_alias,
            "Make a visitor's id, or a second customer, part of this one",
            write,
            ALIAS_SCHEMA,
            answers=other,
        ),
    ]


class _Customers:
    def __init__(self, door: Door, access: Access) -> None:
        self.door = door
        self.access = access

    async def put(self, request: Request) -> Response:
        key = await self.access.require(request, "customers:write")
        body = await read_body(request, MAX_LINE_BYTES)
        now = self.door.clock.now()
        customer_id = checked_id(request, "id")
        line = checked(lambda: read_customer(body, at=now, latest=now, customer_id=customer_id))
        for place, topic in enumerate(line.agreed_to or ()):
            self._check_topic(topic, f"agreed_to[{place}]")
        waiting = await run_in_threadpool(self._say, line, f"key:{key.id}")
        self.door.wake()
        told: dict[str, Any] = {"id": customer_id}
        return json_response(told | ({"waiting": sorted(waiting)} if waiting else {}))

    def _say(self, line: CustomerIn, caller: str) -> set[str]:
        """Write it; gives the topics whose yes waits for a confirmation."""
        now = self.door.clock.now()
        settings = self.door.catalog().settings
        with self.door.database.write() as connection:
            line, wanted = without_unconfirmed(connection, line, settings, now)
            say(connection, [line], now=now, address_key=self.door.address_key)
            for topic in sorted(wanted):
                word = Word(line.id, topic, True, line.at, "http")
                confirmations.want(connection, word, settings.double_opt_in, caller, now)
            reach("customer_written")
        return wanted

    async def get(self, request: Request) -> Response:
        await self.access.require(request, "customers:read")
        customer_id = checked_id(request, "id")

        def read() -> dict[str, Any] | None:
            enter_all(self.door.database)
            with self.door.database.read() as connection:
                told = export(connection, customer_id)
                if told is not None:
                    settings, now = self.door.catalog().settings, self.door.clock.now()
                    told["kept"] = kept_attributes(connection, settings, customer_id, now)
                return told

        told = await run_in_threadpool(read)
        if told is None:
            raise Problem(404, "no such customer")
        return json_response(told)

    async def delete(self, request: Request) -> Response:
        await self.access.require(request, "customers:write")
        customer_id = checked_id(request, "id")
        door = self.door

        def erase() -> bool:
            return erase_customer(
                door.database,
                customer_id,
                now=door.clock.now(),
                address_key=door.address_key,
                outbox=door.outbox,
            )

        if not await run_in_threadpool(erase):
            raise Problem(404, "no such customer")
        return Response(status_code=204)

    async def put_consent(self, request: Request) -> Response:
        key = await self.access.require(request, "customers:write")
        body = await read_body(request, MAX_LINE_BYTES)
        customer_id, topic = checked_id(request, "id"), checked_id(request, "topic")
        self._check_topic(topic, "topic")
        now = self.door.clock.now()
        read = checked(
            lambda: read_consent(body, at=now, latest=now, customer_id=customer_id, topic=topic)
        )
        word = Word(customer_id, topic, read.agreed, read.at, read.source or "http", read.wording)

        settings = self.door.catalog().settings
        asks = read.agreed and not read.confirmed and topic in settings.confirmed_topics
        caller = f"ip:{_hashed(read.ip, self.door.address_key)}" if read.ip else f"key:{key.id}"

        def write() -> bool:
            rule = settings.double_opt_in
            with self.door.database.write() as connection:
                if asks and confirmations.want(connection, word, rule, caller, now) == "waiting":
                    return True
                consent(connection, word, now=now)
                return False

        waits = await run_in_threadpool(write)
        self.door.wake()
        told = {"customer": customer_id, "topic": topic, "agreed": read.agreed}
        return json_response(told | ({"confirmation": "waiting"} if waits else {}))

    async def post_alias(self, request: Request) -> Response:
        await self.access.require(request, "customers:write")
        body = await read_body(request, MAX_LINE_BYTES)
        customer_id = checked_id(request, "id")
        alias = checked(lambda: Fields(body, ("alias",)).identity("alias"))
        now = self.door.clock.now()

        def write() -> None:
            with self.door.database.write() as connection:
                merge(connection, customer_id, alias, now)

        try:
            await run_in_threadpool(write)
        except UsageError as refused:
            raise Problem(409, f"{refused.what}: {refused.cause}") from None
        self.door.wake()
        return json_response({"id": customer_id, "alias": alias})

    def _check_topic(self, topic: str, field: str) -> None:
        topics = self.door.catalog().settings.topics
        if topic not in topics:
            hint = f"known are {', '.join(topics)}" if topics else "settings.toml names none"
            raise Problem(
                422, "no such topic", errors=[of_refusal(Refused(field, "no such topic", hint))]
            )


def without_unconfirmed(
    connection: Connection, line: CustomerIn, settings: Settings, now: datetime
) -> tuple[CustomerIn, set[str]]:
    """A line without the yeses that have to be confirmed first, and the topics they are to."""
    confirmed = settings.confirmed_topics
    if line.agreed_to is None or not confirmed:
        return line, set()
    owner = owner_of(connection, line.id)
    agreed = {topic for topic in confirmed if confirmations.agrees(connection, owner, topic)}
    wanted = (set(line.agreed_to) & confirmed) - agreed
    kept = tuple(topic for topic in line.agreed_to if topic not in wanted)
    gone = confirmations.waiting_topics(connection, owner) - wanted
    confirmations.call_off(connection, [(owner, topic, False) for topic in sorted(gone)], now)
    return replace(line, agreed_to=kept), wanted


def _hashed(ip: str, key: bytes) -> str:
    """A network address as a keyed hash: caps need to know it again, nobody needs to read it."""
    return hmac.new(key, b"lifecycle ip\0" + ip.encode(), "sha256").hexdigest()[:32]


def checked_id(request: Request, name: str) -> str:
    """An id out of the path. Raises Problem for one that no customer can have."""
    value = with_slashes(request.path_params[name])

    def read() -> str:
        # The server puts one and the same mark for every byte that is no UTF-8: ids would collide.
        try:
            unquote_to_bytes(request.scope.get("raw_path", b"")).decode()
        except UnicodeDecodeError:
            raise Refused(name, "not UTF-8", "write its UTF-8 bytes as %XX") from None
        return Fields({name: value}, (name,)).identity(name)

    return checked(read)


def checked(read: Callable[[], Value]) -> Value:
    """What `read` gives. Raises Problem: 400 for what is no JSON, 422 for a field."""
    try:
        return read()
    except Refused as refused:
        status = 422 if refused.field else 400
        detail = "a field cannot be taken" if refused.field else "the body cannot be taken"
        raise Problem(status, detail, errors=[of_refusal(refused)]) from None
