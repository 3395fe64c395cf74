"""Double opt-in's second step: a page with one button, which alone says yes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import TypeVar

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from lifecycle import log
from lifecycle.api.body import read_body
from lifecycle.api.door import Door
from lifecycle.api.pages import not_found, page
from lifecycle.api.phrases import LANGUAGES, language_for
from lifecycle.api.way import Way
from lifecycle.core.double_opt_in import CAMPAIGN, SOURCE
from lifecycle.store import confirmations
from lifecycle.store.consents import CONFIRMED, Word
from lifecycle.store.customers import consent
from lifecycle.store.messages import message
from lifecycle.store.tables import METADATA

CUSTOMER = METADATA.tables["customer"]
ENROLLMENT = METADATA.tables["enrollment"]
FORM_BYTES = 16 * 1024

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a letter asked for; `waits` while its link still counts."""

    customer_id: str
    topic: str
    locale: str | None
    wording: str
    waits: bool
    confirmed: bool


def ways(door: Door) -> list[Way]:
    """The ways of the confirmation link: looking changes nothing, only POST does."""
    desk = _Desk(door)
    answers = {200: "Done", 404: "No link of ours", 410: "Too old, or of no use any more"}
    told = "Confirm a yes to a topic"
    return [
        Way("GET", "/confirm/{token}", desk.show, "The confirmation page", answers=answers),
        Way("POST", "/confirm/{token}", desk.take, told, answers=answers),
    ]


class _Desk:
    def __init__(self, door: Door) -> None:
        self.door = door

    async def show(self, request: Request) -> Response:
        return await self._answer(request, self._read)

    async def take(self, request: Request) -> Response:
        await read_body(request, FORM_BYTES)
        return await self._answer(request, self._confirm)

    async def _answer(
        self, request: Request, deed: Callable[[str], tuple[Asked | None, bool]]
    ) -> Response:
        opened = self.door.signer.open(request.path_params["token"], "confirm")
        if opened is None:
            return self._page(request, None, "no_link", 404)
        try:
            asked, done = await run_in_threadpool(deed, opened.id)
        except SQLAlchemyError:
            log.failed("confirmation_not_written", message_id=opened.id)
            return self._page(request, None, "busy", 503)
        if asked is None:
            return self._page(request, None, "no_link", 404)
        if done or asked.confirmed:
            return self._page(request, asked, "confirmed", 200)
        return self._page(request, asked, "ask" if asked.waits else "expired", 200)

    def _read(self, message_id: str) -> tuple[Asked | None, bool]:
        with self.door.database.read() as connection:
            return asked_by(connection, message_id, self.door.clock.now()), False

    def _confirm(self, message_id: str) -> tuple[Asked | None, bool]:
        now = self.door.clock.now()
        with self.door.database.write() as connection:
            asked = asked_by(connection, message_id, now)
            if asked is None or not asked.waits:
                return asked, False
            word = Word(asked.customer_id, asked.topic, True, now, SOURCE, asked.wording, CONFIRMED)
            consent(connection, word, now=now)
        log.happened("consent_confirmed", customer=asked.customer_id, topic=asked.topic)
        self.door.wake()
        return asked, True

    def _page(self, request: Request, asked: Asked | None, what: str, status: int) -> HTMLResponse:
        settings = self.door.catalog().settings
        accepted = request.headers.get("accept-language", "")
        locale = asked.locale if asked is not None else None
        language = language_for(locale, accepted, settings.shop.language)
        shop, said = settings.shop.name, LANGUAGES[language]
        if what == "no_link":
            return not_found(shop, language)
        named = settings.topics.get(asked.topic) if asked is not None else None
        about = (named.about if named else "") or (asked.topic if asked is not None else "")

        def text(phrase: str) -> str:
            return escape(said[phrase].format(shop=shop, topic=about))

        if what == "ask":
            content = (
                f"<h1>{text('confirm_ask')}</h1><p>{text('confirm_about')}</p>"
                f'<form method="post"><button type="submit">{text("confirm_button")}</button>'
                f'</form><p class="soft">{text("confirm_not")}</p>'
            )
            return page(said["confirm_title"], content, shop=shop, language=language)
        told = f'<p class="done" role="status">{text(f"{what}_told")}</p>'
        if what != "confirmed":
            told = f"<p>{text(f'{what}_told')}</p>"
        status = 410 if what == "expired" else status
        content = f"<h1>{text(what)}</h1>{told}"
        return page(said[what], content, shop=shop, language=language, status=status)


def asked_by(connection: Connection, message_id: str, now: datetime) -> Asked | None:
    """What the letter of a message asked for; None when it asked for nothing.

    Its link counts while the yes waits that it asked about, and the customer still has the address
    that it went to. It counts once: what is confirmed, called off or too old waits no more.
    """
    row = message(connection, message_id)
    if row is None or row.campaign != CAMPAIGN:
        return None
    query = select(ENROLLMENT.c.event_id).where(
        ENROLLMENT.c.customer_id == row.customer_id,
        ENROLLMENT.c.enrollment_id == row.enrollment_id,
    )
    event_id = connection.execute(query).scalar()
    customer = connection.execute(
        select(CUSTOMER.c.address_hash, CUSTOMER.c.locale).where(
            CUSTOMER.c.customer_id == row.customer_id
        )
    ).first()
    waiting = confirmations.row_of(connection, row.customer_id, row.entry)
    if customer is None or waiting is None or event_id is None:
        return None
    went_to = confirmations.address_asked(connection, event_id)
    same = went_to is not None and went_to == customer.address_hash
    ours = row.planned_at >= waiting.said_at
    waits = waiting.state == "waiting" and waiting.expires_at > now and same and ours
    confirmed = waiting.state == "confirmed" and same and ours
    return Asked(row.customer_id, row.entry, customer.locale, waiting.wording, waits, confirmed)
