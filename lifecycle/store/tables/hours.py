"""Hours of the week: sums of letters and answers, and what was learned of them; all unnamed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field, SQLModel

from lifecycle.store.tables.columns import Instant, Json
from lifecycle.store.tables.operations import REFERENCE


class HourCount(SQLModel, table=True):
    """Letters of one week in one hour of the week, of a source or of a group of many customers.

    Letters whose hour was chosen are in it, once their time to be answered is over.
    """

    __tablename__ = "hour_count"
    __table_args__ = (REFERENCE,)
    source: str = Field(primary_key=True, sa_type=Text)
    """Campaign and step as "campaign/step"; empty in the rows of a group."""
    of_group: str = Field(primary_key=True, sa_type=Text)
    """ "zone:Europe/Berlin" and the like; empty in the rows of a source."""
    week: int = Field(primary_key=True)
    """The ordinal day of its Monday, divided by 7, on the customer's clock."""
    slot: int = Field(primary_key=True)
    letters: int = Field(sa_type=BigInteger)
    expected: int = Field(sa_type=BigInteger)
    """The sum of their leans, in millionths."""
    answered: int = Field(sa_type=BigInteger)


class HourTrial(SQLModel, table=True):
    """The same letters by what decided their hour, of a source on a day: chosen beside control."""

    __tablename__ = "hour_trial"
    __table_args__ = (REFERENCE,)
    source: str = Field(primary_key=True, sa_type=Text)
    day: int = Field(primary_key=True)
    """The ordinal of the day that was decided, on the customer's clock."""
    timing: str = Field(primary_key=True, sa_type=Text)
    letters: int = Field(sa_type=BigInteger)
    answered: int = Field(sa_type=BigInteger)


class HourFit(SQLModel, table=True):
    """What was learned of hours in one night; an occasion goes by one fit to its end."""

    __tablename__ = "hour_fit"
    __table_args__ = (REFERENCE,)
    fit: str = Field(primary_key=True, sa_type=Text)
    """The hash of what was learned."""
    at: datetime = Field(sa_type=Instant)
    learned: str = Field(sa_type=Text)


class HourState(SQLModel, table=True):
    """How far letters are counted, and which fit is in force: one row."""

    __tablename__ = "hour_state"
    __table_args__ = (REFERENCE,)
    id: int = Field(primary_key=True)
    counted_to: datetime = Field(sa_type=Instant)
    """Letters handed over up to then are counted."""
    fit: str = Field(default="", sa_type=Text)
    since: datetime | None = Field(default=None, sa_type=Instant)
    """When something was learned for the first time."""
    people_at: datetime | None = Field(default=None, sa_type=Instant)
    """When it was last learned how people differ."""
    visits: list[int] = Field(sa_column=Column(Json, nullable=False))
    """Visits that no letter brought, of the people looked at then, by hour of the week."""
