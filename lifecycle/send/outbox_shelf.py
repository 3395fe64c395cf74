"""The letters lying in an outbox folder, newest first, for showing them to a person."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from heapq import nlargest
from pathlib import Path
from typing import cast

from lifecycle.send.envelope import ATTEMPT_HEADER
from lifecycle.send.outbox import CAMPAIGN_HEADER, MESSAGE_HEADER, STEP_HEADER, VARIANT_HEADER

HEAD_BYTES = 64 * 1024
"""So much of a file is read for a listing; the headers end long before."""

_NAME = re.compile(r"(?P<at>\d{8}T\d{6}\.\d{6}Z)-[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class OutboxLetter:
    """One letter as a listing shows it; `name` is the name of its files without ending."""

    name: str
    at: datetime
    campaign: str
    step: str
    variant: str
    message_id: str
    attempt_id: str
    sender: str
    to: str
    subject: str


@dataclass(frozen=True, slots=True)
class OutboxPage:
    """A letter opened: its listing, its headers in order, and both bodies."""

    letter: OutboxLetter
    headers: tuple[tuple[str, str], ...]
    html: str
    text: str


def letters(folder: Path, limit: int) -> list[OutboxLetter]:
    """The newest `limit` letters of a folder, newest first; a missing folder has none."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name[:-4] for entry in entries if entry.name.endswith(".eml")]
    except FileNotFoundError:
        return []
    newest = nlargest(limit, (name for name in names if _NAME.fullmatch(name)))
    listed = (_listed(folder, name) for name in newest)
    return [letter for letter in listed if letter]


def read_letter(folder: Path, name: str) -> OutboxPage | None:
    """One letter by the name in its listing; None if there is none, or the name is not one."""
    if not _NAME.fullmatch(name):
        return None
    try:
        message = _parsed((folder / f"{name}.eml").read_bytes())
    except FileNotFoundError:
        return None
    return OutboxPage(
        letter=_letter(name, message),
        headers=tuple((key, str(value)) for key, value in message.items()),
        html=_body(message, "html"),
        text=_body(message, "plain"),
    )


def _listed(folder: Path, name: str) -> OutboxLetter | None:
    try:
        with (folder / f"{name}.eml").open("rb") as file:
            return _letter(name, _parsed(file.read(HEAD_BYTES).partition(b"\r\n\r\n")[0]))
    except FileNotFoundError:
        return None


def _letter(name: str, message: EmailMessage) -> OutboxLetter:
    def said(header: str) -> str:
        return str(message.get(header, ""))

    instant = name.partition("-")[0]
    return OutboxLetter(
        name=name,
        at=datetime.strptime(instant, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC),
        campaign=said(CAMPAIGN_HEADER),
        step=said(STEP_HEADER),
        variant=said(VARIANT_HEADER),
        message_id=said(MESSAGE_HEADER),
        attempt_id=said(ATTEMPT_HEADER),
        sender=said("From"),
        to=said("To"),
        subject=said("Subject"),
    )


def _parsed(content: bytes) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(content)


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(cast(EmailMessage, part).get_content()) if part else ""
