"""Problems as RFC 9457 tells them: what is wrong, in which field, and never a traceback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lifecycle import log
from lifecycle.sources.refused import Refused

MEDIA_TYPE = "application/problem+json"
BUSY_SECONDS = 2
MAX_ERRORS = 25


class Problem(Exception):
    """An answer that is a problem. `errors` name fields, each with its problem and a hint."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail
        self.errors = list(errors[:MAX_ERRORS])
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The answer."""
        title = HTTPStatus(self.status).phrase
        body: dict[str, Any] = {"type": "about:blank", "title": title, "status": self.status}
        body["detail"] = self.detail
        if self.errors:
            body["errors"] = self.errors
        content = msgspec.json.encode(body)
        return Response(content, self.status, self.headers, MEDIA_TYPE)


def of_refusal(refused: Refused, index: int | None = None) -> dict[str, Any]:
    """A refusal as one of a problem's errors; `index` is its place in the array."""
    told: dict[str, Any] = {} if index is None else {"index": index}
    told |= {"field": refused.field, "problem": refused.problem}
    return told | ({"hint": refused.hint} if refused.hint else {})


def busy(detail: str = "the database does not answer in time") -> Problem:
    """The problem of being asked too much for now."""
    return Problem(503, detail, headers={"Retry-After": str(BUSY_SECONDS)})


async def answer_problem(_request: Request, error: Exception) -> Response:
    """Answer with a problem, whatever was raised."""
    if isinstance(error, Problem):
        return error.response()
    if isinstance(error, Refused):
        errors = [of_refusal(error)]
        return Problem(422, "a field cannot be taken", errors=errors).response()
    if isinstance(error, HTTPException):
        detail = str(error.detail)
        return Problem(error.status_code, detail, headers=error.headers).response()
    if isinstance(error, SQLAlchemyError):
        log.failed("database_did_not_answer")
        return busy().response()
    log.failed("request_failed")
    return Problem(500, "an error of ours; it is in the log").response()
