"""Delivery: pace and account shared by all processes, evidence, warm-up, bounces, wishes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel

from lifecycle.store.tables.columns import Instant, Json

REFERENCE = {"info": {"shard_key": "reference"}}


class Pace(SQLModel, table=True):
    """What processes have taken of a transport's rate lately: one row a transport."""

    __table_args__ = (REFERENCE,)
    transport: str = Field(primary_key=True, sa_type=Text)
    taken: list[list[int]] = Field(sa_column=Column(Json, nullable=False))
    """Grants within the window: id, microseconds from and until, and how many letters."""
    begun: int = Field(default=0, sa_type=BigInteger)
    """How many letters ever began: what the day's quota is counted by."""


class Account(SQLModel, table=True):
    """What a transport last told of its account, and whether anything stops it: one row each."""

    __table_args__ = (REFERENCE,)
    transport: str = Field(primary_key=True, sa_type=Text)
    asked_at: datetime | None = Field(default=None, sa_type=Instant)
    told: dict[str, Any] | None = Field(default=None, sa_column=Column(Json))
    """Rate a second, quota a day, what was sent within it, whether sending is on."""


class Stoppage(SQLModel, table=True):
    """Why nothing goes for now: for the whole account, one sender's identity, or the like."""

    __table_args__ = (REFERENCE,)
    transport: str = Field(primary_key=True, sa_type=Text)
    scope: str = Field(primary_key=True, sa_type=Text)
    """account, marketing, rate, or `identity:` and the sender's domain."""
    kind: str = Field(sa_type=Text)
    since: datetime = Field(sa_type=Instant)
    until: datetime = Field(sa_type=Instant)
    """When it is tried again."""
    tries: int = 0
    detail: str = Field(default="", sa_type=Text)


class Proof(SQLModel, table=True):
    """How soon feedback proved an attempt: a sample of the latest, by which the path is judged."""

    __table_args__ = (
        Index("proof_begun", "path", "begun_at"),
        {"info": {"shard_key": "attempt_id"}},
    )
    attempt_id: str = Field(primary_key=True, sa_type=Text)
    path: str = Field(default="", sa_type=Text)
    """As in `attempt`."""
    begun_at: datetime = Field(sa_type=Instant)
    accepted_at: datetime | None = Field(default=None, sa_type=Instant)
    proved_at: datetime = Field(sa_type=Instant)


class Foregone(SQLModel, table=True):
    """A message that the journal of attempts tells of and this database does not: restored."""

    __table_args__ = ({"info": {"shard_key": "message_id"}},)
    message_id: str = Field(primary_key=True, sa_type=Text)
    attempt_id: str = Field(sa_type=Text)
    number: int
    begun_at: datetime = Field(sa_type=Instant)
    evidence: str | None = Field(default=None, sa_type=Text)
    """As in `attempt`: feedback may come before the message is planned again."""


class Restoration(SQLModel, table=True):
    """That this database was restored, and up to when its messages are in doubt: one row."""

    __table_args__ = (REFERENCE,)
    number: int = Field(primary_key=True)
    backed_up_at: datetime = Field(sa_type=Instant)
    restored_at: datetime = Field(sa_type=Instant)
    confirmed_at: datetime | None = Field(default=None, sa_type=Instant)


class ThisDatabase(SQLModel, table=True):
    """What tells this database from others, whatever its file is called: one row."""

    __tablename__ = "this_database"
    __table_args__ = (REFERENCE,)
    number: int = Field(primary_key=True)
    database_id: str = Field(sa_type=Text)
    """A copy has the id of what it was copied from: both belong to one journal."""
    backed_up_at: datetime | None = Field(default=None, sa_type=Instant)
    """Of a copy made by `lifecycle backup`: as of when it is. A copy put in use has none."""


class SoftBounce(SQLModel, table=True):
    """A day on which letters to an address bounced for the time being; the address is hashed."""

    __tablename__ = "soft_bounce"
    __table_args__ = ({"info": {"shard_key": "address_hash"}},)
    address_hash: str = Field(primary_key=True, sa_type=Text)
    day: str = Field(primary_key=True, sa_type=Text)
    at: datetime = Field(sa_type=Instant)
    """The latest bounce of that day: a delivery after it clears the day."""


class WarmUpDay(SQLModel, table=True):
    """How many letters of a new sending domain went to one mailbox provider on one day."""

    __tablename__ = "warm_up_day"
    __table_args__ = (REFERENCE,)
    domain: str = Field(primary_key=True, sa_type=Text)
    provider: str = Field(primary_key=True, sa_type=Text)
    day: str = Field(primary_key=True, sa_type=Text)
    letters: int = Field(default=0, sa_type=BigInteger)


class Confirmation(SQLModel, table=True):
    """A yes to a topic that waits to be confirmed by the owner of the address (double opt-in)."""

    __table_args__ = (
        Index("confirmation_due", "due_at"),
        {"info": {"shard_key": "customer_id"}},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    topic: str = Field(primary_key=True, sa_type=Text)
    said_at: datetime = Field(sa_type=Instant)
    """Since when it waits: said again, it waits since the first time."""
    source: str = Field(default="", sa_type=Text)
    wording: str = Field(default="", sa_type=Text)
    caller: str = Field(default="", sa_type=Text)
    """Who said it, as a keyed hash of the address it came from, or a key of the HTTP API."""
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    """When a letter is asked for; None: one is out, or nothing waits."""
    asked_at: datetime | None = Field(default=None, sa_type=Instant)
    """When the latest letter was asked for."""
    expires_at: datetime = Field(sa_type=Instant)
    state: str = Field(default="waiting", sa_type=Text)
    """waiting, confirmed, withdrawn or expired."""
    settled_at: datetime | None = Field(default=None, sa_type=Instant)


class ConfirmationLetter(SQLModel, table=True):
    """A letter that asked for a confirmation, kept for a month: what the caps count."""

    __tablename__ = "confirmation_letter"
    __table_args__ = (
        Index("confirmation_letter_mailbox", "mailbox_hash", "at"),
        Index("confirmation_letter_caller", "caller", "at"),
        Index("confirmation_letter_at", "at"),
        {"info": {"shard_key": "address_hash"}},
    )
    address_hash: str = Field(primary_key=True, sa_type=Text)
    event_id: str = Field(primary_key=True, sa_type=Text)
    mailbox_hash: str = Field(default="", sa_type=Text)
    """Of where letters to the address arrive: labels make no other mailbox."""
    caller: str = Field(default="", sa_type=Text)
    at: datetime = Field(sa_type=Instant)


class CountedHit(SQLModel, table=True):
    """Opens and clicks of which nobody is to know whose they were: so many a day."""

    __tablename__ = "counted_hit"
    __table_args__ = (REFERENCE,)
    campaign: str = Field(primary_key=True, sa_type=Text)
    step: str = Field(primary_key=True, sa_type=Text)
    variant: str = Field(primary_key=True, sa_type=Text)
    what: str = Field(primary_key=True, sa_type=Text)
    """open or click."""
    machine: bool = Field(primary_key=True)
    """Whether a program made it, as far as it can be told."""
    day: str = Field(primary_key=True, sa_type=Text)
    """In UTC."""
    hits: int = Field(default=0, sa_type=BigInteger)


class InStep(SQLModel, table=True):
    """How far our suppressions and a transport's own list have been brought in step: one each."""

    __tablename__ = "in_step"
    __table_args__ = (REFERENCE,)
    transport: str = Field(primary_key=True, sa_type=Text)
    due_at: datetime = Field(sa_type=Instant)
    """When it is done next."""
    done_at: datetime | None = Field(default=None, sa_type=Instant)
    whole_at: datetime | None = Field(default=None, sa_type=Instant)
    """When the whole list was last gone through."""
    taken: int = Field(default=0, sa_type=BigInteger)
    """How many of theirs became ours, and how many of ours theirs, the last time."""
    given: int = Field(default=0, sa_type=BigInteger)
    problem: str = Field(default="", sa_type=Text)


class Preference(SQLModel, table=True):
    """How often a customer wishes to be written to, as chosen on the preference page."""

    __table_args__ = ({"info": {"shard_key": "customer_id"}},)
    customer_id: str = Field(primary_key=True, sa_type=Text)
    paused_until: datetime | None = Field(default=None, sa_type=Instant)
    paused_at: datetime | None = Field(default=None, sa_type=Instant)
    """When the pause was chosen, or ended; `at` is of the other choice."""
    at_most: int | None = None
    """Marketing letters in `per_days`; None = as many as the shop's caps allow."""
    per_days: int | None = None
    at: datetime | None = Field(default=None, sa_type=Instant)


class LetterOfOld(SQLModel, table=True):
    """Whose a letter was that is kept no more: its unsubscribe link works for ever."""

    __tablename__ = "letter_of_old"
    __table_args__ = (
        Index("letter_of_old_customer", "customer_id"),
        {"info": {"shard_key": "message_id"}},
    )
    message_id: str = Field(primary_key=True, sa_type=Text)
    customer_id: str = Field(sa_type=Text)
    campaign: str = Field(sa_type=Text)
