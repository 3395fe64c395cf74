"""The letters that a request to the stand-in for SES holds, whichever call it came by."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

from lifecycle.sim.fake_ses_faults import Refusal
from lifecycle.sim.fake_ses_limits import (
    MESSAGE_BYTES,
    MIME_PARTS,
    RAW_LINE,
    TAG_NAME,
    check_recipients,
    mailbox,
    recipients_of,
    replacement_of,
    require,
)
from lifecycle.sim.fake_ses_template import Template, data_of, template_of

ATTEMPT_TAG = "attempt_id"
MESSAGE_TAG = "message_id"
ATTEMPT_HEADER = "x-lifecycle-attempt"
ONCE = (
    *("from", "to", "cc", "subject", "reply-to", "sender", "date", "message-id"),
    *("mime-version", "content-type", "list-unsubscribe", "list-unsubscribe-post", "list-id"),
)
"""Headers of a raw message that may stand there once alone."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One letter as it was posted, before anybody knows whether it is accepted."""

    by: str
    source: str
    """The sender as written."""
    recipients: tuple[str, ...]
    """Bare addresses."""
    tags: Mapping[str, str]
    headers: tuple[tuple[str, str], ...]
    subject: str
    configuration_set: str | None = None
    text: str = ""
    html: str = ""
    raw: bytes = b""
    template: Template | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    missing: str = ""
    """The name for which the template found no value: accepted, and never delivered."""

    @property
    def attempt_id(self) -> str:
        """Whose attempt this is, by its tag, else by our header."""
        said = self.tags.get(ATTEMPT_TAG)
        if said:
            return said
        return next((value for name, value in self.headers if name.lower() == ATTEMPT_HEADER), "")

    @property
    def message_id(self) -> str:
        """Whose message this is, by its tag."""
        return self.tags.get(MESSAGE_TAG, "")

    @property
    def bodies(self) -> tuple[str, str]:
        """Text and HTML as the recipient sees them."""
        if self.template is None:
            return self.text, self.html
        filled = self.template.filled
        return filled(self.template.text, self.data), filled(self.template.html, self.data)


def single_of(request: Mapping[str, Any]) -> Posted:
    """The letter of a SendEmail that was checked. Raises `Refusal`."""
    content = request["Content"]
    if content.get("Raw") is not None:
        return _raw(request, content["Raw"])
    recipients = check_recipients(recipients_of(request.get("Destination")))
    around: dict[str, Any] = {
        "source": str(request["FromEmailAddress"]),
        "recipients": recipients,
        "tags": _tags(request.get("EmailTags")),
        "configuration_set": request.get("ConfigurationSetName"),
    }
    if content.get("Template") is not None:
        said = content["Template"]
        template = _template(said)
        data = data_of(said.get("TemplateData"))
        return _templated("template", template, data, _headers(said.get("Headers")), around)
    simple = content["Simple"]
    body = simple["Body"]
    return Posted(
        by="single",
        headers=_headers(simple.get("Headers")),
        subject=str(simple["Subject"].get("Data", "")),
        text=str((body.get("Text") or {}).get("Data", "")),
        html=str((body.get("Html") or {}).get("Data", "")),
        **around,
    )


class Bulk:
    """The letters of a SendBulkEmail that was checked, one for each entry. Raises `Refusal`."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        said = request["DefaultContent"]["Template"]
        self._source = str(request["FromEmailAddress"])
        self._set = request.get("ConfigurationSetName")
        self._tags = _tags(request.get("DefaultEmailTags"))
        self._headers = _headers(said.get("Headers"))
        self._template = _template(said)
        self._default = data_of(said.get("TemplateData"))

    @property
    def source(self) -> str:
        """The sender of all, as written."""
        return self._source

    @property
    def configuration_set(self) -> str | None:
        """The configuration set of all."""
        return self._set

    def letter(self, entry: Mapping[str, Any]) -> Posted:
        """The letter of one entry. Raises `Refusal` for an address or data that is none."""
        recipients = check_recipients(recipients_of(entry.get("Destination")))
        data = data_of(replacement_of(entry)) or self._default
        replaced = _headers(entry.get("ReplacementHeaders"))
        headers = replaced
        if self._headers:
            names = {name.lower() for name, _ in replaced}
            kept = (one for one in self._headers if one[0].lower() not in names)
            headers = (*kept, *replaced)
        around: dict[str, Any] = {
            "source": self._source,
            "recipients": recipients,
            "tags": {**self._tags, **_tags(entry.get("ReplacementTags"))},
            "configuration_set": self._set,
        }
        return _templated("bulk", self._template, data, headers, around)


def _templated(
    by: str,
    template: Template,
    data: Mapping[str, Any],
    headers: tuple[tuple[str, str], ...],
    around: Mapping[str, Any],
) -> Posted:
    return Posted(
        by=by,
        headers=headers,
        subject=template.filled(template.subject, data),
        template=template,
        data=data,
        missing=template.missing(data),
        **around,
    )


def _template(said: Mapping[str, Any]) -> Template:
    content = said["TemplateContent"]
    return template_of(*(content.get(name) or "" for name in ("Subject", "Text", "Html")))


def _raw(request: Mapping[str, Any], raw: Mapping[str, Any]) -> Posted:
    """A raw message: its recipients and X-SES headers are read as SES reads them."""
    try:
        data = b64decode(raw.get("Data") or "", validate=True)
    except (ValueError, TypeError):
        raise Refusal(400, "BadRequestException", "Raw data is not base64") from None
    require(len(raw.get("Data") or "") <= MESSAGE_BYTES, "Message too long")
    require(b"\n\n" in data or b"\r\n\r\n" in data, "Raw data has no body")
    longest = max(len(line) for line in data.split(b"\n"))
    require(longest <= RAW_LINE, "A line of the raw message is too long")
    message = message_from_bytes(data, policy=policy.SMTP)
    assert isinstance(message, EmailMessage)
    require(sum(1 for _ in message.walk()) <= MIME_PARTS, "Too many MIME parts")
    for name in ONCE:
        require(len(message.get_all(name, [])) <= 1, f"Duplicate header '{name}'.")
    headers = [(name, str(value)) for name, value in message.items()]
    source = request.get("FromEmailAddress") or str(message.get("From", ""))
    mailbox(_plain(source), "From")
    destination = recipients_of(request.get("Destination")) or _in_headers(message)
    recipients = check_recipients(destination)
    tags = _tags(request.get("EmailTags")) or _tags_in(message.get("X-SES-MESSAGE-TAGS"))
    chosen = request.get("ConfigurationSetName") or message.get("X-SES-CONFIGURATION-SET")
    kept = [one for one in headers if not one[0].lower().startswith("x-ses-")]
    return Posted(
        by="raw",
        source=str(source),
        recipients=recipients,
        tags=tags,
        headers=tuple(one for one in kept if one[0].lower() != "bcc"),
        subject=str(message.get("Subject", "")),
        configuration_set=None if chosen is None else str(chosen).strip(),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        raw=data,
    )


def _in_headers(message: EmailMessage) -> list[str]:
    said = [str(one) for name in ("to", "cc", "bcc") for one in message.get_all(name, [])]
    return [address for _, address in getaddresses(said) if address]


def _plain(said: str) -> str:
    """A mailbox without its name, which a raw message may hold in any script."""
    return next((address for _, address in getaddresses([said])), "")


def _tags_in(said: Any) -> dict[str, str]:
    """Tags as the header has them: `name=value, name=value`."""
    found = {}
    for one in filter(None, (part.strip() for part in str(said or "").split(","))):
        name, _, value = one.partition("=")
        require(bool(TAG_NAME.fullmatch(name) and TAG_NAME.fullmatch(value)), "Invalid tag")
        found[name] = value
    return found


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):
        return ""


def _tags(tags: Any) -> dict[str, str]:
    return {str(tag["Name"]): str(tag["Value"]) for tag in tags or ()}


def _headers(headers: Any) -> tuple[tuple[str, str], ...]:
    return tuple((str(one["Name"]), str(one["Value"])) for one in headers or ())
