"""Alive, ready, measured and documented: what operators and their machines ask."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from lifecycle.api.access import Access, require_local
from lifecycle.api.body import json_response
from lifecycle.api.door import Door
from lifecycle.api.metrics import Metrics
from lifecycle.api.pages import page
from lifecycle.api.problems import Problem
from lifecycle.api.way import Way

EXPOSITION = "text/plain; version=1.0.0; charset=utf-8"


def ways(
    door: Door, access: Access, metrics: Metrics, document: Callable[[], dict[str, Any]]
) -> list[Way]:
    """The ways of upkeep."""

    async def alive(_request: Request) -> Response:
        return json_response({"alive": True})

    async def ready(_request: Request) -> Response:
        health = await run_in_threadpool(door.health)
        told: dict[str, Any] = {"ready": health.ready, **health.figures}
        if health.why_not:
            told["why_not"] = health.why_not
        if health.stopped:
            told["stoppages"] = list(health.stopped)
        return json_response(told, 200 if health.ready else 503)

    async def figures(request: Request) -> Response:
        try:
            require_local(request)
        except Problem:
            await access.require(request, "customers:read")
        health = await run_in_threadpool(door.health)
        return Response(metrics.text(health), media_type=EXPOSITION)

    async def schema(_request: Request) -> Response:
        return json_response(document())

    async def docs(_request: Request) -> Response:
        return page("HTTP", docs_content(document()), wide=True)

    readiness = {200: "Ready, with lag", 503: "Not ready, with the reason"}
    return [
        Way("GET", "/healthz", alive, "Whether the process is alive"),
        Way("GET", "/readyz", ready, "Whether it does its work", answers=readiness),
        Way("GET", "/metrics", figures, "Figures for Prometheus: at this machine, or by key"),
        Way("GET", "/openapi.json", schema, "This, as OpenAPI"),
        Way("GET", "/docs", docs, "This, to read"),
    ]


def docs_content(document: dict[str, Any]) -> str:
    """The OpenAPI document as a page that fetches nothing from anywhere."""
    rows = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            scopes = [scope for one in operation.get("security", ()) for scope in one["key"]]
            answers = " · ".join(
                f"{code} {told['description']}"
                for code, told in operation["responses"].items()
                if "description" in told
            )
            rows.append(
                f"<tr><td class='at'><code>{method.upper()}</code></td>"
                f"<td><code>{escape(path)}</code></td><td>{escape(operation['summary'])}"
                f'<div class="soft">{escape(answers)}</div></td>'
                f"<td><code>{escape(', '.join(scopes) or '–')}</code></td></tr>"
            )
    return (
        "<h1>HTTP</h1><p>Keys are made with <code>lifecycle key create --scope …</code> and sent "
        "as <code>Authorization: Bearer KEY</code>. Problems come as RFC 9457. The same for "
        'machines: <a href="/openapi.json">openapi.json</a>.</p><div class="scroll"><table>'
        "<thead><tr><th></th><th>Path</th><th>What</th><th>Scope</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
