"""Experiments: the register of past tests, and the shares by which bandits give out variants."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, text
from sqlmodel import Field, SQLModel

from lifecycle.store.tables.columns import Instant
from lifecycle.store.tables.operations import REFERENCE


class PastTest(SQLModel, table=True):
    """What one variant of a test came to by one metric; it outlasts the messages, and names nobody.

    Counted are the letters from before the decision: those of the test, not of the winner.
    """

    __tablename__ = "past_test"
    __table_args__ = (REFERENCE,)
    campaign: str = Field(primary_key=True, sa_type=Text)
    step: str = Field(primary_key=True, sa_type=Text)
    occasion: str = Field(default="", primary_key=True, sa_type=Text)
    """The date of an occurrence; else empty."""
    by: str = Field(primary_key=True, sa_type=Text)
    """click_rate, open_rate, goal_rate or revenue."""
    variant: str = Field(primary_key=True, sa_type=Text)
    place: int
    """Where the variant stood in the file."""
    decisive: bool
    """Whether the winner was chosen by this metric."""
    letters: int = Field(sa_type=BigInteger)
    met: int = Field(sa_type=BigInteger)
    """Letters that met the metric; of revenue, those that brought something."""
    total: float
    """The sum of answers: letters that met it, or money."""
    squares: float
    decided_at: datetime = Field(sa_type=Instant)
    """When the verdict was given; where there was none, when the last letter went."""
    measured_at: datetime = Field(sa_type=Instant)
    """As of when the figures are; they are read once more when all have had their time."""
    kind: str = Field(sa_type=Text)
    """broadcast, series or flow."""
    steered: bool = False
    """Whether a bandit gave out the variants; such figures teach no prior."""


class Allocation(SQLModel, table=True):
    """The share of new customers of a step who see a variant, from an instant until another."""

    __table_args__ = (
        Index(
            "allocation_in_force",
            "campaign",
            postgresql_where=text("until IS NULL"),
            sqlite_where=text("until IS NULL"),
        ),
        REFERENCE,
    )
    campaign: str = Field(primary_key=True, sa_type=Text)
    step: str = Field(primary_key=True, sa_type=Text)
    occasion: str = Field(default="", primary_key=True, sa_type=Text)
    since: datetime = Field(primary_key=True, sa_type=Instant)
    variant: str = Field(primary_key=True, sa_type=Text)
    place: int
    """Where the variant stood in the file: hashes fall on shares in this order."""
    share: float
    """From 0 to 1."""
    until: datetime | None = Field(default=None, sa_type=Instant)
    """When others took their place; None while they are in force."""
