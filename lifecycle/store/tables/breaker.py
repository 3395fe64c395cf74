"""What the circuit breaker counts: marketing letters that went, and those that did harm."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text
from sqlmodel import Field, SQLModel

from lifecycle.store.tables.columns import Instant

REFERENCE = {"info": {"shard_key": "reference"}}


class LetterCount(SQLModel, table=True):
    """How many marketing letters were handed over at one instant."""

    __tablename__ = "letter_count"
    __table_args__ = (REFERENCE,)
    at: datetime = Field(primary_key=True, sa_type=Instant)
    letters: int = Field(sa_type=BigInteger)


class LetterHarm(SQLModel, table=True):
    """A marketing letter that bounced for good or was complained of; each is counted once."""

    __tablename__ = "letter_harm"
    __table_args__ = (
        Index("letter_harm_at", "letter_at", "kind"),
        {"info": {"shard_key": "customer_id"}},
    )
    customer_id: str = Field(primary_key=True, sa_type=Text)
    message_id: str = Field(primary_key=True, sa_type=Text)
    kind: str = Field(primary_key=True, sa_type=Text)
    """bounced or complained."""
    letter_at: datetime = Field(sa_type=Instant)


class BreakerState(SQLModel, table=True):
    """Since when letters are counted, where an operator closed the breaker by hand: one row."""

    __tablename__ = "breaker_state"
    __table_args__ = (REFERENCE,)
    number: int = Field(primary_key=True)
    counted_from: datetime = Field(sa_type=Instant)
