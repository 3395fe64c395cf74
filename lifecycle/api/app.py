"""The HTTP side as one application, made for the door it is handed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from lifecycle.api import (
    asking,
    confirm,
    customers,
    events,
    feedback,
    outbox,
    tracking,
    unsubscribe,
    upkeep,
)
from lifecycle.api.access import Access
from lifecycle.api.door import Door
from lifecycle.api.headers import SecurityHeaders
from lifecycle.api.metrics import Metrics
from lifecycle.api.problems import Problem, answer_problem
from lifecycle.api.slashes import SlashesKept
from lifecycle.api.tally import Tally
from lifecycle.api.way import openapi, refusals
from lifecycle.api.writer import EventWriter
from lifecycle.sources.refused import Refused


def make_app(door: Door) -> ASGIApp:
    """The application behind a door. Every way in is a plain route on the raw request."""
    writer, tally = EventWriter(door.database, door.wake), Tally(door.database)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await tally.stop()
        writer.stop()

    app = FastAPI(
        title="lifecycle", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.router.redirect_slashes = False
    access, metrics = Access(door.database), Metrics()
    arriving = events.EventsIn(door, access, writer, metrics)
    ways = [
        arriving.way(),
        *customers.ways(door, access),
        *asking.ways(door, access),
        *feedback.ways(door, metrics),
        *tracking.ways(door, writer, metrics, tally),
        *unsubscribe.ways(door, metrics),
        *confirm.ways(door),
        *upkeep.ways(door, access, metrics, lambda: app.openapi()),
        *outbox.ways(door),
    ]
    app.router.routes.extend([*(way.route() for way in ways), *refusals(ways)])
    app.openapi = lambda: openapi(ways)  # type: ignore[method-assign]
    app.add_middleware(SecurityHeaders)
    app.add_middleware(SlashesKept)
    for kind in (Problem, Refused, HTTPException, SQLAlchemyError, Exception):
        app.add_exception_handler(kind, answer_problem)
    return events.EventsFirst(app, arriving)
