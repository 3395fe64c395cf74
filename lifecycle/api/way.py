"""One way in: a path, who may take it, what it wants, and what it answers; documented as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Endpoint = Callable[[Request], Awaitable[Response]]
TEXT = {"type": "string"}
METHODS = frozenset("GET HEAD POST PUT PATCH DELETE OPTIONS".split())


@dataclass(frozen=True, slots=True)
class Way:
    """A path and method with its endpoint. `scope` None: no key is asked for.

    `body` is the JSON Schema of what is sent; `query` names parameters with what they mean.
    """

    method: str
    path: str
    endpoint: Endpoint
    summary: str
    scope: str | None = None
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[int, str] = field(default_factory=lambda: {200: "Done"})

    def route(self) -> Route:
        """The way as a plain route, without anything between it and the raw request."""
        return Route(self.path, self.endpoint, methods=[self.method])

    def described(self) -> dict[str, Any]:
        """The way as an operation of OpenAPI."""
        names = [part[1:].split("}")[0] for part in self.path.split("/") if part.startswith("{")]
        parameters: list[dict[str, Any]] = [
            {"name": name, "in": "path", "required": True, "schema": TEXT} for name in names
        ]
        parameters += [
            {"name": name, "in": "query", "description": told, "schema": TEXT}
            for name, told in self.query.items()
        ]
        answers = {str(code): {"description": told} for code, told in self.answers.items()}
        operation: dict[str, Any] = {"summary": self.summary, "responses": answers}
        if parameters:
            operation["parameters"] = parameters
        if self.body is not None:
            content = {"application/json": {"schema": self.body}}
            operation["requestBody"] = {"required": True, "content": content}
        if self.scope is not None:
            operation["security"] = [{"key": [self.scope]}]
            problem = {"$ref": "#/components/responses/Problem"}
            operation["responses"] |= {"401": problem, "403": problem, "422": problem}
        return operation


def refusals(ways: Sequence[Way]) -> list[Route]:
    """For each path, a route that refuses whatever no way takes there, and says what they take."""
    taken: dict[str, set[str]] = defaultdict(set)
    for way in ways:
        taken[way.path] |= way.route().methods or set()
    return [
        Route(
            path,
            _refusing(sorted(taking)),
            methods=sorted(METHODS - taking),
            include_in_schema=False,
        )
        for path, taking in taken.items()
    ]


def _refusing(methods: Sequence[str]) -> Endpoint:
    async def refuse(_request: Request) -> Response:
        raise HTTPException(405, headers={"Allow": ", ".join(methods)})

    return refuse


def openapi(ways: list[Way]) -> dict[str, Any]:
    """The OpenAPI document of all ways."""
    paths: dict[str, dict[str, Any]] = {}
    for way in ways:
        paths.setdefault(way.path, {})[way.method.lower()] = way.described()
    field_schema = {"index": {"type": "integer"}, "field": TEXT, "problem": TEXT, "hint": TEXT}
    problem = {
        "type": "object",
        "properties": {
            "type": TEXT,
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": TEXT,
            "errors": {"type": "array", "items": {"type": "object", "properties": field_schema}},
        },
    }
    content = {"application/problem+json": {"schema": problem}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "lifecycle", "version": "1"},
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "responses": {"Problem": {"description": "A problem (RFC 9457)", "content": content}},
        },
    }
