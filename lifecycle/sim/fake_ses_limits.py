"""What SES refuses: its limits restated, sharing no code with the sender they judge."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lifecycle.sim.fake_ses_faults import Refusal

_HEADER_NAME = re.compile(r"[!-9;-@A-~]{1,126}")
_HEADER_VALUE = re.compile(r"[ -~]{1,995}")
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_RECIPIENT = re.compile(r"[!-?A-~]+@[A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Limits:
    """The account behind the stand-in; None allows every sender domain or configuration set."""

    per_second: float = 10_000.0
    per_day: float = 10_000_000.0
    sender_domains: frozenset[str] | None = None
    configuration_sets: frozenset[str] | None = None


def check(request: dict[str, Any], limits: Limits) -> None:
    """Refuse what SES refuses. Raises `Refusal`."""
    simple = request.get("Content", {}).get("Simple")
    require(isinstance(simple, dict), "Content must be Simple")
    destination = request.get("Destination", {})
    recipients = [
        one for kind in ("To", "Cc", "Bcc") for one in destination.get(f"{kind}Addresses", ())
    ]
    require(1 <= len(recipients) <= 50, "Recipient count must be between 1 and 50")
    require(all(_RECIPIENT.fullmatch(one) for one in recipients), "Invalid recipient address")
    headers = simple.get("Headers", ())
    require(len(headers) <= 15, "Too many headers")
    for header in headers:
        name, value = str(header.get("Name", "")), str(header.get("Value", ""))
        require(_HEADER_NAME.fullmatch(name) is not None, "Invalid header name")
        require(_HEADER_VALUE.fullmatch(value) is not None, "Invalid header value")
        require(len(name) + len(value) <= 996, "Header too long")
    names = [str(header.get("Name", "")).lower() for header in headers]
    require(len(set(names)) == len(names), "Duplicate header")
    for tag in request.get("EmailTags", ()):
        legal = _TAG.fullmatch(str(tag.get("Name"))) and _TAG.fullmatch(str(tag.get("Value")))
        require(legal is not None, "Invalid tag")
    body = simple.get("Body", {})
    texts = [part.get("Data", "") for part in (body.get("Text"), body.get("Html")) if part]
    require(bool(texts), "Missing body")
    require(sum(len(text.encode()) for text in texts) * 4 / 3 < 40 * 2**20, "Message too long")
    subject = simple.get("Subject", {}).get("Data", "")
    require("\n" not in subject and "\r" not in subject, "Invalid subject")
    _check_set_up(request, limits)


def _check_set_up(request: dict[str, Any], limits: Limits) -> None:
    domain = str(request.get("FromEmailAddress", "")).rstrip("> ").rpartition("@")[2]
    if limits.sender_domains is not None and domain not in limits.sender_domains:
        raise Refusal(400, "MessageRejected", "Email address is not verified.")
    name = request.get("ConfigurationSetName")
    if name and limits.configuration_sets is not None and name not in limits.configuration_sets:
        raise Refusal(404, "NotFoundException", f"Configuration set <{name}> does not exist.")


def require(holds: bool, message: str) -> None:
    """Raise the `Refusal` of a bad request unless the condition holds."""
    if not holds:
        raise Refusal(400, "BadRequestException", message)
