"""Events as SES publishes them: the body of each type, and the SNS envelope around it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lifecycle.core.chance import derived_id

ACCOUNT_ID = "123456789012"
TOPIC_ARN = f"arn:aws:sns:eu-central-1:{ACCOUNT_ID}:lifecycle-feedback"
HEADERS_BYTES = 10 * 1024
"""What SES tells of the headers at most; then they are cut."""
EXPIRES_AFTER = timedelta(hours=12)
SUBJECT = "Amazon SES Email Event Notification"
SECTIONS = {
    "Send": "send",
    "Delivery": "delivery",
    "Bounce": "bounce",
    "Complaint": "complaint",
    "Open": "open",
    "Click": "click",
    "Reject": "reject",
    "DeliveryDelay": "deliveryDelay",
    "Rendering Failure": "failure",
}
"""Type of an event -> the object in which it tells more."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What every event of one letter says of it."""

    message_id: str
    at: datetime
    source: str
    recipients: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    subject: str
    tags: Mapping[str, str]
    configuration_set: str

    def told(self) -> dict[str, Any]:
        """The `mail` object."""
        own = [("From", self.source), ("To", ", ".join(self.recipients))]
        own += [("Subject", self.subject), ("MIME-Version", "1.0")]
        headers, size = [], 0
        named = {name for name, _ in own}
        for name, value in (*own, *(one for one in self.headers if one[0] not in named)):
            size += len(name) + len(value)
            if size > HEADERS_BYTES:
                break
            headers.append({"name": name, "value": value})
        address = self.source.rpartition("<")[2].rstrip("> ")
        tags = {
            "ses:operation": ["SendEmail"],
            "ses:configuration-set": [self.configuration_set],
            "ses:source-ip": ["192.0.2.1"],
            "ses:from-domain": [address.rpartition("@")[2]],
            "ses:caller-identity": ["stand-in"],
        }
        return {
            "timestamp": _stamp(self.at),
            "source": self.source,
            "sourceArn": f"arn:aws:ses:eu-central-1:{ACCOUNT_ID}:identity/{address}",
            "sendingAccountId": ACCOUNT_ID,
            "messageId": self.message_id,
            "destination": list(self.recipients),
            "headersTruncated": size > HEADERS_BYTES,
            "headers": headers,
            "commonHeaders": {
                "from": [self.source],
                "to": list(self.recipients),
                "messageId": self.message_id,
                "subject": self.subject,
            },
            "tags": {**tags, **{name: [value] for name, value in self.tags.items()}},
        }


@dataclass(frozen=True, slots=True)
class MailEvent:
    """One event of a letter, told only when somebody fetches it."""

    kind: str
    mail: Mail
    recipient: str
    at: datetime
    details: Mapping[str, Any]

    def body(self) -> str:
        """The event as SES writes it."""
        section = _SECTION[self.kind](self)
        told = {"eventType": self.kind, "mail": self.mail.told(), SECTIONS[self.kind]: section}
        return json.dumps(told, separators=(",", ":"))

    def feedback_id(self) -> str:
        """What tells two bounces or complaints apart."""
        digest = derived_id(self.mail.message_id, self.kind, self.recipient, str(self.at))
        return f"{digest[:16]}-{digest[16:24]}-{digest[24:]}-000000"


def envelope(event: MailEvent, now: datetime, topic: str = TOPIC_ARN) -> dict[str, str]:
    """The notification of SNS around an event, unsigned; copies of one event are all the same."""
    body = event.body()
    digest = derived_id(body)
    identity = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))
    return {
        "Type": "Notification",
        "MessageId": identity,
        "TopicArn": topic,
        "Subject": SUBJECT,
        "Message": body,
        "Timestamp": _stamp(now),
    }


def _bounce(event: MailEvent) -> dict[str, Any]:
    said = event.details
    recipient = {"emailAddress": event.recipient, "action": "failed"}
    recipient |= {key: said[key] for key in ("status", "diagnosticCode") if key in said}
    return {
        "feedbackId": event.feedback_id(),
        "bounceType": said["bounceType"],
        "bounceSubType": said["bounceSubType"],
        "bouncedRecipients": [recipient],
        "timestamp": _stamp(event.at),
        "reportingMTA": "dsn; mta.stand-in.example",
    }


def _complaint(event: MailEvent) -> dict[str, Any]:
    told = {
        "feedbackId": event.feedback_id(),
        "complaintSubType": event.details.get("complaintSubType"),
        "complainedRecipients": [{"emailAddress": event.recipient}],
        "timestamp": _stamp(event.at),
        "arrivalDate": _stamp(event.at),
    }
    if "complaintFeedbackType" in event.details:
        told["complaintFeedbackType"] = event.details["complaintFeedbackType"]
        told["userAgent"] = "Stand-in feedback loop"
    return told


def _delivery(event: MailEvent) -> dict[str, Any]:
    return {
        "timestamp": _stamp(event.at),
        "processingTimeMillis": int((event.at - event.mail.at) / timedelta(milliseconds=1)),
        "recipients": [event.recipient],
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "mta.stand-in.example",
    }


def _delay(event: MailEvent) -> dict[str, Any]:
    return {
        "timestamp": _stamp(event.at),
        "delayType": event.details["delayType"],
        "expirationTime": _stamp(event.at + EXPIRES_AFTER),
        "delayedRecipients": [
            {
                "emailAddress": event.recipient,
                "status": "4.2.2",
                "diagnosticCode": "smtp; 452 4.2.2 mailbox full",
            }
        ],
    }


def _seen(event: MailEvent) -> dict[str, Any]:
    told = {"timestamp": _stamp(event.at), **event.details}
    return {**told, "linkTags": None} if event.kind == "Click" else told


def _plainly(event: MailEvent) -> dict[str, Any]:
    return dict(event.details)


_SECTION = {
    "Send": _plainly,
    "Delivery": _delivery,
    "Bounce": _bounce,
    "Complaint": _complaint,
    "Open": _seen,
    "Click": _seen,
    "Reject": _plainly,
    "DeliveryDelay": _delay,
    "Rendering Failure": _plainly,
}


def _stamp(at: datetime) -> str:
    """An instant as Amazon writes it: UTC, milliseconds, Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
