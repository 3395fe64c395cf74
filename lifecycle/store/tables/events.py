"""Events: what happened, and the intake queue of customers with something new or due."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from lifecycle.store.tables.columns import ROOM_TO_CLAIM, Instant, Json


class EventRow(SQLModel, table=True):
    """Something that happened to a customer at a moment.

    `due_at` is when it becomes known and its moment has come: the later of `at` and
    `received_at`; `arrival` orders what was received at one instant; `pending` until taken in.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("event_of_customer", "customer_id", "name", "at"),
        Index("event_by_name", "name", "at", "customer_id"),
        Index(
            "event_pending",
            "customer_id",
            "due_at",
            postgresql_where=text("pending"),
            sqlite_where=text("pending = 1"),
        ),
        {"info": {"shard_key": "customer_id"}},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    event_id: str = Field(primary_key=True, sa_type=Text)
    name: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=Instant)
    received_at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant)
    arrival: int = Field(sa_type=BigInteger)
    pending: bool
    enters: bool
    """Whether the event may let its customer into flows; false for imported history."""
    properties: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))


class Arrived(SQLModel, table=True):
    """A request with events as it came in over HTTP, until its events are entered into the log."""

    __table_args__ = ({"info": {"shard_key": "number"}},)
    number: int | None = Field(default=None, primary_key=True, sa_type=Integer)
    received_at: datetime = Field(sa_type=Instant)
    first: int = Field(sa_type=BigInteger)
    """The `arrival` of its first event."""
    events: int
    lines: bytes = Field(sa_type=LargeBinary)
    """JSON: of each event a list `[id, name, customer, at in microseconds, properties]`."""


class Intake(SQLModel, table=True):
    """A customer with events to take in, or with a rule that may turn: looked at from `due_at` on.

    `arrivals` counts what was appended, so that a worker who finishes sees whether more has come.
    """

    __table_args__ = (
        Index(
            "intake_due",  # In the order of the claim.
            "due_at",
            "customer_id",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        {"info": {"shard_key": "customer_id", "queue": True}, "postgresql_with": ROOM_TO_CLAIM},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    bucket: int
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    arrivals: int = Field(default=0, sa_type=BigInteger)
    everything: bool = True
    """Whether every segment is asked, since more than events may have changed."""
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    fence: int = Field(default=0, sa_type=BigInteger)
    attempts: int = 0
    quarantined_at: datetime | None = Field(default=None, sa_type=Instant)


class Membership(SQLModel, table=True):
    """How a customer stands to a segment: sparse, a row only for members and for wake-ups."""

    __table_args__ = (
        Index("membership_of_segment", "segment", "member", "customer_id"),
        {"info": {"shard_key": "customer_id"}},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    segment: str = Field(primary_key=True, sa_type=Text)
    member: bool
    since: datetime | None = Field(default=None, sa_type=Instant)
    wake_at: datetime | None = Field(default=None, sa_type=Instant)
    """The earliest instant at which the answer may differ if nothing happens."""


class MembershipChange(SQLModel, table=True):
    """A customer joined or left a segment, at the instant at which the rule turned."""

    __tablename__ = "membership_change"
    __table_args__ = (
        Index("membership_change_at", "segment", "at"),
        {"info": {"shard_key": "customer_id"}},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    segment: str = Field(primary_key=True, sa_type=Text)
    at: datetime = Field(primary_key=True, sa_type=Instant)
    what: str = Field(primary_key=True, sa_type=Text)
