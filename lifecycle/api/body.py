"""Reading a request's body: counted while it comes, never more than allowed, never packed."""

from __future__ import annotations

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lifecycle.api.problems import Problem
from lifecycle.sources.plain import kilobytes


async def read_body(request: Request, limit: int) -> bytes:
    """The body, of at most `limit` bytes. Raises Problem."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Problem(415, "a packed body is not taken", headers={"Accept-Encoding": "identity"})
    too_long = Problem(413, f"the body is longer than {kilobytes(limit)}")
    told = request.headers.get("content-length", "")
    if told.isdigit() and (len(told) > 18 or int(told) > limit):
        raise too_long
    parts: list[bytes] = []
    length = 0
    try:
        async for part in request.stream():
            length += len(part)
            if length > limit:
                raise too_long
            parts.append(part)
    except ClientDisconnect:
        raise Problem(400, "the body broke off") from None
    return b"".join(parts)


def json_response(value: object, status: int = 200) -> Response:
    """An answer in JSON; instants as RFC 3339."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")
