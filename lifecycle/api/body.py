"""Reading a request's body: counted while it comes, never more than allowed, never packed."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from lifecycle.api.problems import Problem
from lifecycle.sources.plain import kilobytes


async def read_body(request: Request, limit: int) -> bytes:
    """The body, of at most `limit` bytes. Raises Problem."""
    return await receive_body(dict(request.headers.raw), request.receive, limit)


async def receive_body(headers: Mapping[bytes, bytes], receive: Receive, limit: int) -> bytes:
    """The body of a request with these headers, as it comes; see `read_body`."""
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise Problem(415, "a packed body is not taken", headers={"Accept-Encoding": "identity"})
    told = headers.get(b"content-length", b"")
    if told.isdigit() and (len(told) > 18 or int(told) > limit):
        raise _too_long(limit)
    parts: list[bytes] = []
    length = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "the body broke off")
        part: bytes = message.get("body", b"")
        length += len(part)
        if length > limit:
            raise _too_long(limit)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _too_long(limit: int) -> Problem:
    return Problem(413, f"the body is longer than {kilobytes(limit)}")


def json_response(value: object, status: int = 200) -> Response:
    """An answer in JSON; instants as RFC 3339."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")
