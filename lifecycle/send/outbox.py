"""The outbox: letters written into a folder, for trying things out without sending anything."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import UTC
from hashlib import blake2s
from pathlib import Path

from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.send.envelope import LetterRefused
from lifecycle.send.mime import mime_bytes
from lifecycle.send.transport import Gate, told

NAME_PART_CHARACTERS = 60
"""Longest part (campaign, step, message id) of a file's name; longer ones are cut and hashed."""

CAMPAIGN_HEADER = "X-Lifecycle-Campaign"
STEP_HEADER = "X-Lifecycle-Step"
VARIANT_HEADER = "X-Lifecycle-Variant"
MESSAGE_HEADER = "X-Lifecycle-Message"
"""Only letters in the outbox carry these, so that a listing needs no database."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_]")


class Outbox:
    """A transport that writes `<instant>-<campaign>-<step>-<message id>.eml` and `.html`.

    Both files appear whole or not at all, the `.eml` last: where it is, the letter is complete.
    A second letter of one message at one instant gets a name of its own, so it can be seen.
    Files are not synced to disk; the outbox is for looking, not for keeping.
    """

    name = "outbox"

    def __init__(self, folder: Path, *, whole: bool = True) -> None:
        """Letters go to `folder`. `whole` files appear at once, never half written.

        Without it they are written in place, which is half the work: for a replay, whose letters
        nobody reads before its end.
        """
        self._folder = folder
        self._put = _put if whole else _put_in_place

    def send(self, letter: Letter) -> Outcome:
        """Write one letter. A folder that cannot be written to is `NEVER_LEFT`."""
        return self.send_many((letter,))[0]

    def send_many(self, letters: Iterable[Letter], gate: Gate | None = None) -> list[Outcome]:
        """Write letters one after the other; the outcomes are in their order. It has no rate."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            unwritten = Outcome(OutcomeKind.NEVER_LEFT, detail=_cause(error))
            return [unwritten for _ in letters]
        found = []
        for letter in letters:
            if gate is not None:
                gate.starts((letter.attempt_id,))
            found.append(self._written(letter))
        return found

    def close(self) -> None:
        """Nothing is kept open."""

    def _written(self, letter: Letter) -> Outcome:
        try:
            whole = mime_bytes(letter, _own_headers(letter))
            html = letter.html.encode()
        except LetterRefused as refused:
            return Outcome(OutcomeKind.REFUSED, detail=refused.reason)
        name = file_name(letter)
        try:
            if (self._folder / f"{name}.eml").exists():
                name = f"{name}-{_safe(letter.attempt_id)}"
            self._put(self._folder, f"{name}.html", html)
            self._put(self._folder, f"{name}.eml", whole)
        except OSError as error:
            return Outcome(OutcomeKind.NEVER_LEFT, detail=_cause(error))
        return Outcome(OutcomeKind.ACCEPTED, provider_id=name)


def file_name(letter: Letter) -> str:
    """The name of a letter's files without their endings; sorts by instant, safe on any disk."""
    instant = letter.at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    parts = (_safe(letter.campaign), _safe(letter.step), _safe(letter.message_id))
    return "-".join((instant, *parts))


def _own_headers(letter: Letter) -> tuple[tuple[str, str], ...]:
    said = (
        (CAMPAIGN_HEADER, letter.campaign),
        (STEP_HEADER, letter.step),
        (VARIANT_HEADER, letter.variant),
        (MESSAGE_HEADER, letter.message_id),
    )
    for name, value in said:
        if not value.isprintable():
            raise LetterRefused(f"{name} holds a line break or control character")
    return tuple((name, value) for name, value in said if value)


def _safe(text: str) -> str:
    safe = _UNSAFE.sub("_", text)[:NAME_PART_CHARACTERS]
    if safe == text:
        return safe
    digest = blake2s(text.encode("utf-8", "backslashreplace"), digest_size=4).hexdigest()
    return f"{safe}_{digest}"


def _put(folder: Path, name: str, content: bytes) -> None:
    unfinished = folder / f".{name}.tmp"
    try:
        unfinished.write_bytes(content)
        os.replace(unfinished, folder / name)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _put_in_place(folder: Path, name: str, content: bytes) -> None:
    file = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        while content:
            content = content[os.write(file, content) :]
    finally:
        os.close(file)


def _cause(error: OSError) -> str:
    return told(f"the outbox cannot be written to: {error.strerror or type(error).__name__}")
