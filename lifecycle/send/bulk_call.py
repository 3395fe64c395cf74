"""Letters as entries of bulk calls, each call within what SES takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from lifecycle.core.message import Letter
from lifecycle.send.bulk_shape import (
    SUBJECT,
    WHOLE_HTML,
    WHOLE_TEXT,
    Template,
    fits,
    placeholder,
    template_of,
    whole_data,
)
from lifecycle.send.envelope import LetterRefused, envelope_of
from lifecycle.send.ses_rules import NO_BODY, NUL, SURROGATE, headers_of, needs_raw, tags_of

ENTRIES = 50
"""Recipients of one call at most; each entry has one."""
CALL_BYTES = 950_000
"""SES takes 1 MB with an inline template. It does not say how it counts: 5 % is left to it."""
DATA_CHARACTERS = 262_144
"""The values of one entry, as JSON."""

_NUL = b"\\u0000"
_encode = msgspec.json.Encoder().encode


class Kind(NamedTuple):
    """What the letters of one call have in common."""

    template: Template | None
    """None: each letter travels whole."""
    html: bool
    text: bool
    sender: str
    reply_to: str | None


class Entry(NamedTuple):
    """One letter as an entry; `place` is where its outcome belongs."""

    place: int
    letter: Letter
    kind: Kind
    body: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """Entries of one kind, with what stands before them in the request."""

    head: bytes
    entries: tuple[Entry, ...]

    @property
    def places(self) -> list[int]:
        """Where the outcomes of its entries belong."""
        return [one.place for one in self.entries]

    @property
    def attempt_ids(self) -> list[str]:
        """The attempts that it makes."""
        return [one.letter.attempt_id for one in self.entries]

    def body(self) -> bytes:
        """The request as JSON."""
        return b"".join((self.head, b",".join([one.body for one in self.entries]), b"]}"))

    def cut(self, count: int) -> tuple[Call, Call]:
        """The first `count` entries, and the others."""
        return Call(self.head, self.entries[:count]), Call(self.head, self.entries[count:])


def entry_of(place: int, letter: Letter, *, by_shape: bool = True) -> Entry | None:
    """A letter as an entry; None where it must go alone. Raises `LetterRefused`.

    With `by_shape` it travels as the values of its shape, where it has one that fits.
    """
    if needs_raw(letter):
        return None
    envelope = envelope_of(letter)
    template = None
    if by_shape and letter.pieces is not None and fits(letter):
        template = template_of(letter.pieces.shape)
    try:
        if template is not None and letter.pieces is not None:
            data = template.data(letter.pieces, letter.subject)
            parts = template.parts(letter.pieces)
        else:
            data = whole_data(letter.html, letter.text, letter.subject)
            parts = bool(letter.html), bool(letter.text)
    except UnicodeEncodeError as error:
        raise LetterRefused(SURROGATE) from error
    if not any(parts):
        raise LetterRefused(NO_BODY)
    if _NUL in data and ("\0" in letter.html or "\0" in letter.text):
        raise LetterRefused(NUL)
    values = data.decode()
    if len(values) > DATA_CHARACTERS:
        return None
    body = _encode(
        {
            "Destination": {"ToAddresses": (envelope.to.address,)},
            "ReplacementTags": tags_of(letter),
            "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": values}},
            "ReplacementHeaders": headers_of(letter),
        }
    )
    reply_to = envelope.reply_to.header(fold=" ") if envelope.reply_to else None
    sender = envelope.sender.header(fold=" ")
    kind = Kind(template, *parts, sender, reply_to)
    return Entry(place, letter, kind, body)


def calls_of(
    entries: Iterable[Entry], configuration_set: str | None
) -> tuple[list[Call], list[Entry]]:
    """Entries in calls, in their order within each kind; and those too large for any call."""
    kinds: dict[Kind, list[Entry]] = {}
    for one in entries:
        kinds.setdefault(one.kind, []).append(one)
    calls, alone = [], []
    for kind, same in kinds.items():
        head = _head(kind, configuration_set)
        room = CALL_BYTES - len(head) - len(b"]}")
        alone += [one for one in same if len(one.body) > room]
        small = [one for one in same if len(one.body) <= room]
        calls += [Call(head, chunk) for chunk in _chunks(small, room)]
    return calls, alone


def _chunks(entries: Sequence[Entry], room: int) -> Iterator[tuple[Entry, ...]]:
    chunk: list[Entry] = []
    taken = 0
    for one in entries:
        size = len(one.body) + len(b",")
        if chunk and (len(chunk) == ENTRIES or taken + size > room):
            yield tuple(chunk)
            chunk, taken = [], 0
        chunk.append(one)
        taken += size
    if chunk:
        yield tuple(chunk)


def _head(kind: Kind, configuration_set: str | None) -> bytes:
    content = {"Subject": placeholder(SUBJECT)}
    if kind.html:
        content["Html"] = kind.template.html if kind.template else placeholder(WHOLE_HTML)
    if kind.text:
        content["Text"] = kind.template.text if kind.template else placeholder(WHOLE_TEXT)
    request: dict[str, object] = {"FromEmailAddress": kind.sender}
    if kind.reply_to is not None:
        request["ReplyToAddresses"] = (kind.reply_to,)
    if configuration_set:
        request["ConfigurationSetName"] = configuration_set
    request["DefaultContent"] = {"Template": {"TemplateContent": content, "TemplateData": "{}"}}
    return _encode(request)[:-1] + b',"BulkEmailEntries":['
