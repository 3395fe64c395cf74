"""What a reader chooses on the unsubscribe page, and what it comes to in the database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, select

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.chance import derived_id
from lifecycle.core.event import Event
from lifecycle.core.facts import Wishes
from lifecycle.core.wishes import Often
from lifecycle.core.words import rfc3339
from lifecycle.store import preferences
from lifecycle.store.consents import Word
from lifecycle.store.customers import consent_many
from lifecycle.store.events import NewEvent, append
from lifecycle.store.messages import message, message_of_old
from lifecycle.store.tables import METADATA

CONSENT = METADATA.tables["consent"]
CUSTOMER = METADATA.tables["customer"]
Kind = Literal["topic", "everything", "preferences", "pause", "go_on"]
SOURCE = "preferences"


@dataclass(frozen=True, slots=True)
class Choice:
    """No more of the letter's topic, no more at all, or exactly the topics in `agreed`.

    `often` goes with the last one: how often to be written to, None as before. A pause, or its
    end, leaves everything else as it is.
    """

    kind: Kind
    agreed: tuple[str, ...] = ()
    often: Often | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A letter's message, its topic if it has one, and how its customer stands to topics."""

    row: Any
    topic: str | None
    consents: dict[str, tuple[bool, datetime]]
    wishes: Wishes | None = None
    locale: str | None = None
    kept: bool = True
    """Whether the message itself is still there, and not only whose it was."""

    @property
    def agreed(self) -> frozenset[str]:
        """The topics agreed to."""
        return frozenset(topic for topic, (agreed, _) in self.consents.items() if agreed)


def standing_of(connection: Connection, catalog: Catalog, message_id: str) -> Standing | None:
    """How the customer of a message stands to topics; None when there is no such message."""
    row, kept = message(connection, message_id), True
    if row is None:
        row, kept = message_of_old(connection, message_id), False
    if row is None:
        return None
    found = connection.execute(select(CONSENT).where(CONSENT.c.customer_id == row.customer_id))
    consents = {one.topic: (bool(one.agreed), one.at) for one in found}
    campaign = catalog.campaigns.get(row.campaign)
    locale = select(CUSTOMER.c.locale).where(CUSTOMER.c.customer_id == row.customer_id)
    return Standing(
        row,
        campaign.topic if campaign else None,
        consents,
        preferences.of(connection, row.customer_id),
        connection.execute(locale).scalar(),
        kept,
    )


def carry_out(
    connection: Connection,
    catalog: Catalog,
    message_id: str,
    choice: Choice,
    *,
    chosen_at: datetime,
    now: datetime,
) -> bool:
    """Write a choice; whether there was such a message. Twice comes to the same.

    Unsubscribing is an event, which the engine takes in before the customer's next letter; where
    the letter's topic is no longer known it means everything, so that no wish is lost.
    """
    standing = standing_of(connection, catalog, message_id)
    if standing is None:
        return False
    topics = catalog.settings.topics
    customer_id = standing.row.customer_id
    if choice.kind in ("pause", "go_on"):
        pauses = choice.kind == "pause"
        preferences.choose(connection, customer_id, at=chosen_at, now=now, pauses=pauses)
        return True
    if choice.kind == "preferences":
        if choice.often is not None:
            preferences.choose(connection, customer_id, at=chosen_at, now=now, often=choice.often)
        over = standing.topic in standing.agreed and standing.topic not in choice.agreed
        others = [topic for topic in topics if not over or topic != standing.topic]
        _prefer(connection, standing, choice.agreed, others, chosen_at, now)
        if not over:
            return True
    everything = choice.kind == "everything" or standing.topic is None
    _unsubscribe(connection, standing, everything, topics, chosen_at, now)
    return True


def _prefer(
    connection: Connection,
    standing: Standing,
    agreed: Collection[str],
    topics: Collection[str],
    chosen_at: datetime,
    now: datetime,
) -> None:
    customer_id = standing.row.customer_id
    words = [
        Word(customer_id, topic, topic in agreed, chosen_at, SOURCE)
        for topic in topics
        if (topic in agreed) != (topic in standing.agreed)
    ]
    consent_many(connection, words, now=now)


def _unsubscribe(
    connection: Connection,
    standing: Standing,
    everything: bool,
    topics: Collection[str],
    chosen_at: datetime,
    now: datetime,
) -> None:
    row = standing.row
    if not standing.kept:
        over = standing.agreed if everything else {standing.topic or ""}
        words = [Word(row.customer_id, one, False, chosen_at, "unsubscribe") for one in over]
        consent_many(connection, words, now=now)
        return
    what: dict[str, Any] = {"everything": True} if everything else {"topic": standing.topic}
    # An id that changes with the consents: the same click twice is one event, and a click after
    # agreeing once more is another.
    stands = [
        f"{topic}={agreed}@{rfc3339(at)}"
        for topic, (agreed, at) in sorted(standing.consents.items())
        if everything or topic == standing.topic
    ]
    identity = derived_id("unsubscribed", row.message_id, str(sorted(what.items())), *stands)
    named = {"campaign": row.campaign, "step": row.step, "variant": row.variant}
    properties = {**named, "message_id": row.message_id, **what}
    event = Event(chosen_at, identity, "message_unsubscribed", properties, now)
    append(connection, [NewEvent(row.customer_id, event, now)])
    if everything:
        # The engine knows the topics of its settings; others may stand in the database.
        old = [topic for topic in standing.agreed if topic not in topics]
        words = [Word(row.customer_id, topic, False, chosen_at, "unsubscribe") for topic in old]
        consent_many(connection, words, now=now)
