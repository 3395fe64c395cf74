"""Consents: what customers said to topics, the latest word first, with the proof of every word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from lifecycle.core.chance import derived_id
from lifecycle.core.event import Event
from lifecycle.core.words import rfc3339
from lifecycle.store.events import NewEvent, append
from lifecycle.store.settling_words import settle
from lifecycle.store.tables import METADATA
from lifecycle.store.write import Row, insert_new, upsert

CONSENT = METADATA.tables["consent"]
ASKED, CONFIRMED = "asked", "confirmed"
"""The two steps of a double opt-in, as its proof tells them."""
BEFORE_EVENTS = -1
"""The arrival of what a customer line says: before the events of the same instant."""
_STANDING = select(CONSENT).where(CONSENT.c.customer_id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Word:
    """A yes or no of a customer to a topic, with where and in which words it was said."""

    customer_id: str
    topic: str
    agreed: bool
    at: datetime
    source: str
    wording: str = ""
    step: str | None = None
    """Of a double opt-in: ASKED, which counts for nothing yet, or CONFIRMED."""

    def record(self) -> Row:
        """The proof of the word, as it is kept."""
        parts = (self.customer_id, self.topic, str(self.agreed), self.at.isoformat())
        steps = () if self.step is None else (self.step,)
        return {
            "customer_id": self.customer_id,
            "record_id": derived_id("consent", *parts, *steps),
            "topic": self.topic,
            "agreed": self.agreed,
            "at": self.at,
            "source": self.source,
            "wording": self.wording,
            "step": self.step,
        }


@dataclass
class Consents:
    """How some customers stand to topics, and what has to be written since more was said."""

    standing: dict[str, dict[str, tuple[bool, datetime]]] = field(default_factory=dict)
    exactly: dict[str, datetime] = field(default_factory=dict)
    """When a customer last named all the topics agreed to."""
    changed: dict[tuple[str, str], Row] = field(default_factory=dict)
    records: list[Row] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)

    def say(self, word: Word, now: datetime, *, enters: bool = True) -> None:
        """Take in one word. The latest counts, of two said at one instant the one come later."""
        self.records.append(word.record())
        known = self.standing.get(word.customer_id, {}).get(word.topic)
        if known is not None and word.at < known[1]:
            return
        self._stand(word)
        before = known is not None and known[0]
        if word.agreed != before:
            self._happen(word, now, enters=enters)
        ended = self.exactly.get(word.customer_id)
        if word.agreed and ended is not None and word.at < ended:
            over = Word(word.customer_id, word.topic, False, ended, word.source)
            self.say(over, now, enters=enters)

    def say_exactly(
        self,
        customer_id: str,
        topics: Sequence[str],
        at: datetime,
        source: str,
        now: datetime,
        *,
        enters: bool = True,
    ) -> None:
        """Take in that exactly these topics are agreed to: others agreed to before are not now."""
        for topic in topics:
            self.say(Word(customer_id, topic, True, at, source), now, enters=enters)
        ended = self.exactly.get(customer_id)
        if ended is not None and at < ended:
            return
        self.exactly[customer_id] = at
        for topic, (agreed, since) in list(self.standing.get(customer_id, {}).items()):
            if agreed and topic not in topics and since <= at:
                self.say(Word(customer_id, topic, False, at, source), now, enters=enters)

    def _stand(self, word: Word) -> None:
        self.standing.setdefault(word.customer_id, {})[word.topic] = (word.agreed, word.at)
        self.changed[word.customer_id, word.topic] = {
            "customer_id": word.customer_id,
            "topic": word.topic,
            "agreed": word.agreed,
            "at": word.at,
        }

    def _happen(self, word: Word, now: datetime, *, enters: bool) -> None:
        name = "consent_given" if word.agreed else "consent_withdrawn"
        identity = derived_id(name, word.customer_id, word.topic, rfc3339(word.at))
        told = {"topic": word.topic} | ({"source": word.source} if word.source else {})
        event = Event(word.at, identity, name, told, now, enters)
        self.events.append(NewEvent(word.customer_id, event, now, BEFORE_EVENTS))

    def write(self, connection: Connection, now: datetime) -> None:
        """Write what was said, and let its events happen."""
        said = [(of, topic, row["agreed"]) for (of, topic), row in self.changed.items()]
        self.events += settle(connection, said, now)
        upsert(connection, "consent", list(self.changed.values()))
        insert_new(connection, "consent_record", self.records)
        append(connection, self.events)


def standing(
    connection: Connection, customers: Iterable[str], exactly: Mapping[str, datetime]
) -> Consents:
    """How customers stand to topics now, ready to take in more words."""
    consents = Consents(exactly=dict(exactly))
    for row in connection.execute(_STANDING, {"ids": list(customers)}):
        consents.standing.setdefault(row.customer_id, {})[row.topic] = (bool(row.agreed), row.at)
    return consents
