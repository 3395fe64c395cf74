"""What doctor tells of the transport: its account, pace and quota, what stops it, feedback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from lifecycle.errors import LifecycleError

SMALL_SHARE = 0.1
"""Below this share of the day's quota what is left is worth a warning."""
HEALTHY, PROBATION = "HEALTHY", "PROBATION"
Told = tuple[str, Literal["ok", "warning", "error"], str]


def account_standing(root: Path, settings: Any) -> Iterator[Told]:
    """What the transport itself answers: about what, how it is, and in words."""
    from lifecycle.cli.wiring import transport_of
    from lifecycle.send.ses import Ses, SesUnavailable

    try:
        transport = transport_of(root, settings)
    except LifecycleError as error:
        yield "transport", "error", str(error)
        return
    try:
        if not isinstance(transport, Ses):
            yield "transport", "ok", f"{transport.name}, chosen in settings.toml"
            return
        yield from _account(transport.get_account(), settings.ses)
    except SesUnavailable as error:
        yield "transport", "error", f"SES does not answer: {error.outcome.detail}"
    finally:
        transport.close()


def _account(account: Any, ses: Any) -> Iterator[Told]:
    day = "unlimited" if account.per_day is None else f"{account.per_day:.0f}"
    way = "in bulk" if ses.mode == "bulk" else "one by one"
    rate, sent = f"{account.per_second:g} a second", f"{account.sent_last_day:.0f}"
    told = f"SES {way}, {rate}, {sent} of {day} a day"
    if account.sending_enabled:
        yield "transport", "ok", told
    else:
        yield "transport", "error", f"{told}; the account's sending is paused"
    if not account.production:
        told = "the account is in the sandbox: letters go to verified addresses alone"
        yield "transport", "warning", told
    if account.enforcement == PROBATION:
        told = "AWS reviews the account: read its message, and look at report deliverability"
        yield "transport", "warning", told
    elif account.enforcement not in ("", HEALTHY):
        yield "transport", "error", f"the account is not healthy at AWS: {account.enforcement}"


def feedback_standing(settings: Any) -> Iterator[Told]:
    """Which way bounces and complaints come back, and whether it answers."""
    if settings.transport.kind != "ses":
        yield "feedback", "ok", "not needed by this transport"
        return
    topics, queue = settings.ses.feedback_topics, settings.ses.feedback_queue
    if topics:
        yield "feedback", "ok", "over HTTP from SNS: POST /v1/feedback/ses"
    if queue is not None:
        yield _queue(settings.ses)
    if not topics and queue is None:
        told = "no path is set: [ses] feedback_queue or feedback_topics; bounces go unnoticed"
        yield "feedback", "error", told


def _queue(ses: Any) -> Told:
    from lifecycle.cli.place import secret
    from lifecycle.send.sqs import SqsFeedback

    try:
        queue = SqsFeedback(secret(ses.feedback_queue, "the feedback queue"), ses.region)
        waiting = queue.waiting()
    except LifecycleError as error:
        return "feedback", "error", str(error)
    return "feedback", "ok", f"from a queue of SQS, in which {waiting} wait"


def transport_standing(connection: Any, settings: Any) -> Iterator[Told]:
    """What the database knows of the transport: about what, how it is, and in words."""
    from lifecycle.core.stoppage import RATE
    from lifecycle.insight.transport import sentences, standing

    kind = settings.transport.kind
    if kind == "outbox":
        return
    found = standing(connection, kind)
    told, left = found.told, found.left_today
    if told is not None:
        day = "the day's quota is unlimited"
        if left is not None and told.per_day is not None:
            kept = f"{told.reserve} of them kept for transactional letters"
            day = f"{left} of {told.per_day:.0f} letters left today, {kept}"
        few = left is not None and told.per_day and left < SMALL_SHARE * told.per_day
        words = f"{told.per_second:g} a second, {day}; asked at {told.told_at}"
        yield "pace", "warning" if few else "ok", words
    for one, sentence in zip(found.stopped, sentences(found), strict=True):
        yield "stopped", "warning" if one.scope == RATE else "error", sentence
