"""Unsubscribing: one button, no login, and it holds even when the database does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from lifecycle import log
from lifecycle.api.body import read_body
from lifecycle.api.choice import Choice, Standing, carry_out, standing_of
from lifecycle.api.door import Door
from lifecycle.api.hits import is_news, note_hit, take_hit_of
from lifecycle.api.metrics import Metrics
from lifecycle.api.pages import not_found, page
from lifecycle.api.phrases import LANGUAGES, language_for
from lifecycle.api.spool import keep
from lifecycle.api.way import Way
from lifecycle.api.wishes_page import Told, wishes_page
from lifecycle.core.wishes import Often
from lifecycle.failpoints import reach

FORM_BYTES = 16 * 1024
WRITE_SECONDS = 4.0
"""No mailbox provider waits long; whatever is not written by then goes into the spool."""
READ_SECONDS = 2.0
THREADS = 8
ONE_CLICK = b"One-Click"
OFTEN: dict[str, Often] = {"all": "all", "weekly": "weekly", "monthly": "monthly"}

Value = TypeVar("Value")


def ways(door: Door, metrics: Metrics) -> list[Way]:
    """The ways of the unsubscribe link: looking changes nothing, only POST does."""
    desk = _Desk(door, metrics)
    answers = {200: "Done", 404: "No link of ours"}
    told = "Unsubscribe, by one click (RFC 8058) or by the page's form"
    return [
        Way("GET", "/u/{token}", desk.show, "The unsubscribe page", answers=answers),
        Way("POST", "/u/{token}", desk.take, told, answers=answers),
    ]


class _Desk:
    def __init__(self, door: Door, metrics: Metrics) -> None:
        self.door = door
        self.metrics = metrics
        # Threads of its own: a flood of other requests must not stand in the way.
        self.threads = ThreadPoolExecutor(THREADS, "unsubscribe")

    async def show(self, request: Request) -> Response:
        opened = self.door.signer.open(request.path_params["token"], "unsubscribe")
        if opened is None:
            return self._not_found(request)
        standing = await self._standing(opened.id)
        if standing is not None and standing.kept and is_news(standing.row):
            self.threads.submit(note_hit, self.door, standing.row)
        return self._page(request, standing, None)

    async def take(self, request: Request) -> Response:
        opened = self.door.signer.open(request.path_params["token"], "unsubscribe")
        if opened is None:
            return self._not_found(request)
        body = await read_body(request, FORM_BYTES)
        choice = choice_of(body)
        await self._carry_out(opened.id, choice)
        if ONE_CLICK in body:
            return Response("Unsubscribed.", media_type="text/plain")
        return self._page(request, await self._standing(opened.id), choice)

    async def _carry_out(self, message_id: str, choice: Choice) -> None:
        at = self.door.clock.now()
        known = await self._within(WRITE_SECONDS, lambda: self._write(message_id, choice, at))
        if known is None:
            await asyncio.to_thread(keep, self.door.spool, message_id, choice, at)
            self.metrics.spooled.inc()
            log.warned("unsubscribe_spooled", message_id=message_id)
        elif not known:
            log.warned("unsubscribe_without_message", message_id=message_id)
        self.metrics.unsubscribes.inc()
        log.happened("unsubscribed", message_id=message_id, kind=choice.kind)
        self.door.wake()

    def _write(self, message_id: str, choice: Choice, at: datetime) -> bool:
        catalog = self.door.catalog()
        with self.door.database.write() as connection:
            known = carry_out(connection, catalog, message_id, choice, chosen_at=at, now=at)
            take_hit_of(connection, self.door, message_id)
            reach("unsubscribe_written")
        reach("unsubscribe_committed")
        return known

    async def _standing(self, message_id: str) -> Standing | None:
        def read() -> Standing | None:
            with self.door.database.read() as connection:
                return standing_of(connection, self.door.catalog(), message_id)

        return await self._within(READ_SECONDS, read)

    async def _within(self, seconds: float, deed: Callable[[], Value]) -> Value | None:
        """What a deed gives; None when it fails or takes too long (it may still be done then)."""
        doing = asyncio.get_running_loop().run_in_executor(self.threads, deed)
        await asyncio.wait({doing}, timeout=seconds)
        if not doing.done():
            doing.add_done_callback(lambda late: late.cancelled() or late.exception())
            return None
        try:
            return doing.result()
        except Exception:
            log.failed("unsubscribe_not_written")
            return None

    def _page(
        self, request: Request, standing: Standing | None, done: Choice | None
    ) -> HTMLResponse:
        settings = self.door.catalog().settings
        accepted = request.headers.get("accept-language", "")
        locale = standing.locale if standing is not None else None
        language = language_for(locale, accepted, settings.shop.language)
        phrases, shop = LANGUAGES[language], settings.shop.name
        about = {name: topic.about or name for name, topic in settings.topics.items()}
        told = Told(phrases, language, shop, about, self.door.clock.now())
        content = wishes_page(told, standing, done)
        title = phrases["title"] if done is None else phrases["done"]
        return page(title, content, shop=shop, language=language)

    def _not_found(self, request: Request) -> HTMLResponse:
        shop = self.door.catalog().settings.shop
        accepted = request.headers.get("accept-language", "")
        return not_found(shop.name, language_for(None, accepted, shop.language))


def choice_of(body: bytes) -> Choice:
    """The choice in a form's body; whatever cannot be read means: no more of this."""
    form = parse_qs(body.decode("utf-8", "replace"), max_num_fields=None)
    action = form.get("action", [""])[0]
    if action == "everything":
        return Choice("everything")
    if action == "preferences":
        often = OFTEN.get(form.get("often", [""])[0])
        return Choice("preferences", tuple(dict.fromkeys(form.get("agreed", []))), often)
    if action in ("pause", "go_on"):
        return Choice("pause" if action == "pause" else "go_on")
    return Choice("topic")
