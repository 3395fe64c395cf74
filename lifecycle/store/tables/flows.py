"""Flows: enrollments, the messages they owe, the attempts made, and every decision."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Text, text
from sqlmodel import Field, SQLModel

from lifecycle.store.tables.columns import ROOM_TO_CLAIM, Instant, Json


class EnrollmentRow(SQLModel, table=True):
    """One customer's way through one flow, per entry key and visit."""

    __tablename__ = "enrollment"
    __table_args__ = (
        Index(
            "enrollment_due",  # In the order of the claim, which so reads no more than it takes.
            "due_at",
            "customer_id",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        Index("enrollment_of_campaign", "campaign", "state", "version", "step"),
        {"info": {"shard_key": "customer_id", "queue": True}, "postgresql_with": ROOM_TO_CLAIM},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    enrollment_id: str = Field(primary_key=True, sa_type=Text)
    bucket: int
    campaign: str = Field(sa_type=Text)
    version: str = Field(sa_type=Text)
    entry: str = Field(sa_type=Text)
    key: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    visit: int
    entered_at: datetime = Field(sa_type=Instant)
    event_id: str = Field(sa_type=Text)
    event_name: str = Field(sa_type=Text)
    event_at: datetime = Field(sa_type=Instant)
    properties: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    state: str = Field(sa_type=Text)
    step: str | None = Field(default=None, sa_type=Text)
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    decided_at: datetime | None = Field(default=None, sa_type=Instant)
    fell_due_at: datetime | None = Field(default=None, sa_type=Instant)
    waiting_since: datetime | None = Field(default=None, sa_type=Instant)
    anchor: str | None = Field(default=None, sa_type=Text)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    led_to_letter: bool = False
    open_messages: list[str] = Field(sa_column=Column(Json, nullable=False))
    decided_steps: list[str] = Field(sa_column=Column(Json, nullable=False))
    timed: str = Field(default="", sa_type=Text)
    """How the moment waited for came to its hour (`core/timed.py`)."""
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    fence: int = Field(default=0, sa_type=BigInteger)
    attempts: int = 0
    quarantined_at: datetime | None = Field(default=None, sa_type=Instant)


class DateKeptRow(SQLModel, table=True):
    """What a flow around a date keeps of a customer: asked up to when, and when to look again."""

    __tablename__ = "date_kept"
    __table_args__ = ({"info": {"shard_key": "customer_id"}},)
    customer_id: str = Field(primary_key=True, sa_type=Text)
    campaign: str = Field(primary_key=True, sa_type=Text)
    said: str = Field(sa_type=Text)
    """The date as it was last seen."""
    asked: datetime = Field(sa_type=Instant)
    wake_at: datetime | None = Field(default=None, sa_type=Instant)


class MessageRow(SQLModel, table=True):
    """What one step owes one customer. States say where our hands are, timestamps what happened."""

    __tablename__ = "message"
    __table_args__ = (
        Index(
            "message_due",  # In the order of the claim.
            "due_at",
            "customer_id",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        Index(
            "message_in_turn",
            "transactional",
            "priority",
            "due_at",
            "customer_id",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        Index("message_by_id", "message_id", postgresql_using="hash"),  # Ids have no order.
        Index("message_of_campaign", "campaign", "step", "variant", "state"),
        Index(
            "message_of_chosen_hour",
            "attempted_at",
            postgresql_where=text("slot IS NOT NULL"),
            sqlite_where=text("slot IS NOT NULL"),
        ),
        Index(
            "message_of_customer",
            "customer_id",
            "attempted_at",
            postgresql_where=text("attempted_at IS NOT NULL"),
            sqlite_where=text("attempted_at IS NOT NULL"),
        ),
        Index(
            "message_in_doubt",
            "uncertain_since",
            postgresql_where=text("uncertain_since IS NOT NULL"),
            sqlite_where=text("uncertain_since IS NOT NULL"),
        ),
        Index(
            "message_in_hand",
            "customer_id",  # Not the lease: PostgreSQL claims without touching an index then.
            postgresql_where=text("state = 'attempting'"),
            sqlite_where=text("state = 'attempting'"),
        ),
        {"info": {"shard_key": "customer_id", "queue": True}, "postgresql_with": ROOM_TO_CLAIM},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    message_id: str = Field(primary_key=True, sa_type=Text)
    bucket: int
    enrollment_id: str = Field(sa_type=Text)
    campaign: str = Field(sa_type=Text)
    version: str = Field(sa_type=Text)
    entry: str = Field(sa_type=Text)
    step: str = Field(sa_type=Text)
    place: str = Field(sa_type=Text)
    """The id of the place in the campaign: branches may write under one step's name."""
    variant: str = Field(default="", sa_type=Text)
    klass: str = Field(sa_type=Text)
    counts: bool = True
    """Whether caps and the minimum gap count it."""
    transactional: bool = False
    priority: int = 50
    state: str = Field(sa_type=Text)
    reason: str = Field(default="", sa_type=Text)
    planned_at: datetime = Field(sa_type=Instant)
    fell_due_at: datetime = Field(sa_type=Instant)
    stale_at: datetime = Field(sa_type=Instant)
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    timing: str = Field(default="", sa_type=Text)
    """What decided the letter's hour (`core/timed.py`): said, default, chosen, shop or list."""
    slot: int | None = None
    """The hour of the week that was decided, on the customer's clock; of a chosen hour alone."""
    lean: int | None = None
    """How readily the customer answers in it, in millionths of the list's average."""
    template_version: str | None = Field(default=None, sa_type=Text)
    context: dict[str, Any] | None = Field(default=None, sa_column=Column(Json))
    """What the letter was rendered from, kept for the view in the browser."""
    links: dict[str, str] | None = Field(default=None, sa_column=Column(Json))
    provider_id: str | None = Field(default=None, sa_type=Text)
    attempted_at: datetime | None = Field(default=None, sa_type=Instant)
    accepted_at: datetime | None = Field(default=None, sa_type=Instant)
    uncertain_since: datetime | None = Field(default=None, sa_type=Instant)
    """Since when its fate was not known; it stays when evidence comes, and goes when a person says
    that it never went."""
    resent_at: datetime | None = Field(default=None, sa_type=Instant)
    """When it was put back though its fate was unknown, as its campaign allows: once at most."""
    delivered_at: datetime | None = Field(default=None, sa_type=Instant)
    opened_at: datetime | None = Field(default=None, sa_type=Instant)
    clicked_at: datetime | None = Field(default=None, sa_type=Instant)
    bounced_at: datetime | None = Field(default=None, sa_type=Instant)
    bounced_hard_at: datetime | None = Field(default=None, sa_type=Instant)
    """When it bounced for good; not where SES knew the address and did not even try."""
    complained_at: datetime | None = Field(default=None, sa_type=Instant)
    unsubscribed_at: datetime | None = Field(default=None, sa_type=Instant)
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    fence: int = Field(default=0, sa_type=BigInteger)
    attempts: int = 0
    quarantined_at: datetime | None = Field(default=None, sa_type=Instant)


class Attempt(SQLModel, table=True):
    """One try to hand a message to the transport, committed before the socket is touched."""

    __table_args__ = (
        Index("attempt_of_message", "customer_id", "message_id"),
        Index("attempt_by_id", "attempt_id", postgresql_using="hash"),
        {"info": {"shard_key": "customer_id"}, "postgresql_with": {"fillfactor": 60}},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    attempt_id: str = Field(primary_key=True, sa_type=Text)
    message_id: str = Field(sa_type=Text)
    number: int
    begun_at: datetime = Field(sa_type=Instant)
    outcome: str | None = Field(default=None, sa_type=Text)
    detail: str = Field(default="", sa_type=Text)
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
    evidence: str | None = Field(default=None, sa_type=Text)
    """What first proved that it was accepted, other than the transport's own answer."""
    path: str = Field(default="", sa_type=Text)
    """The transport and configuration set it went by, whose feedback would tell of it."""
    worker: str = Field(default="", sa_type=Text)
    """The process that made it, whose notes tell what had begun when it died."""


class Receipt(SQLModel, table=True):
    """Which message the transport's own id stands for."""

    __table_args__ = ({"info": {"shard_key": "provider_id"}},)
    provider_id: str = Field(primary_key=True, sa_type=Text)
    customer_id: str = Field(sa_type=Text)
    message_id: str = Field(sa_type=Text)


class Decision(SQLModel, table=True):
    """One decision with its reason: what `why`, the replay and the reports read."""

    __table_args__ = (
        Index("decision_by_campaign", "campaign", "what", "at"),
        {"info": {"shard_key": "customer_id"}},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    decision_id: str = Field(primary_key=True, sa_type=Text)
    at: datetime = Field(sa_type=Instant)
    decided_at: datetime = Field(sa_type=Instant)
    """When the daemon decided; later than `at` only when it was late."""
    campaign: str = Field(sa_type=Text)
    entry: str = Field(sa_type=Text)
    step: str = Field(default="", sa_type=Text)
    variant: str = Field(default="", sa_type=Text)
    what: str = Field(sa_type=Text)
    reason: str = Field(default="", sa_type=Text)
    detail: str = Field(default="", sa_type=Text)
    because: list[dict[str, Any]] | None = Field(default=None, sa_column=Column(Json))
    """The leaves of the rule that decided, each with what it saw."""
