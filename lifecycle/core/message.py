"""A message: what one step owes one customer, the letter it becomes, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from lifecycle.core.stoppage import Stop


class MessageState(StrEnum):
    """Where our hands are with a message. What the world did to it are timestamps, not states."""

    PLANNED = "planned"
    READY = "ready"
    ATTEMPTING = "attempting"
    ACCEPTED = "accepted"
    REQUEUED = "requeued"
    DROPPED = "dropped"
    UNCERTAIN = "uncertain"


MESSAGE_MOVES: dict[MessageState, frozenset[MessageState]] = {
    MessageState.PLANNED: frozenset(
        {
            MessageState.READY,
            MessageState.PLANNED,
            MessageState.DROPPED,
            MessageState.ACCEPTED,
            MessageState.UNCERTAIN,
        }
    ),
    MessageState.READY: frozenset(
        {
            MessageState.ATTEMPTING,
            MessageState.PLANNED,
            MessageState.DROPPED,
            MessageState.ACCEPTED,
            MessageState.UNCERTAIN,
        }
    ),
    MessageState.ATTEMPTING: frozenset(
        {
            MessageState.ACCEPTED,
            MessageState.REQUEUED,
            MessageState.DROPPED,
            MessageState.UNCERTAIN,
        }
    ),
    MessageState.REQUEUED: frozenset(
        {
            MessageState.READY,
            MessageState.REQUEUED,
            MessageState.DROPPED,
            MessageState.ACCEPTED,
            MessageState.UNCERTAIN,
        }
    ),
    MessageState.UNCERTAIN: frozenset(
        {MessageState.ACCEPTED, MessageState.DROPPED, MessageState.REQUEUED}
    ),
    MessageState.ACCEPTED: frozenset(),
    MessageState.DROPPED: frozenset(),
}
"""The one table of the message's state machine; `assert_move` guards every write by it."""


def assert_move(old: MessageState, new: MessageState) -> None:
    """Assert that a message may go from `old` to `new`; anything else is a fault of ours."""
    assert new in MESSAGE_MOVES[old], f"a message cannot go from {old} to {new}"


class OutcomeKind(StrEnum):
    """What came of one attempt, as far as we can know it."""

    ACCEPTED = "accepted"
    NEVER_LEFT = "never_left"
    """Nothing reached the transport: free retry."""
    SLOW_DOWN = "slow_down"
    """Refused for the rate: not accepted, try later."""
    DAY_QUOTA = "day_quota"
    """Refused for the day's quota: not accepted, wait for the rolling window."""
    ACCOUNT = "account"
    """Refused for the account or its set-up: open the breaker, burn no attempt."""
    REFUSED = "refused"
    """This message was refused for what it is: never again unchanged."""
    UNCERTAIN = "uncertain"
    """It may or may not have been accepted: resent where its campaign allows that alone."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one attempt; `provider_id` is the transport's own id of an accepted message."""

    kind: OutcomeKind
    provider_id: str | None = None
    detail: str = ""
    stops: Stop | None = None
    """What it says of other letters: why the transport takes none of them, or not so fast."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What all letters of one template version have in common: the texts between the slots.

    `html` and `text` hold one text more than they have slots: first text, slot, text, slot, …
    A version has one `Shape` object, so that letters of one shape are known by it.
    """

    version: str
    html: tuple[str, ...]
    text: tuple[str, ...]
    html_names: tuple[str, ...] = ()
    """A short name for each slot of the HTML: slots of one name hold one value in each letter."""
    text_names: tuple[str, ...] = ()
    """The same of the text; a name in both means the same value in both. Empty: nothing is said."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A letter taken apart: its shape, and what stands in the slots of this very letter."""

    shape: Shape
    html: tuple[str, ...]
    text: tuple[str, ...]

    def whole_html(self) -> str:
        """The HTML put together."""
        return _woven(self.shape.html, self.html)

    def whole_text(self) -> str:
        """The text put together."""
        return _woven(self.shape.text, self.text)


def _woven(texts: tuple[str, ...], values: tuple[str, ...]) -> str:
    parts = [""] * (len(texts) + len(values))
    parts[::2] = texts
    parts[1::2] = values
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter."""

    name: str
    kind: str
    """As in `application/pdf`."""
    content: bytes


@dataclass(frozen=True)
class Letter:
    """A message once rendered, for one recipient, ready to be handed to a transport.

    `sender` and `reply_to` are mailboxes as in settings ("Shop <news@shop.example>"); `to` is a
    bare address; `headers` are extra headers (List-Unsubscribe …), without line breaks.
    """

    message_id: str
    attempt_id: str
    campaign: str
    step: str
    variant: str
    sender: str
    to: str
    subject: str
    html: str
    """Left empty where `pieces` are given, it is put together of them when it is read."""
    text: str
    at: datetime
    reply_to: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    links: dict[int, str] = field(default_factory=dict)
    """Targets of those numbered links that are known only at sending; stored with the message."""
    pieces: Pieces | None = None
    """The HTML and text in pieces, where the template can be taken apart: byte by byte equal."""
    attachments: tuple[Attachment, ...] = ()


class _Whole:
    """The HTML or the text of a letter: as given, or of its pieces when it is read.

    A letter that travels in pieces is never put together, which costs more than all its slots.
    """

    def __init__(self, name: str, of_pieces: Callable[[Pieces], str]) -> None:
        self._name, self._of_pieces = name, of_pieces

    def __get__(self, letter: Letter | None, owner: type | None = None) -> str:
        if letter is None:
            raise AttributeError(self._name)  # the field has no default
        known = str(letter.__dict__[self._name])
        if not known and letter.pieces is not None:
            known = letter.__dict__[self._name] = self._of_pieces(letter.pieces)
        return known

    def __set__(self, letter: Letter, value: str) -> None:
        letter.__dict__[self._name] = value


setattr(Letter, "html", _Whole("html", Pieces.whole_html))  # noqa: B010
setattr(Letter, "text", _Whole("text", Pieces.whole_text))  # noqa: B010
