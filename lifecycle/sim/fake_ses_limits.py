"""What SES refuses: its limits restated, sharing no code with the sender they judge."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle.sim.fake_ses_faults import Refusal

UNLIMITED = -1.0
RECIPIENTS = 50
ENTRIES = 50
HEADERS = 15
HEADER_CHARACTERS = 996
"""Name and value together."""
DATA_CHARACTERS = 262_144
INLINE_BYTES = 1024 * 1024
"""A whole request with an inline template."""
MESSAGE_BYTES = 40 * 1024 * 1024
"""A message in base64."""
RAW_LINE = 1000
MIME_PARTS = 500
FILE_NAME_CHARACTERS = 255
TAG_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")

_HEADER_NAME = re.compile(r"[!-9;-@A-~]{1,126}")
_HEADER_VALUE = re.compile(r"[ -~]{1,995}")
_SET_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ADDRESS = re.compile(r"[!-+./0-9:=?A-~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_MAILBOX = re.compile(r"(?:[ -~]*<([^<>]*)>|([^<>]*))")
_DISPOSITIONS = (None, "ATTACHMENT", "INLINE")
_ENCODINGS = (None, "BASE64", "QUOTED_PRINTABLE", "SEVEN_BIT")
_FILES_REFUSED = frozenset(
    "ade adp app asp bas bat cer chm cmd com cpl crt csh der exe fxp gadget hlp hta inf ins isp"
    " its js jse ksh lib lnk mad maf mag mam maq mar mas mat mau mav maw mda mdb mde mdt mdw mdz"
    " msc msh msh1 msh2 mshxml msh1xml msh2xml msi msp mst ops pcd pif plg prf prg reg scf scr sct"
    " shb shs sys ps1 ps1xml ps2 ps2xml psc1 psc2 tmp url vb vbe vbs vps vsmacros vss vst vsw vxd"
    " ws wsc wsf wsh xnk".split()
)


@dataclass(frozen=True, slots=True)
class Limits:
    """The account behind the stand-in; None allows every sender or configuration set.

    `sender_domains` are the verified identities, domains or whole addresses; in the sandbox only
    they, and SES's own simulator, can be written to. `per_day` of -1 is unlimited.
    """

    per_second: float = 10_000.0
    per_day: float = 10_000_000.0
    sender_domains: frozenset[str] | None = None
    configuration_sets: frozenset[str] | None = None
    sandbox: bool = False
    burst_seconds: float = 1.0
    """How many seconds' worth of letters may come at once after a rest."""
    bulk_calls_per_second: float | None = None
    """SES does not say whether bulk calls have a limit of their own; None = no."""


def check_single(request: Mapping[str, Any]) -> None:
    """Refuse what SES refuses of SendEmail, but for a raw message's own text. Raises `Refusal`."""
    content = _object(request.get("Content"), "Content")
    given = [kind for kind in ("Simple", "Raw", "Template") if content.get(kind) is not None]
    require(len(given) == 1, "Content must be exactly one of Simple, Raw and Template")
    part = _object(content[given[0]], given[0])
    if given[0] != "Raw":
        check_recipients(recipients_of(request.get("Destination")))
        mailbox(request.get("FromEmailAddress"), "FromEmailAddress")
    _check_around(request, request.get("EmailTags"))
    if given[0] == "Simple":
        _check_simple(part)
    elif given[0] == "Template":
        check_template(part)


def check_bulk(request: Mapping[str, Any], size: int) -> list[Mapping[str, Any]]:
    """Refuse what SES refuses of SendBulkEmail as a whole; gives the entries. Raises `Refusal`."""
    content = _object(request.get("DefaultContent"), "DefaultContent")
    template = _object(content.get("Template"), "DefaultContent.Template")
    check_template(template)
    require(size <= INLINE_BYTES, "The request is larger than 1 MB")
    mailbox(request.get("FromEmailAddress"), "FromEmailAddress")
    _check_around(request, request.get("DefaultEmailTags"))
    entries = request.get("BulkEmailEntries")
    require(isinstance(entries, list) and bool(entries), "BulkEmailEntries must not be empty")
    assert isinstance(entries, list)
    require(len(entries) <= ENTRIES, f"BulkEmailEntries must be at most {ENTRIES}")
    found = [_object(one, "BulkEmailEntries") for one in entries]
    total = 0
    for one in found:
        total += len(recipients_of(one.get("Destination")))
        check_headers(one.get("ReplacementHeaders"))
        check_tags(one.get("ReplacementTags"))
        check_data(replacement_of(one))
    require(total <= RECIPIENTS, f"Recipient count must be at most {RECIPIENTS}")
    return found


def replacement_of(entry: Mapping[str, Any]) -> Any:
    """The text of an entry's replacement data, as it came; None where it has none."""
    content = _object(entry.get("ReplacementEmailContent") or {}, "ReplacementEmailContent")
    template = _object(content.get("ReplacementTemplate") or {}, "ReplacementTemplate")
    return template.get("ReplacementTemplateData")


def check_template(template: Mapping[str, Any]) -> None:
    """Refuse what SES refuses of a template given in the request. Raises `Refusal`."""
    names = ("TemplateName", "TemplateArn", "TemplateContent")
    given = [name for name in names if template.get(name) is not None]
    require(len(given) == 1, "Template needs exactly one of its name, its ARN and its content")
    if given[0] != "TemplateContent":
        raise Refusal(404, "NotFoundException", f"Template {template[given[0]]} does not exist.")
    content = _object(template["TemplateContent"], "TemplateContent")
    texts = [content.get(name) or "" for name in ("Subject", "Text", "Html")]
    require(all(isinstance(text, str) for text in texts), "TemplateContent holds texts")
    require(bool(texts[0]), "TemplateContent has no subject")
    require(bool(texts[1] or texts[2]), "TemplateContent has neither text nor HTML")
    check_headers(template.get("Headers"))
    check_data(template.get("TemplateData"))
    _check_attachments(template.get("Attachments"))


def check_data(data: Any) -> None:
    """Refuse template data that is too long or no text. Raises `Refusal`."""
    require(data is None or isinstance(data, str), "Template data must be a text")
    require(len(data or "") <= DATA_CHARACTERS, "Template data is too long")


def check_recipients(recipients: Sequence[str]) -> tuple[str, ...]:
    """Their bare addresses; refuses none, too many, and what is none. Raises `Refusal`."""
    require(1 <= len(recipients) <= RECIPIENTS, "Recipient count must be between 1 and 50")
    return tuple(mailbox(one, "recipient") for one in recipients)


def check_headers(headers: Any) -> None:
    """Refuse what cannot be a letter's further headers. Raises `Refusal`."""
    if not headers:
        return
    require(isinstance(headers, list) and len(headers) <= HEADERS, "Too many headers")
    names = set()
    for header in headers:
        name, value = str(header.get("Name", "")), str(header.get("Value", ""))
        require(_HEADER_NAME.fullmatch(name) is not None, "Invalid header name")
        require(_HEADER_VALUE.fullmatch(value) is not None, "Invalid header value")
        require(len(name) + len(value) <= HEADER_CHARACTERS, "Header too long")
        names.add(name.lower())
    require(len(names) == len(headers), "Duplicate header")


def check_tags(tags: Any) -> None:
    """Refuse a tag with characters that no tag has, or one said twice. Raises `Refusal`."""
    names = set()
    for tag in tags or ():
        name, value = str(tag.get("Name")), str(tag.get("Value"))
        legal = TAG_NAME.fullmatch(name) and TAG_NAME.fullmatch(value)
        require(legal is not None, "Invalid tag")
        names.add(name)
    require(len(names) == len(tags or ()), "Duplicate tag")


def recipients_of(destination: Any) -> list[str]:
    """All that a destination names, as they stand there."""
    told = _object(destination or {}, "Destination")
    kinds = ("ToAddresses", "CcAddresses", "BccAddresses")
    return [str(one) for kind in kinds for one in told.get(kind) or ()]


def mailbox(said: Any, about: str) -> str:
    """The bare address of a mailbox, with or without a name. Raises `Refusal`."""
    match = _MAILBOX.fullmatch(said) if isinstance(said, str) else None
    address = (match[1] or match[2] or "").strip() if match else ""
    require(_ADDRESS.fullmatch(address) is not None, f"Invalid {about} address")
    return address


def require(holds: bool, message: str) -> None:
    """Raise the `Refusal` of a bad request unless the condition holds."""
    if not holds:
        raise Refusal(400, "BadRequestException", message)


def _check_around(request: Mapping[str, Any], tags: Any) -> None:
    for one in request.get("ReplyToAddresses") or ():
        mailbox(one, "reply-to")
    check_tags(tags)
    name = request.get("ConfigurationSetName")
    require(name is None or _SET_NAME.fullmatch(str(name)) is not None, "Invalid set name")


def _check_simple(simple: Mapping[str, Any]) -> None:
    subject = str(_object(simple.get("Subject"), "Subject").get("Data", ""))
    require("\n" not in subject and "\r" not in subject, "Invalid subject")
    body = _object(simple.get("Body"), "Body")
    texts = [str(part.get("Data", "")) for part in (body.get("Text"), body.get("Html")) if part]
    require(bool(texts), "Missing body")
    check_headers(simple.get("Headers"))
    size = sum(len(text.encode("utf-8", "replace")) for text in texts)
    size += _check_attachments(simple.get("Attachments"))
    require(size * 4 / 3 < MESSAGE_BYTES, "Message too long")


def _check_attachments(attachments: Any) -> int:
    """Refuse what SES refuses of attachments; gives their bytes. Raises `Refusal`."""
    size = 0
    for one in attachments or ():
        name = str(_object(one, "Attachment").get("FileName") or "")
        require(0 < len(name) <= FILE_NAME_CHARACTERS, "Invalid file name")
        ending = name.rpartition(".")[2].lower()
        if ending in _FILES_REFUSED:
            raise Refusal(400, "MessageRejected", f"Attachments of type .{ending} are not allowed")
        require(len(one.get("ContentType") or "") <= 78, "Invalid content type")
        require(len(one.get("ContentId") or "") <= 78, "Invalid content id")
        require(one.get("ContentDisposition") in _DISPOSITIONS, "Invalid disposition")
        require(one.get("ContentTransferEncoding") in _ENCODINGS, "Invalid encoding")
        try:
            size += len(b64decode(one.get("RawContent") or "", validate=True))
        except (ValueError, TypeError):
            raise Refusal(400, "BadRequestException", "RawContent is not base64") from None
    return size


def _object(value: Any, about: str) -> Mapping[str, Any]:
    require(isinstance(value, dict), f"{about} is missing or not an object")
    assert isinstance(value, dict)
    return value
