"""Errands and silences: what steps do outside, and what keeps marketing from a customer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Text, text
from sqlmodel import Field, SQLModel

from lifecycle.store.tables.columns import ROOM_TO_CLAIM, Instant, Json


class ErrandRow(SQLModel, table=True):
    """A request to make or a note to write, once: its id is the same on every retry."""

    __tablename__ = "errand"
    __table_args__ = (
        Index(
            "errand_due",  # In the order of the claim.
            "due_at",
            "customer_id",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        Index(
            "errand_ended",
            "state",
            "ended_at",
            postgresql_where=text("ended_at IS NOT NULL"),
            sqlite_where=text("ended_at IS NOT NULL"),
        ),
        {"info": {"shard_key": "customer_id", "queue": True}, "postgresql_with": ROOM_TO_CLAIM},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    errand_id: str = Field(primary_key=True, sa_type=Text)
    bucket: int
    kind: str = Field(sa_type=Text)
    """call or notify."""
    enrollment_id: str = Field(sa_type=Text)
    campaign: str = Field(sa_type=Text)
    version: str = Field(sa_type=Text)
    entry: str = Field(sa_type=Text)
    step: str = Field(sa_type=Text)
    said: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    """What the step says: the address and the texts."""
    body: str | None = Field(default=None, sa_type=Text)
    """What is sent, as JSON, fixed at the first try: the same bytes on every retry."""
    state: str = Field(sa_type=Text)
    """waiting, trying, done or failed."""
    made_at: datetime = Field(sa_type=Instant)
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    tries: int = 0
    problem: str = Field(default="", sa_type=Text)
    """What went wrong at the last try."""
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    fence: int = Field(default=0, sa_type=BigInteger)
    attempts: int = 0
    quarantined_at: datetime | None = Field(default=None, sa_type=Instant)


class SilenceRow(SQLModel, table=True):
    """No marketing for a customer, until one of these events happens; rows go when it has."""

    __tablename__ = "silence"
    __table_args__ = ({"info": {"shard_key": "customer_id"}},)
    customer_id: str = Field(primary_key=True, sa_type=Text)
    silence_id: str = Field(primary_key=True, sa_type=Text)
    since: datetime = Field(sa_type=Instant)
    until: list[str] = Field(sa_column=Column(Json, nullable=False))


class PoolCode(SQLModel, table=True):
    """A code that was imported for incentives, and the message it was given to."""

    __tablename__ = "pool_code"
    __table_args__ = (
        Index(
            "pool_code_free",
            "pool",
            "code",
            postgresql_where=text("given_to IS NULL"),
            sqlite_where=text("given_to IS NULL"),
        ),
        Index(
            "pool_code_given",
            "given_to",
            postgresql_where=text("given_to IS NOT NULL"),
            sqlite_where=text("given_to IS NOT NULL"),
        ),
        {"info": {"shard_key": "code"}},
    )
    pool: str = Field(primary_key=True, sa_type=Text)
    code: str = Field(primary_key=True, sa_type=Text)
    imported_at: datetime = Field(sa_type=Instant)
    given_to: str | None = Field(default=None, sa_type=Text)
    """The id of the incentive's message or issue."""
    given_at: datetime | None = Field(default=None, sa_type=Instant)


class HookCode(SQLModel, table=True):
    """What a hook gave for one message or issue, kept at once: of each it is asked but once."""

    __tablename__ = "hook_code"
    __table_args__ = ({"info": {"shard_key": "customer_id"}},)
    customer_id: str = Field(primary_key=True, sa_type=Text)
    made_for: str = Field(primary_key=True, sa_type=Text)
    """The id of the message or issue: the key that the hook is asked with."""
    kind: str = Field(sa_type=Text)
    code: str | None = Field(default=None, sa_type=Text)
    """Empty where the hook had none to give; none while it has failed to answer."""
    tries: int = 0
    problem: str = Field(default="", sa_type=Text)
    """What went wrong at the last try."""
    asked_at: datetime = Field(sa_type=Instant)
