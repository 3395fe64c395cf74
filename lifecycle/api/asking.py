"""Questions over HTTP: why, what became of a message, who is in a segment."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from lifecycle.api.access import Access
from lifecycle.api.body import json_response
from lifecycle.api.customers import checked_id
from lifecycle.api.door import Door
from lifecycle.api.problems import Problem
from lifecycle.api.way import Way
from lifecycle.store.arrived import enter_all
from lifecycle.store.customers import owner_of
from lifecycle.store.facts import customer_exists
from lifecycle.store.messages import message_told
from lifecycle.store.tables import METADATA

MEMBERSHIP = METADATA.tables["membership"]
PAGE = 1_000
SCOPE = "customers:read"
WHY = "Each decision on a customer with its reason, in order, and what is to come"


def ways(door: Door, access: Access) -> list[Way]:
    """The ways to ask."""

    async def why(request: Request) -> Response:
        await access.require(request, SCOPE)
        customer_id = checked_id(request, "id")
        campaign = request.query_params.get("campaign")
        if campaign is not None and campaign not in door.catalog().campaigns:
            raise Problem(404, "no such campaign")
        told = await run_in_threadpool(_why, door, customer_id, campaign)
        return json_response({**told, "customer": customer_id})

    async def message(request: Request) -> Response:
        await access.require(request, SCOPE)
        message_id = checked_id(request, "id")

        def read() -> dict[str, Any] | None:
            with door.database.read() as connection:
                return message_told(connection, message_id, door.clock.now())

        told = await run_in_threadpool(read)
        if told is None:
            raise Problem(404, "no such message")
        return json_response(told)

    async def members(request: Request) -> Response:
        await access.require(request, SCOPE)
        name = checked_id(request, "name")
        if name not in door.catalog().segments:
            raise Problem(404, "no such segment")
        after = request.query_params.get("after", "").replace("\0", "")
        page = await run_in_threadpool(_members, door, name, after)
        following = page[-1]["customer"] if len(page) == PAGE else None
        return json_response({"segment": name, "members": page, "next": following})

    return [
        Way(
            *("GET", "/v1/customers/{id}/why", why, WHY, SCOPE),
            query={"campaign": "of this campaign alone"},
        ),
        Way("GET", "/v1/messages/{id}", message, "What became of a message", SCOPE),
        Way(
            *("GET", "/v1/segments/{name}/members", members, "Who is in a segment", SCOPE),
            query={"after": "the `next` of the page before"},
        ),
    ]


def _why(door: Door, customer_id: str, campaign: str | None) -> dict[str, Any]:
    enter_all(door.database)
    with door.database.read() as connection:
        owner = owner_of(connection, customer_id)
        if not customer_exists(connection, owner):
            raise Problem(404, "no such customer")
    return dict(door.why(owner, campaign))


def _members(door: Door, name: str, after: str) -> list[dict[str, Any]]:
    query = (
        select(MEMBERSHIP.c.customer_id, MEMBERSHIP.c.since)
        .where(MEMBERSHIP.c.segment == name, MEMBERSHIP.c.member, MEMBERSHIP.c.customer_id > after)
        .order_by(MEMBERSHIP.c.customer_id)
        .limit(PAGE)
    )
    with door.database.read() as connection:
        return _rows(connection, query)


def _rows(connection: Connection, query: Any) -> list[dict[str, Any]]:
    found = connection.execute(query)
    return [{"customer": row.customer_id, "since": row.since} for row in found]
