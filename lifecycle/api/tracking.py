"""Links of letters: clicks, opens and the view in the browser, and nowhere but where they lead."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from lifecycle import log
from lifecycle.api.door import Door
from lifecycle.api.followed import mode_now
from lifecycle.api.headers import LETTER_POLICY
from lifecycle.api.hits import is_news, note_hit
from lifecycle.api.machine import SETTLE, SETTLES_WITHIN, Bursts, Judged, judge
from lifecycle.api.metrics import Metrics
from lifecycle.api.pages import not_found
from lifecycle.api.tally import Tally
from lifecycle.api.way import Way
from lifecycle.api.writer import EventWriter
from lifecycle.catalog.catalog import Catalog
from lifecycle.core.campaign import Broadcast
from lifecycle.core.chance import derived_id
from lifecycle.core.event import Event
from lifecycle.core.tracking import Mode, naming_of
from lifecycle.core.words import rfc3339
from lifecycle.failpoints import reach
from lifecycle.render.links import Opened, counted_id
from lifecycle.store.counted_hits import Hit
from lifecycle.store.events import NewEvent
from lifecycle.store.hits import found_out
from lifecycle.store.messages import latest_of, link_target, message

MANY = "many links at once"
WRITE_SECONDS = 2.0
"""No reader waits longer than this for the note of a click to be written."""
PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
GONE = {200: "Shown", 404: "No link of ours"}
Counted = tuple[str, str, str]


def ways(door: Door, writer: EventWriter, metrics: Metrics, tally: Tally) -> list[Way]:
    """The ways of links in letters."""
    links = _Links(door, writer, metrics, tally)
    return [
        Way(
            *("GET", "/c/{token}", links.click, "Follow a link of a letter"),
            answers={302: "To the link's target", 404: "No link of ours"},
        ),
        Way("GET", "/o/{token}.gif", links.open, "The picture that tells of an open", answers=GONE),
        Way("GET", "/b/{token}", links.view, "A letter, viewed in the browser", answers=GONE),
    ]


class _Links:
    def __init__(self, door: Door, writer: EventWriter, metrics: Metrics, tally: Tally) -> None:
        self.door = door
        self.writer = writer
        self.metrics = metrics
        self.tally = tally
        self._background: set[asyncio.Task[None]] = set()
        self._counted: tuple[str, dict[str, Counted]] = ("", {})
        self._bursts = Bursts()

    async def click(self, request: Request) -> Response:
        opened = self.door.signer.open(request.path_params["token"], "click", "counted_click")
        if opened is None:
            return not_found(self._shop())
        target, row, mode = await run_in_threadpool(self._target, opened)
        if target is None or not _is_web(target):
            return not_found(self._shop())
        if request.method != "HEAD":
            self.metrics.clicks.inc()
            if mode == "individual":
                told = {"url": target, "link": opened.number}
                await self._happened("message_clicked", row, request, told)
            else:
                self._kept("click", opened, row, mode, request)
        return RedirectResponse(self._named(target, row), 302, {"cache-control": "no-store"})

    async def open(self, request: Request) -> Response:
        opened = self.door.signer.open(request.path_params["token"], "open", "counted_open")
        if opened is None:
            return not_found(self._shop())
        if request.method != "HEAD":
            self.metrics.opens.inc()
            if opened.purpose == "open":
                await self._opened(opened, request)
            else:
                self._kept("open", opened, None, "aggregate", request)
        return Response(PIXEL, media_type="image/gif", headers={"cache-control": "no-store"})

    async def view(self, request: Request) -> Response:
        opened = self.door.signer.open(request.path_params["token"], "view")
        html, row = await run_in_threadpool(self._view, opened) if opened else (None, None)
        if html is None:
            return not_found(self._shop())
        self._prove(row)
        return HTMLResponse(html, headers={"content-security-policy": LETTER_POLICY})

    def _target(self, opened: Opened) -> tuple[str | None, Any, Mode]:
        with self.door.database.read() as connection:
            if opened.purpose == "click":
                row = message(connection, opened.id)
            else:
                counted = self._counted_by().get(opened.id)
                row = latest_of(connection, *counted) if counted else None
            if row is None:
                return None, None, "off"
            mode = self._mode(connection, row) if opened.purpose == "click" else "aggregate"
            return link_target(connection, row, opened.number), row, mode

    def _mode(self, connection: Connection, row: Any) -> Mode:
        return mode_now(connection, self.door.catalog(), row)

    def _named(self, target: str, row: Any) -> str:
        """The target as the shop's web statistics want it; rules see it as the letter said it."""
        naming = naming_of(self.door.catalog().settings, row.campaign, row.step, row.variant)
        return target if naming is None else naming.name(target)

    def _view(self, opened: Opened) -> tuple[str | None, Any]:
        with self.door.database.read() as connection:
            row = message(connection, opened.id)
            return (self.door.view(connection, row), row) if row is not None else (None, None)

    def _prove(self, row: Any) -> None:
        """Have a hit noted that tells of a letter's fate; no reader waits for that."""
        if is_news(row):
            noted = asyncio.ensure_future(run_in_threadpool(note_hit, self.door, row))
            self._background.add(noted)
            noted.add_done_callback(self._background.discard)

    async def _opened(self, opened: Opened, request: Request) -> None:
        try:
            row, mode = await run_in_threadpool(self._message, opened.id)
        except Exception:
            log.failed("open_not_noted", message_id=opened.id)
            return
        if row is not None and mode == "individual":
            await self._happened("message_opened", row, request, {})
        elif row is not None:
            self._kept("open", opened, row, mode, request)

    def _message(self, message_id: str) -> tuple[Any, Mode]:
        with self.door.database.read() as connection:
            row = message(connection, message_id)
            return row, "off" if row is None else self._mode(connection, row)

    async def _happened(self, name: str, row: Any, request: Request, told: dict[str, Any]) -> None:
        """Write an event durably; whatever keeps it from being written keeps no reader waiting."""
        now = self.door.clock.now()
        judged = judge(request.headers, row.attempted_at, now, browses=name == "message_clicked")
        event = link_event(name, row, now, told, judged)
        burst: list[str] = []
        if name == "message_clicked":
            burst = self._bursts.click(row.message_id, told["link"], event.event.id, now)
        if burst:
            event = link_event(name, row, now, told, Judged((*judged.signs, MANY)))
            burst.append(event.event.id)
        noted = asyncio.ensure_future(self._noted(event, row, burst))
        self._background.add(noted)
        noted.add_done_callback(self._background.discard)
        await asyncio.wait({noted}, timeout=WRITE_SECONDS)

    async def _noted(self, event: NewEvent, row: Any, burst: list[str]) -> None:
        try:
            await self.writer.write([event])
            if burst:
                await run_in_threadpool(self._found_out, row.customer_id, burst)
            reach("click_noted")
            if is_news(row):
                await run_in_threadpool(note_hit, self.door, row)
        except Exception:
            log.failed("event_not_noted", name=event.event.name, message_id=row.message_id)

    def _found_out(self, customer_id: str, burst: list[str]) -> None:
        told = Judged((MANY,)).told()
        with self.door.database.write() as connection:
            found_out(connection, customer_id, burst, told, self.door.clock.now())

    def _kept(self, what: str, opened: Opened, row: Any, mode: Mode, request: Request) -> None:
        """Count a hit without a name; one that names a letter still tells of that letter's fate."""
        counted = self._counted_by().get(opened.id)
        if opened.purpose in ("click", "open"):
            counted = (row.campaign, row.step, row.variant)
            self._prove(row)
        if counted is not None and mode == "aggregate":
            now = self.door.clock.now()
            machine = judge(request.headers, None, now, browses=what == "click").is_machine
            self.tally.add(Hit(*counted, what, machine, now.date().isoformat()))
            self.metrics.counted.labels(what, *counted).inc()

    def _counted_by(self) -> dict[str, Counted]:
        catalog = self.door.catalog()
        if self._counted[0] != catalog.fingerprint:
            self._counted = (catalog.fingerprint, counted_by(catalog))
        return self._counted[1]

    def _shop(self) -> str:
        return self.door.catalog().settings.shop.name


def _is_web(target: str) -> bool:
    """Whether a browser may be sent there; an address that nobody can read leads nowhere."""
    try:
        parts = urlsplit(target)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def link_event(
    name: str, row: Any, now: datetime, told: Mapping[str, Any], judged: Judged
) -> NewEvent:
    """The event of a click or open: the same link within one second (an open: one minute) once.

    Of a click soon after the letter left the engine hears when the other links of a scanner's
    burst have been followed too, so that no flow goes on by a machine's click.
    """
    moment = now.replace(microsecond=0)
    if name == "message_opened":
        moment = moment.replace(second=0)
    number = str(told.get("link", ""))
    identity = derived_id(name, row.message_id, number, str(judged.is_machine), rfc3339(moment))
    named = {"campaign": row.campaign, "step": row.step, "variant": row.variant}
    url = {"url": told["url"]} if "url" in told else {}
    properties = {**named, "message_id": row.message_id, **url, **judged.told()}
    soon = row.attempted_at is not None and now - row.attempted_at < SETTLES_WITHIN
    heard = now + SETTLE if soon and name == "message_clicked" else now
    return NewEvent(row.customer_id, Event(now, identity, name, properties, heard), heard)


def counted_by(catalog: Catalog) -> dict[str, Counted]:
    """Campaign, step and variant by the id that aggregate tracking counts under."""
    found: dict[str, Counted] = {}
    for campaign in catalog.campaigns.values():
        steps = (campaign.letter(),) if isinstance(campaign, Broadcast) else campaign.step
        for step in steps:
            for variant in ("", *(one.name for one in step.variant)):
                counted = (campaign.id, step.name, variant)
                found[counted_id(*counted)] = counted
    return found
