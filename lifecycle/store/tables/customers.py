"""Customers: who we know, what they agreed to, and addresses that must not be mailed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Text, text
from sqlmodel import Field, SQLModel

from lifecycle.store.tables.columns import Instant, Json


class Customer(SQLModel, table=True):
    """One person we may know and write to; `attributes_at` says when each attribute was said."""

    __table_args__ = (
        Index("customer_address", "address_hash"),
        Index("customer_zone", "timezone", "customer_id"),
        Index(
            "customer_erased",
            "erased_at",
            postgresql_where=text("erased_at IS NOT NULL"),
            sqlite_where=text("erased_at IS NOT NULL"),
        ),
        {"info": {"shard_key": "customer_id"}},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    bucket: int
    email: str | None = Field(default=None, sa_type=Text)
    address_hash: str | None = Field(default=None, sa_type=Text)
    timezone: str | None = Field(default=None, sa_type=Text)
    locale: str | None = Field(default=None, sa_type=Text)
    known_since: datetime = Field(sa_type=Instant)
    attributes: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    attributes_at: dict[str, int] = Field(sa_column=Column(Json, nullable=False))
    said_at: datetime = Field(sa_type=Instant)
    """The latest instant at which anything was said of the customer."""
    erased_at: datetime | None = Field(default=None, sa_type=Instant)


class AttributePast(SQLModel, table=True):
    """What an attribute was before, from a moment on: nothing where it never changed."""

    __tablename__ = "attribute_past"
    __table_args__ = ({"info": {"shard_key": "customer_id"}},)
    customer_id: str = Field(primary_key=True, sa_type=Text)
    own: bool = Field(primary_key=True)
    """Whether it is the record's own email, timezone or locale, not an attribute called so."""
    name: str = Field(primary_key=True, sa_type=Text)
    since: datetime = Field(primary_key=True, sa_type=Instant)
    value: Any = Field(default=None, sa_column=Column(Json, nullable=True))
    """None where it was said to be nothing."""


class Nightly(SQLModel, table=True):
    """What was reckoned of a customer at night, by name; written when it changes, `at` the last."""

    __table_args__ = ({"info": {"shard_key": "customer_id"}},)
    customer_id: str = Field(primary_key=True, sa_type=Text)
    attributes: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))
    at: datetime = Field(sa_type=Instant)


class Alias(SQLModel, table=True):
    """Another id of a customer: an anonymous visitor, or a second customer merged into this one."""

    __table_args__ = ({"info": {"shard_key": "alias_id"}},)
    alias_id: str = Field(primary_key=True, sa_type=Text)
    customer_id: str = Field(index=True, sa_type=Text)
    at: datetime = Field(sa_type=Instant)


class Consent(SQLModel, table=True):
    """What a customer last said to a topic, with its proof beside it in consent_record."""

    __table_args__ = (
        Index(
            "consent_withdrawn",
            "at",
            postgresql_where=text("NOT agreed"),
            sqlite_where=text("NOT agreed"),
        ),
        {"info": {"shard_key": "customer_id"}},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    topic: str = Field(primary_key=True, sa_type=Text)
    agreed: bool
    at: datetime = Field(sa_type=Instant)


class ConsentRecord(SQLModel, table=True):
    """The proof of a consent: each yes and no, with source, wording and moment; never changed."""

    __tablename__ = "consent_record"
    __table_args__ = ({"info": {"shard_key": "customer_id"}},)
    customer_id: str = Field(primary_key=True, sa_type=Text)
    record_id: str = Field(primary_key=True, sa_type=Text)
    topic: str = Field(sa_type=Text)
    agreed: bool
    at: datetime = Field(sa_type=Instant)
    source: str = Field(default="", sa_type=Text)
    wording: str = Field(default="", sa_type=Text)
    step: str | None = Field(default=None, sa_type=Text)
    """Of a double opt-in: asked (a yes that counts for nothing yet), confirmed; else None."""


class Suppression(SQLModel, table=True):
    """An address that must not be mailed, as a keyed hash: it survives the customer's erasure."""

    __table_args__ = (Index("suppression_at", "at"), {"info": {"shard_key": "address_hash"}})
    address_hash: str = Field(primary_key=True, sa_type=Text)
    reason: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=Instant)


class PointsEntry(SQLModel, table=True):
    """One line of a customer's points ledger; `available_at` is when earned points may be spent."""

    __tablename__ = "points_entry"
    __table_args__ = ({"info": {"shard_key": "customer_id"}},)
    customer_id: str = Field(primary_key=True, sa_type=Text)
    entry_id: str = Field(primary_key=True, sa_type=Text)
    points: int = Field(sa_type=BigInteger)
    at: datetime = Field(sa_type=Instant)
    available_at: datetime = Field(sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    source: str = Field(sa_type=Text)


class Incentive(SQLModel, table=True):
    """A coupon or the like, made for one message; amounts in minor units."""

    __table_args__ = (
        Index("incentive_code", "code"),
        {"info": {"shard_key": "customer_id"}},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    incentive_id: str = Field(primary_key=True, sa_type=Text)
    message_id: str = Field(sa_type=Text)
    campaign: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    code: str = Field(sa_type=Text)
    percent: float | None = None
    amount_minor: int | None = Field(default=None, sa_type=BigInteger)
    currency: str | None = Field(default=None, sa_type=Text)
    points: int | None = Field(default=None, sa_type=BigInteger)
    issued_at: datetime = Field(sa_type=Instant)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)
    redeemed_at: datetime | None = Field(default=None, sa_type=Instant)


class ReferralCode(SQLModel, table=True):
    """The code by which a customer invites friends."""

    __tablename__ = "referral_code"
    __table_args__ = ({"info": {"shard_key": "code"}},)
    code: str = Field(primary_key=True, sa_type=Text)
    customer_id: str = Field(index=True, sa_type=Text)
    at: datetime = Field(sa_type=Instant)


class Referral(SQLModel, table=True):
    """A friend who came by a customer's code, and how far it got."""

    __table_args__ = (
        Index("referral_friend", "friend_id"),
        Index("referral_due", "due_at"),
        {"info": {"shard_key": "customer_id"}},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    friend_id: str = Field(primary_key=True, sa_type=Text)
    code: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    """claimed, qualified, granted, refused or reversed."""
    claimed_at: datetime = Field(sa_type=Instant)
    qualified_at: datetime | None = Field(default=None, sa_type=Instant)
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    reason: str = Field(default="", sa_type=Text)
