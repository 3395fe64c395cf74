"""Builds: what follows from a change of the definitions customer by customer, in the background."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlmodel import Field, SQLModel

from lifecycle.store.tables.columns import Instant


class Build(SQLModel, table=True):
    """A segment to be asked of everybody, a flow to let in who matches, people to be moved in one.

    It is as if all were asked at `begun_at`: everyone up to `cursor` has been. The row goes when
    everyone has.
    """

    __table_args__ = ({"info": {"shard_key": "reference"}},)
    kind: str = Field(primary_key=True, sa_type=Text)
    """segment, flow, move or leave."""
    name: str = Field(primary_key=True, sa_type=Text)
    state: str = Field(sa_type=Text)
    """waiting or building."""
    fingerprint: str = Field(sa_type=Text)
    """Of the definitions it belongs to."""
    begun_at: datetime = Field(sa_type=Instant)
    cursor: str = Field(default="", sa_type=Text)
    joined: int = Field(default=0, sa_type=BigInteger)
    """Who joined, was let in, or was moved."""
    gone: int = Field(default=0, sa_type=BigInteger)
    """Who left."""
    lease_until: datetime | None = Field(default=None, sa_type=Instant)
    fence: int = Field(default=0, sa_type=BigInteger)


class Settled(SQLModel, table=True):
    """A customer whom a tick has asked while the segment was being built: the build passes over."""

    __table_args__ = ({"info": {"shard_key": "customer_id"}},)
    segment: str = Field(primary_key=True, sa_type=Text)
    customer_id: str = Field(primary_key=True, sa_type=Text)
