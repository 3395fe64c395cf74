"""Feedback of SES over HTTP: verified, normalized, counted once, and put to its message."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from lifecycle import log
from lifecycle.api.body import json_response, read_body
from lifecycle.api.door import Door
from lifecycle.api.followed import mode_now
from lifecycle.api.machine import judge
from lifecycle.api.metrics import Metrics
from lifecycle.api.problems import Problem
from lifecycle.api.way import Way
from lifecycle.catalog.catalog import Catalog
from lifecycle.core.action import Proved
from lifecycle.core.event import Event
from lifecycle.engine.evidence import prove
from lifecycle.failpoints import reach
from lifecycle.send.feedback import Feedback, FeedbackKind, FeedbackRefused, feedback_of
from lifecycle.send.path import feedback_path
from lifecycle.send.sns import BODY_BYTES, SnsKind, SnsMessage, SnsRefused
from lifecycle.sources.address import normalized
from lifecycle.sources.refused import Refused
from lifecycle.store.customers import suppress
from lifecycle.store.events import NewEvent, append
from lifecycle.store.evidence import CANARY, canary_told
from lifecycle.store.messages import message_meant
from lifecycle.store.restored import prove_foregone
from lifecycle.store.tables import METADATA
from lifecycle.store.write import insert_new

FEEDBACK = METADATA.tables["feedback"]
CUSTOMER = METADATA.tables["customer"]
EVENTS = frozenset(
    {
        FeedbackKind.DELIVERED,
        FeedbackKind.BOUNCED,
        FeedbackKind.COMPLAINED,
        FeedbackKind.OPENED,
        FeedbackKind.CLICKED,
        FeedbackKind.REJECTED,
        FeedbackKind.UNRENDERED,
    }
)
"""What becomes an event. That a letter went the engine has said itself; the rest is evidence."""
NOT_SENT = frozenset({FeedbackKind.REJECTED, FeedbackKind.UNRENDERED})
"""SES had accepted the letter, and did not send it after all."""
WAITING = ("planned", "ready", "requeued")
TOLD_OF = frozenset({FeedbackKind.SENT, FeedbackKind.DELIVERED})
"""What SES tells of nearly every letter: how soon, and that it does, is kept."""


def ways(door: Door, metrics: Metrics) -> list[Way]:
    """The way in for Amazon SNS."""

    async def post_feedback(request: Request) -> Response:
        if door.sns is None:
            raise Problem(404, "feedback over HTTP is not set up")
        raw = await read_body(request, BODY_BYTES)
        await run_in_threadpool(_received, door, raw)
        metrics.feedback.inc()
        return json_response({"accepted": 1})

    return [
        Way(
            *("POST", "/v1/feedback/ses", post_feedback, "Deliveries of Amazon SNS, signed"),
            body={"type": "object"},
            answers={200: "Taken in", 403: "The signature does not hold"},
        )
    ]


def _received(door: Door, raw: bytes) -> None:
    assert door.sns is not None
    now = door.clock.now()
    try:
        told = door.sns.verify(raw, now)
    except SnsRefused as refused:
        log.warned("feedback_refused", reason=refused.reason)
        raise Problem(403, refused.reason) from None
    if told.kind is SnsKind.SUBSCRIPTION:
        _confirm(door, told)
        return
    if told.kind is SnsKind.UNSUBSCRIPTION:
        log.warned("feedback_subscription_ended", topic=told.topic_arn)
        return
    try:
        feedback = feedback_of(told.message, now)
    except FeedbackRefused as refused:
        # Sending it again would not make it an event.
        log.warned("feedback_not_understood", reason=refused.reason, sns_id=told.message_id)
        return
    if take_in_feedback_with(door, feedback):
        door.wake()


def _confirm(door: Door, told: SnsMessage) -> None:
    """Confirm the subscription over the API. Where that fails SNS is to ask again."""
    if door.confirm is None or not told.token:
        return
    try:
        door.confirm(told.topic_arn, told.token)
    except Exception as error:
        kind = type(error).__name__
        log.warned("feedback_subscription_not_confirmed", topic=told.topic_arn, error=kind)
        raise Problem(503, f"the subscription could not be confirmed: {kind}") from None
    log.happened("feedback_subscription_confirmed", topic=told.topic_arn)


def take_in_body(door: Door, body: str) -> None:
    """Take in what a queue of ours holds: only Amazon can have put it there, so nothing is signed.

    Returns once it is durable. Raises FeedbackRefused for what is no event of SES.
    """
    if take_in_feedback_with(door, feedback_of(body, door.clock.now())):
        door.wake()


def take_in_feedback_with(door: Door, feedback: Feedback) -> bool:
    """Take in one piece of feedback in a transaction of its own; whether it was new."""
    now = door.clock.now()
    with door.database.write() as connection:
        catalog = door.catalog()
        new, _ = take_in_feedback(connection, feedback, now, door.address_key, catalog)
        if feedback.attempt_id.startswith(CANARY) and feedback.kind in TOLD_OF:
            path = feedback_path(catalog.settings)
            canary_told(connection, feedback.attempt_id, path, now)
        reach("feedback_written")
    reach("feedback_committed")
    return new


def take_in_feedback(
    connection: Connection,
    feedback: Feedback,
    now: datetime,
    address_key: bytes,
    catalog: Catalog | None = None,
) -> tuple[bool, Any | None]:
    """Write what feedback comes to, once however often it comes: its event, and suppressions.

    By the `catalog` opens and clicks are kept as their customers agree. Gives whether it was new,
    and the row of the message it is about, if that is known.
    """
    row = message_meant(
        connection,
        attempt_id=feedback.attempt_id,
        message_id=feedback.message_id,
        provider_id=feedback.ses_message_id,
    )
    if row is not None:
        _prove(connection, feedback, row, now)
    if feedback.message_id and feedback.proves_acceptance and (row is None or row.state in WAITING):
        # After a restoration the journal alone may know of the letter.
        prove_foregone(connection, feedback.message_id, str(feedback.kind))
    key = feedback.dedupe_key
    if connection.execute(select(FEEDBACK).where(FEEDBACK.c.dedupe_key == key)).first():
        return False, row
    insert_new(connection, FEEDBACK, [{"dedupe_key": key, "at": now}])
    at = min(feedback.at, now)
    meant, former = _meant(connection, feedback, row)
    if feedback.suppresses:
        reason = "complained" if feedback.kind is FeedbackKind.COMPLAINED else "bounced"
        found = [(one, reason, at) for one in meant]
        suppress(connection, found, now=now, address_key=address_key)
    if row is None:
        log.warned("feedback_without_message", kind=feedback.kind, ses_id=feedback.ses_message_id)
    elif feedback.kind in EVENTS and not _unfollowed(connection, feedback, row, catalog):
        if feedback.kind in NOT_SENT:
            log.warned(str(feedback.kind), message=row.message_id, detail=feedback.detail)
        told = _properties(feedback, row) | ({"former_address": True} if former else {})
        event = Event(at, f"ses:{key}", str(feedback.kind), told, now)
        append(connection, [NewEvent(row.customer_id, event, now)])
    return True, row


def _unfollowed(
    connection: Connection, feedback: Feedback, row: Any, catalog: Catalog | None
) -> bool:
    """Whether it is an open or a click that is not kept by name; SES may be told to follow, too."""
    if catalog is None or feedback.kind not in (FeedbackKind.OPENED, FeedbackKind.CLICKED):
        return False
    return mode_now(connection, catalog, row) != "individual"


def _prove(connection: Connection, feedback: Feedback, row: Any, now: datetime) -> None:
    """Take feedback as evidence; of what is accepted already, only how soon it came is news."""
    told = feedback.kind in TOLD_OF
    if not feedback.proves_acceptance or (row.state == "accepted" and row.provider_id and not told):
        return
    ids = (feedback.attempt_id, feedback.ses_message_id)
    proof = Proved(row.message_id, now, str(feedback.kind), *ids, told=told)
    prove(connection, row.customer_id, [proof], now)


def _properties(feedback: Feedback, row: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "campaign": row.campaign,
        "step": row.step,
        "variant": row.variant,
        "message_id": row.message_id,
    }
    if feedback.bounce is not None:
        told["kind"] = str(feedback.bounce)
    if feedback.subtype:
        told["subtype"] = feedback.subtype
    if feedback.url:
        told["url"] = feedback.url
    if feedback.kind in NOT_SENT and feedback.detail:
        told["detail"] = feedback.detail
    if feedback.already_suppressed:
        told["already_suppressed"] = True
    if feedback.kind in (FeedbackKind.OPENED, FeedbackKind.CLICKED):
        agent = {"user-agent": feedback.user_agent}
        told |= judge(agent, row.attempted_at, feedback.at, browses=False).told()
    return told


def _meant(connection: Connection, feedback: Feedback, row: Any | None) -> tuple[list[str], bool]:
    """The addresses that feedback is about, and whether its customer has another one by now.

    A letter goes to one address. Where several are told (mailbox providers hide who complained
    behind all who got a letter) and the customer's own is among them, that one is meant.
    """
    told = _addresses(feedback)
    if row is None or not told:
        return told, False
    query = select(CUSTOMER.c.email).where(CUSTOMER.c.customer_id == row.customer_id)
    own = connection.execute(query).scalar()
    if own is None:
        return told, False
    same = [one for one in told if one.lower() == own.lower()]
    return (same, False) if same else (told, True)


def _addresses(feedback: Feedback) -> list[str]:
    found = []
    for one in feedback.recipients:
        try:
            found.append(normalized(one))
        except Refused:
            log.warned("feedback_address_unreadable", ses_id=feedback.ses_message_id)
    return found
