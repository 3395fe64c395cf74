"""Writes letters that a transport accepted: the common case, so each kind of row goes at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from lifecycle.core.action import Decided
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.message import MessageState
from lifecycle.core.words import micros
from lifecycle.store.dialect.change import Change
from lifecycle.store.dialect.many import insert_plain
from lifecycle.store.events import NewEvent, PlainEvent
from lifecycle.store.tables import METADATA
from lifecycle.store.tables.columns import json_text

Plain = tuple[Any, ...]
TABLES = METADATA.tables
_MESSAGES = Change(
    TABLES["message"],
    ("accepted_at", "provider_id"),
    ("customer_id", "message_id"),
    always=f"state = '{MessageState.ACCEPTED}', lease_until = NULL, attempts = 0",
)
_ATTEMPTS = Change(
    TABLES["attempt"], ("outcome", "detail", "settled_at"), ("customer_id", "attempt_id")
)
_ENROLLMENTS = Change(
    TABLES["enrollment"],
    ("state", "step", "due_at", "waiting_since", "ended_at", "led_to_letter", "open_messages"),
    ("customer_id", "enrollment_id"),
    always="lease_until = NULL, attempts = 0",
)


@dataclass
class Accepted:
    """The rows that accepted letters come to, gathered before they are written at once."""

    now: datetime
    messages: list[Plain] = field(default_factory=list)
    attempts: list[Plain] = field(default_factory=list)
    receipts: list[Plain] = field(default_factory=list)
    decisions: list[Plain] = field(default_factory=list)
    enrollments: dict[str, Plain] = field(default_factory=dict)
    events: list[PlainEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._now = micros(self.now)

    def letter(
        self,
        customer_id: str,
        message_id: str,
        attempt_id: str,
        provider_id: str | None,
        detail: str,
    ) -> None:
        """A letter was accepted, under an id of the transport's if it gives one."""
        self.messages.append((self._now, provider_id, customer_id, message_id))
        self.attempts.append(("accepted", detail, self._now, customer_id, attempt_id))
        if provider_id:
            self.receipts.append((provider_id, customer_id, message_id))

    def decided(self, customer_id: str, decision: Decided) -> None:
        """A decision that follows from it."""
        because = [one.told() for one in decision.because]
        self.decisions.append(
            (
                customer_id,
                decision.id(customer_id),
                micros(decision.at),
                self._now,
                decision.campaign,
                decision.entry,
                decision.step,
                decision.variant,
                decision.what,
                decision.reason,
                decision.detail,
                json_text(because) if because else None,
            )
        )

    def settled(self, customer_id: str, kept: Enrollment) -> None:
        """An enrollment of which a letter is out no more: what that may have changed of it.

        Of several in one batch the last one counts.
        """
        self.enrollments[kept.id] = (
            str(kept.state),
            kept.step,
            None if kept.due_at is None else micros(kept.due_at),
            None if kept.waiting_since is None else micros(kept.waiting_since),
            None if kept.ended_at is None else micros(kept.ended_at),
            kept.led_to_letter,
            json_text(kept.open_messages) if kept.open_messages else "[]",
            customer_id,
            kept.id,
        )

    def happened(self, new: NewEvent) -> None:
        """An event of our own that nothing reads now: it is written as taken in already."""
        self.events.append(
            (
                new.customer_id,
                new.event.id,
                new.event.name,
                micros(new.event.at),
                self._now,
                micros(new.due_at),
                new.arrival,
                False,
                new.event.enters,
                json_text(new.event.properties),
            )
        )

    def write(self, connection: Connection) -> None:
        """Write everything gathered."""
        _MESSAGES.write(connection, self.messages)
        _ATTEMPTS.write(connection, self.attempts)
        insert_plain(connection, TABLES["receipt"], self.receipts)
        insert_plain(connection, TABLES["decision"], self.decisions)
        _ENROLLMENTS.write(connection, list(self.enrollments.values()))
        insert_plain(connection, TABLES["event"], self.events, parts=_names(self.events))


def _names(events: Iterable[PlainEvent]) -> set[str]:
    return {event[2] for event in events}
