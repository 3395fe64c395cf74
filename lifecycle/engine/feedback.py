"""What the world says of a letter: delivered, opened, clicked, bounced, unsubscribed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from lifecycle.core.action import (
    Action,
    Consented,
    Emit,
    Harmed,
    Mark,
    Proved,
    Suppress,
)
from lifecycle.core.chance import derived_id
from lifecycle.core.event import Event
from lifecycle.engine.live import Live
from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA

BOUNCED = "message_bounced"
MARKS = {
    "message_delivered": "delivered_at",
    "message_opened": "opened_at",
    "message_clicked": "clicked_at",
    BOUNCED: "bounced_at",
    "message_complained": "complained_at",
    "message_unsubscribed": "unsubscribed_at",
}
TOLD_BY = "message_delivered"
"""What the transport itself tells of nearly every letter: its feedback is alive."""
_MESSAGE = METADATA.tables["message"]
_QUERY = Statement(
    select(
        _MESSAGE.c.customer_id,
        _MESSAGE.c.message_id,
        _MESSAGE.c.campaign,
        _MESSAGE.c.step,
        _MESSAGE.c.variant,
        _MESSAGE.c.attempted_at,
        _MESSAGE.c.entry,
        _MESSAGE.c.state,
        _MESSAGE.c.transactional,
    )
    .where(
        among(_MESSAGE.c.customer_id, "ids"),
        _MESSAGE.c.attempted_at.is_not(None),
    )
    .order_by(_MESSAGE.c.attempted_at, _MESSAGE.c.message_id)
)


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """A message that has gone, as feedback may mean it."""

    id: str
    campaign: str
    step: str
    variant: str
    at: datetime
    entry: str = ""
    state: str = "accepted"
    transactional: bool = False


def known_messages(
    connection: Connection, customers: Iterable[str]
) -> dict[str, list[KnownMessage]]:
    """The messages of customers that have gone, oldest first."""
    found: dict[str, list[KnownMessage]] = {}
    for row in _QUERY.rows(connection, {"ids": list(customers)}):
        known = KnownMessage(
            row.message_id,
            row.campaign,
            row.step,
            row.variant,
            row.attempted_at,
            row.entry,
            row.state,
            row.transactional,
        )
        found.setdefault(row.customer_id, []).append(known)
    return found


def take_feedback(
    event: Event, messages: Sequence[KnownMessage], live: Live, now: datetime
) -> tuple[Event, list[Action]]:
    """The event with its message named, and what it leads to.

    Feedback may name a `message_id`, or `campaign` and `step`: then the latest such message that
    had gone at the event's moment is meant. What is said of a letter that we know nothing of (an
    earlier tool's, one of before a restore) leads to nothing, but that an address bounced for good
    or its owner complained is as true of it as of any other.
    """
    message = _meant(event, messages)
    mark = MARKS.get(event.name)
    if message is None:
        return event, [*_suppressed(event, now)]
    if mark is None and event.name != "message_sent":
        return event, []
    named = {"campaign": message.campaign, "step": message.step, "variant": message.variant}
    properties = {**event.properties, **named, "message_id": message.id}
    actions: list[Action] = []
    told = event.name == TOLD_BY
    if message.state != "accepted" or (told and live.resends):
        actions.append(Proved(message.id, event.at, event.name, told=told))
    if mark is not None and not event["machine"]:
        actions.append(Mark(message.id, mark, event.at))
        if event.name == BOUNCED and event["kind"] == "hard" and not event["already_suppressed"]:
            actions.append(Mark(message.id, "bounced_hard_at", event.at))
    suppressed = _suppressed(event, now)
    if not message.transactional and not event["already_suppressed"]:
        # What SES did not even try is no mark against us: it counts such a bounce in no rate.
        actions += [Harmed(message.id, one.reason, message.at) for one in suppressed]
    actions += suppressed
    if event.name == "message_unsubscribed":
        actions += _unsubscribed(event, message, live, now)
    return replace(event, properties=properties), actions


def _suppressed(event: Event, now: datetime) -> list[Suppress]:
    if event["former_address"]:
        return []  # The address that it is about is suppressed; the customer has another by now.
    if event.name == BOUNCED and event["kind"] == "hard":
        return [Suppress("bounced", now)]
    return [Suppress("complained", now)] if event.name == "message_complained" else []


def _unsubscribed(event: Event, message: KnownMessage, live: Live, now: datetime) -> list[Action]:
    campaign = live.campaign(message.campaign)
    topic = event["topic"] or (campaign.topic if campaign else None)
    topics = list(live.catalog.settings.topics) if event["everything"] else [topic]
    actions: list[Action] = []
    for one in topics:
        if isinstance(one, str):
            withdrawn_id = derived_id("withdrawn", event.id, one)
            withdrawn = Event(event.at, withdrawn_id, "consent_withdrawn", {"topic": one}, now)
            actions += [Consented(one, False, event.at, "unsubscribe"), Emit(withdrawn)]
    return actions


def _meant(event: Event, messages: Sequence[KnownMessage]) -> KnownMessage | None:
    wanted = event["message_id"]
    for message in reversed(messages):
        if wanted:
            if message.id == wanted:
                return message
        elif (
            message.campaign == event["campaign"]
            and (not event["step"] or message.step == event["step"])
            and message.at <= event.at
        ):
            return message
    return None
