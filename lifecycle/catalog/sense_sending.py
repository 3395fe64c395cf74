"""What settings say of senders and of SES, and with which no letter could leave."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lifecycle.catalog.document import Document
from lifecycle.catalog.folder import SETTINGS
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem
from lifecycle.catalog.project import Project
from lifecycle.core.settings import SesSettings, Settings

MOST_HEAD = 900
"""Characters of a name as encoded words, and its address: they stand in one line of the head."""
WORD_BYTES, WORD_CHARACTERS = 42, 73
"""What one encoded word holds at least, and how long it is with the blank after it."""
MOST_ADDRESS = 254
_NAMED = re.compile(r"\s*(?P<name>[^<>]*?)\s*<\s*(?P<address>[^<>\s]+)\s*>\s*")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"(?!-)(?:[A-Za-z0-9_-]|[^\x00-\x7f]){1,63}(?<!-)")
_SET = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REGION = re.compile(r"[A-Za-z0-9-]{1,63}")
_ELSEWHERE = "env:"
SENDER = "write “Shop <news@mail.shop.example>”"


def sending_sense(project: Project) -> Iterator[Problem]:
    """A problem for each mailbox, name and address that SES or any other way would refuse."""
    document, settings = project.documents.get(SETTINGS), project.settings
    if document is None or settings is None:
        return
    yield from _senders(document, settings)
    yield from _ses(document, settings.ses)


def _senders(document: Document, settings: Settings) -> Iterator[Problem]:
    for name, sender in settings.senders.items():
        for key, said in (("from", sender.from_), ("reply_to", sender.reply_to)):
            wrong = _wrong_with(said) if said is not None else ""
            if wrong:
                yield document.problem(("senders", name, key), f"`{key}` {wrong}", SENDER)


def _wrong_with(mailbox: str) -> str:
    """What keeps letters from leaving from a mailbox; empty where nothing does."""
    named = _NAMED.fullmatch(mailbox)
    name, address = (named["name"], named["address"]) if named else ("", mailbox.strip())
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        return "has signs before the @ that SES cannot carry"
    if not _LOCAL.fullmatch(local) or len(local) > 64 or len(address) > MOST_ADDRESS:
        return "is no mailbox"
    if not all(_LABEL.fullmatch(one) for one in domain.split(".")):
        return "is no mailbox"
    words = -(-len(name.encode("utf-8", "replace")) // WORD_BYTES)
    if words * WORD_CHARACTERS + len(address) > MOST_HEAD:
        return "has a name that is too long for a letter's head"
    return ""


def _ses(document: Document, ses: SesSettings) -> Iterator[Problem]:
    told: tuple[tuple[str, str | None, bool, str, str], ...] = (
        (
            "configuration_set",
            ses.configuration_set,
            bool(_SET.fullmatch(ses.configuration_set or "")),
            "names no configuration set of SES",
            "1 to 64 of A-Z a-z 0-9 _ -",
        ),
        (
            "region",
            ses.region,
            bool(_REGION.fullmatch(ses.region)),
            "is no region of AWS",
            "write “eu-central-1”",
        ),
        (
            "endpoint",
            ses.endpoint,
            _is_web(ses.endpoint),
            "is no web address",
            "write “http://127.0.0.1:8005”, or leave it out",
        ),
        (
            "feedback_queue",
            ses.feedback_queue,
            _is_web(ses.feedback_queue),
            "is no address of a queue of SQS",
            "write “https://sqs.eu-central-1.amazonaws.com/123456789012/feedback”, or env: a name",
        ),
    )
    for key, said, right, problem, hint in told:
        if said is not None and not said.startswith(_ELSEWHERE) and not right:
            place: Place = ("ses", key)
            yield document.problem(place, f"`{key}` {problem}", hint)


def _is_web(said: str | None) -> bool:
    try:
        parts = urlsplit(said or "")
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
