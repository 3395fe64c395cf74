"""What SES tells us about a letter, whatever shape it comes in, as one plain value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from lifecycle.log import redacted
from lifecycle.send.envelope import ATTEMPT_HEADER
from lifecycle.send.ses_rules import ATTEMPT_TAG, MESSAGE_TAG

BODY_CHARACTERS = 1024 * 1024
WRAPPINGS = 4
"""An event may lie in an EventBridge or SNS envelope in a string; deeper is nobody's doing."""
ID_CHARACTERS = 256
ADDRESS_CHARACTERS = 320
RECIPIENTS = 50
URL_CHARACTERS = 2048
TEXT_CHARACTERS = 1024
GREETING = "Successfully validated SNS topic"
"""How SES tries out a topic: plain text, and no event."""


class FeedbackKind(StrEnum):
    """What happened, as our event's name. `OTHER` is everything SES may yet invent."""

    SENT = "message_sent"
    DELIVERED = "message_delivered"
    BOUNCED = "message_bounced"
    COMPLAINED = "message_complained"
    OPENED = "message_opened"
    CLICKED = "message_clicked"
    REJECTED = "message_rejected"
    DELAYED = "message_delayed"
    UNRENDERED = "message_unrendered"
    VOUCHED = "message_vouched_for"
    """Reported as *not* spam: the opposite of a complaint, sent as one."""
    SUBSCRIPTION = "subscription_changed"
    OTHER = "other"


class BounceKind(StrEnum):
    """Hard: the address will never take mail. Soft: it did not this time, or nobody knows."""

    HARD = "hard"
    SOFT = "soft"


class FeedbackRefused(Exception):
    """This is no event of SES, and never will be; `reason` carries no address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Feedback:
    """One event of SES. Texts are empty where it said nothing; `at` is aware, in UTC.

    `attempt_id` and `message_id` are ours, from the tags or our header. `dedupe_key` is the same
    for each copy of one event, however often and in whatever envelope it comes.
    """

    kind: FeedbackKind
    at: datetime
    dedupe_key: str
    ses_message_id: str = ""
    attempt_id: str = ""
    message_id: str = ""
    recipients: tuple[str, ...] = ()
    bounce: BounceKind | None = None
    subtype: str = ""
    """What SES calls it more exactly; of `OTHER`, the type itself."""
    already_suppressed: bool = False
    """SES had the address on a suppression list and did not try: no mark against our rates."""
    url: str = ""
    user_agent: str = ""
    ip_address: str = ""
    feedback_id: str = ""
    detail: str = ""

    @property
    def suppresses(self) -> bool:
        """Whether the recipients must not be mailed again."""
        return self.kind is FeedbackKind.COMPLAINED or self.bounce is BounceKind.HARD

    @property
    def proves_acceptance(self) -> bool:
        """Whether SES must have accepted the attempt for this to have happened."""
        return self.kind not in (FeedbackKind.OTHER, FeedbackKind.SUBSCRIPTION)


_TYPES = {
    "send": (FeedbackKind.SENT, "send"),
    "delivery": (FeedbackKind.DELIVERED, "delivery"),
    "bounce": (FeedbackKind.BOUNCED, "bounce"),
    "complaint": (FeedbackKind.COMPLAINED, "complaint"),
    "open": (FeedbackKind.OPENED, "open"),
    "click": (FeedbackKind.CLICKED, "click"),
    "reject": (FeedbackKind.REJECTED, "reject"),
    "deliverydelay": (FeedbackKind.DELAYED, "deliveryDelay"),
    "renderingfailure": (FeedbackKind.UNRENDERED, "failure"),
    "subscription": (FeedbackKind.SUBSCRIPTION, "subscription"),
}
"""Type of SES in bare letters -> our kind, and the object in which it tells more."""

_RECIPIENT_LISTS = ("bouncedRecipients", "complainedRecipients", "delayedRecipients", "recipients")
_SUBTYPES = ("bounceSubType", "complaintFeedbackType", "delayType", "source")
_DETAILS = ("reason", "errorMessage", "smtpResponse")
_NOT_LETTERS = re.compile("[^a-z]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BRACKETED = re.compile(r"<([^<>]*)>\s*$")


def feedback_of(body: object, received_at: datetime) -> Feedback:
    """Read one event: the body, its JSON text, or either within an SNS or EventBridge envelope.

    Raises `FeedbackRefused` for what cannot be an event; unknown values get the harmless reading
    (an unknown bounce is soft, an unknown type is `OTHER`). `received_at` stands in where the
    event tells no time.
    """
    event = _unwrapped(body)
    if event is None:
        digest = sha256(GREETING.encode()).hexdigest()
        return Feedback(FeedbackKind.OTHER, received_at, digest, detail=GREETING)
    kind, section_name = _kind(event)
    section, mail = _object(event.get(section_name)), _object(event.get("mail"))
    kind = _kind_within(kind, section)
    stamp = _text(section.get("timestamp")) or _text(mail.get("timestamp"))
    recipients = tuple(_recipients(section, mail))
    unknown = _text(event.get("eventType")) or _text(event.get("notificationType"))
    said = {
        "ses_message_id": _text(mail.get("messageId"), ID_CHARACTERS),
        "attempt_id": _tag(mail, ATTEMPT_TAG) or _header(mail, ATTEMPT_HEADER),
        "message_id": _tag(mail, MESSAGE_TAG),
        "url": _text(section.get("link"), URL_CHARACTERS),
        "user_agent": _text(section.get("userAgent")),
        "ip_address": _text(section.get("ipAddress"), ID_CHARACTERS),
        "feedback_id": _text(section.get("feedbackId"), ID_CHARACTERS),
        "subtype": unknown if kind is FeedbackKind.OTHER else _first(section, _SUBTYPES),
    }
    return Feedback(
        kind=kind,
        at=_instant(section.get("timestamp")) or _instant(mail.get("timestamp")) or received_at,
        dedupe_key=_dedupe_key(kind, said, recipients, stamp),
        recipients=recipients,
        bounce=_bounce(kind, section),
        already_suppressed=_already_suppressed(section),
        detail=redacted(_first(section, _DETAILS) or _diagnosis(section)),
        **said,
    )


def _unwrapped(body: object) -> Mapping[str, Any] | None:
    """The event without its envelopes; None for the greeting."""
    for _ in range(WRAPPINGS):
        if isinstance(body, bytes):
            body = body.decode("utf-8", "replace")
        if isinstance(body, str):
            if body.startswith(GREETING):
                return None
            body = _parsed(body)
        if not isinstance(body, Mapping):
            raise FeedbackRefused("not an object")
        if isinstance(body.get("Message"), str) and "Type" in body:
            body = body["Message"]
        elif isinstance(body.get("detail"), Mapping) and "detail-type" in body:
            body = body["detail"]
        else:
            return body
    raise FeedbackRefused("wrapped too often")


def _parsed(text: str) -> object:
    if len(text) > BODY_CHARACTERS:
        raise FeedbackRefused("too long")
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise FeedbackRefused("not JSON") from error


def _kind(event: Mapping[str, Any]) -> tuple[FeedbackKind, str]:
    for name in ("eventType", "notificationType"):
        told = event.get(name)
        if isinstance(told, str) and told:
            return _TYPES.get(_NOT_LETTERS.sub("", told.lower()), (FeedbackKind.OTHER, ""))
    present = [known for known in _TYPES.values() if isinstance(event.get(known[1]), Mapping)]
    if len(present) != 1:
        raise FeedbackRefused("neither an event type nor a notification type")
    return present[0]


def _kind_within(kind: FeedbackKind, section: Mapping[str, Any]) -> FeedbackKind:
    told = _NOT_LETTERS.sub("", _text(section.get("complaintFeedbackType")).lower())
    vouched = kind is FeedbackKind.COMPLAINED and told == "notspam"
    return FeedbackKind.VOUCHED if vouched else kind


def _bounce(kind: FeedbackKind, section: Mapping[str, Any]) -> BounceKind | None:
    if kind is not FeedbackKind.BOUNCED:
        return None
    permanent = _text(section.get("bounceType")).strip().lower() == "permanent"
    return BounceKind.HARD if permanent else BounceKind.SOFT


def _already_suppressed(section: Mapping[str, Any]) -> bool:
    told = (_text(section.get(name)).lower() for name in ("bounceSubType", "complaintSubType"))
    return any("suppress" in one for one in told)


def _recipients(section: Mapping[str, Any], mail: Mapping[str, Any]) -> Iterator[str]:
    """The addresses concerned, each once, in a fixed order."""
    lists = [section.get(name) for name in _RECIPIENT_LISTS]
    told = next((one for one in lists if one and isinstance(one, list)), mail.get("destination"))
    entries = told if isinstance(told, list) else [told]
    found = {_address(entry) for entry in entries} - {""}
    yield from sorted(found)[:RECIPIENTS]


def _address(entry: object) -> str:
    text = _text(entry.get("emailAddress") if isinstance(entry, Mapping) else entry)
    bracketed = _BRACKETED.search(text)
    address = (bracketed[1] if bracketed else text).strip()
    return address if "@" in address and len(address) <= ADDRESS_CHARACTERS else ""


def _tag(mail: Mapping[str, Any], name: str) -> str:
    told = _object(mail.get("tags")).get(name)
    values = told if isinstance(told, list) else [told]
    return next((text for text in (_text(one, ID_CHARACTERS) for one in values) if text), "")


def _header(mail: Mapping[str, Any], wanted: str) -> str:
    headers = mail.get("headers")
    for header in headers if isinstance(headers, list) else ():
        if _text(_object(header).get("name")).lower() == wanted.lower():
            return _text(header.get("value"), ID_CHARACTERS).strip()
    return ""


def _diagnosis(section: Mapping[str, Any]) -> str:
    for name in _RECIPIENT_LISTS:
        entries = section.get(name)
        for entry in entries if isinstance(entries, list) else ():
            told = _text(_object(entry).get("diagnosticCode"))
            if told:
                return told
    return ""


def _dedupe_key(
    kind: FeedbackKind, said: Mapping[str, str], recipients: tuple[str, ...], stamp: str
) -> str:
    """Feedback ids tell bounces and complaints apart, instants the rest; a send happens once."""
    mark = said["feedback_id"] or (_same_instant(stamp) if kind is not FeedbackKind.SENT else "")
    parts = [kind, said["ses_message_id"] or said["attempt_id"], mark]
    parts += [one.lower() for one in recipients]
    if kind in (FeedbackKind.OPENED, FeedbackKind.CLICKED):
        parts += [said["url"], said["user_agent"], said["ip_address"]]
    elif kind is FeedbackKind.OTHER:
        parts.append(said["subtype"])
    return sha256(json.dumps(parts).encode()).hexdigest()


def _same_instant(stamp: str) -> str:
    instant = _instant(stamp)
    return instant.isoformat() if instant else stamp


def _instant(stamp: object) -> datetime | None:
    try:
        instant = datetime.fromisoformat(_text(stamp).strip())
        if instant.tzinfo is None:
            return instant.replace(tzinfo=UTC)
        return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _first(section: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((text for text in (_text(section.get(name)) for name in names) if text), "")


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object, limit: int = TEXT_CHARACTERS) -> str:
    return _UNSTORABLE.sub("\ufffd", value[:limit]) if isinstance(value, str) else ""
