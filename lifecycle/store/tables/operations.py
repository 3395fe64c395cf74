"""Operations: applied definitions, keys, pauses, winners, broadcasts, template versions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field, SQLModel

from lifecycle.store.tables.columns import Instant, Json

REFERENCE = {"info": {"shard_key": "reference"}}


class CatalogVersion(SQLModel, table=True):
    """Definitions as they went live: the texts of all files, by whom and when."""

    __tablename__ = "catalog_version"
    __table_args__ = (REFERENCE,)
    number: int = Field(primary_key=True)
    fingerprint: str = Field(sa_type=Text)
    applied_at: datetime = Field(sa_type=Instant)
    applied_by: str = Field(default="", sa_type=Text)
    files: dict[str, str] = Field(sa_column=Column(Json, nullable=False))


class CampaignVersion(SQLModel, table=True):
    """A campaign as it went live: who entered under this version finishes it."""

    __tablename__ = "campaign_version"
    __table_args__ = (REFERENCE,)
    campaign: str = Field(primary_key=True, sa_type=Text)
    version: str = Field(primary_key=True, sa_type=Text)
    number: int
    """The version of all definitions with which it last was live."""
    text: str = Field(sa_type=Text)
    """The file as it was."""


class CampaignState(SQLModel, table=True):
    """A pause or stop by command, which outlasts `apply`; and since when the campaign is live."""

    __tablename__ = "campaign_state"
    __table_args__ = (REFERENCE,)
    campaign: str = Field(primary_key=True, sa_type=Text)
    ordered: str = Field(default="", sa_type=Text)
    """paused, stopped, or empty."""
    reason: str = Field(default="", sa_type=Text)
    at: datetime = Field(sa_type=Instant)
    broken_letters: int = 0
    """How many letters in a row could not be rendered."""


class BroadcastState(SQLModel, table=True):
    """How far an occasion of a broadcast or a series has got: everyone up to `cursor` was asked."""

    __tablename__ = "broadcast_state"
    __table_args__ = (REFERENCE,)
    campaign: str = Field(primary_key=True, sa_type=Text)
    occasion: str = Field(primary_key=True, sa_type=Text)
    """“once”, or the date of an occurrence."""
    step: str = Field(primary_key=True, sa_type=Text)
    wave: int = Field(primary_key=True)
    entry: str = Field(default="", sa_type=Text)
    """The date that its enrollments bear."""
    said: str = Field(default="", sa_type=Text)
    """Its moment, as the file said it when it began."""
    state: str = Field(sa_type=Text)
    """waiting, asking, closing, done, missed or stopped."""
    reason: str = Field(default="", sa_type=Text)
    """Why it was missed or stopped."""
    moment: datetime | None = Field(default=None, sa_type=Instant)
    """The instant whose customers are asked next, or are being asked."""
    due_at: datetime | None = Field(default=None, sa_type=Instant)
    """When to go on: its moment, or later while it is paused."""
    cursor: str = Field(default="", sa_type=Text)
    enrolled: int = Field(default=0, sa_type=BigInteger)
    tested: float | None = None
    """The share of the audience that tries the variants, in percent, where that was reckoned."""
    hours: str | None = Field(default=None, sa_type=Text)
    """The fit of hours that it goes by from its first moment on; empty: nothing was known."""


class Verdict(SQLModel, table=True):
    """The winner of an experiment, and whether it was proven or only leading."""

    __table_args__ = (REFERENCE,)
    campaign: str = Field(primary_key=True, sa_type=Text)
    step: str = Field(primary_key=True, sa_type=Text)
    occasion: str = Field(default="", primary_key=True, sa_type=Text)
    """The date of an occurrence, each of which is an experiment of its own; else empty."""
    variant: str = Field(sa_type=Text)
    proven: bool
    at: datetime = Field(sa_type=Instant)
    detail: str = Field(default="", sa_type=Text)


class ExperimentRow(SQLModel, table=True):
    """What is fixed of an experiment once it has begun, and the alarm about its shares."""

    __tablename__ = "experiment"
    __table_args__ = (REFERENCE,)
    campaign: str = Field(primary_key=True, sa_type=Text)
    step: str = Field(primary_key=True, sa_type=Text)
    occasion: str = Field(default="", primary_key=True, sa_type=Text)
    """The date of an occurrence; else empty."""
    capped_at: str | None = Field(default=None, sa_type=Text)
    """By revenue: an order counts up to this amount, a decimal number; None while it is unknown."""
    ratio_wrong_at: datetime | None = Field(default=None, sa_type=Instant)
    """When it was first seen that variants were not given out as their shares say."""


class SharesSaid(SQLModel, table=True):
    """The shares of a step's variants in one version of its campaign, kept as long as the step."""

    __tablename__ = "shares_said"
    __table_args__ = (REFERENCE,)
    campaign: str = Field(primary_key=True, sa_type=Text)
    step: str = Field(primary_key=True, sa_type=Text)
    version: str = Field(primary_key=True, sa_type=Text)
    shares: dict[str, float] = Field(sa_column=Column(Json, nullable=False))


class TemplateVersion(SQLModel, table=True):
    """A compiled template as letters went out with it, for clicks and the view in the browser."""

    __tablename__ = "template_version"
    __table_args__ = (REFERENCE,)
    version: str = Field(primary_key=True, sa_type=Text)
    compiled: dict[str, Any] = Field(sa_column=Column(Json, nullable=False))


class ApiKey(SQLModel, table=True):
    """A key of the HTTP API: only its SHA-256 is kept."""

    __tablename__ = "api_key"
    __table_args__ = (REFERENCE,)
    key_id: str = Field(primary_key=True, sa_type=Text)
    digest: str = Field(sa_type=Text)
    scopes: list[str] = Field(sa_column=Column(Json, nullable=False))
    made_at: datetime = Field(sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class Feedback(SQLModel, table=True):
    """Feedback already taken in, by its own key, so that a repeated delivery counts once."""

    __table_args__ = ({"info": {"shard_key": "dedupe_key"}},)
    dedupe_key: str = Field(primary_key=True, sa_type=Text)
    at: datetime = Field(sa_type=Instant)


class Task(SQLModel, table=True):
    """A recurring piece of upkeep, and when it is due next."""

    __table_args__ = (REFERENCE,)
    name: str = Field(primary_key=True, sa_type=Text)
    due_at: datetime = Field(sa_type=Instant)
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    fence: int = Field(default=0, sa_type=BigInteger)
