"""Simulated customers: who they are, drawn from the seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from lifecycle.sim.draws import Dice
from lifecycle.sim.habits import SHOPS_OWN, Habits

FIRST_BIRTH = date(1950, 1, 1)
YEARS_OF_BIRTH = 55


@dataclass(frozen=True, slots=True)
class Person:
    """One simulated customer as of the moment at which the shop comes to know them."""

    id: str
    email: str | None
    timezone: str | None
    locale: str | None
    country: str
    born: date
    agreed_to: tuple[str, ...]
    known_at: datetime
    invited_by: str | None
    visit_gap: timedelta
    erased_at: datetime | None
    address_is_dead: bool
    dates: dict[str, str] = field(default_factory=dict)
    """Attributes that the definitions read as dates, as ISO text."""


@dataclass(frozen=True, slots=True)
class Society:
    """What all customers have in common."""

    habits: Habits
    dice: Dice
    begins: datetime
    ends: datetime
    zone: str
    """The shop's own."""
    topics: Sequence[str]
    dates: Sequence[str] = ()
    """The top-level attributes that flows go around, or wait for."""

    def people(self, count: int) -> list[Person]:
        """So many customers; the first ones are the same whatever their number."""
        ids = [self._id(number) for number in range(count)]
        return [self._person(number, ids) for number in range(count)]

    def _id(self, number: int) -> str:
        # No id is part of another, so that what names a person is found as text.
        return f"sim-{number:06d}-{self.dice.number(16**6, 'id', number):06x}"

    def _person(self, number: int, ids: Sequence[str]) -> Person:
        own, habits, dice = ids[number], self.habits, self.dice
        zone = habits.zone.drawn(dice, "zone", own)
        length = self.ends - self.begins
        known_at = self.begins
        if number and not habits.known_at_first.drawn(dice, "known", own):
            known_at += length * dice.fraction("since", own)
        erased = None
        if habits.is_erased.drawn(dice, "erased", own):
            erased = known_at + (self.ends - known_at) * dice.fraction("erased at", own)
        invited = habits.comes_by_invitation.drawn(dice, "invited", own)
        return Person(
            id=own,
            email=f"{own}@mail.example" if habits.has_address.drawn(dice, "email", own) else None,
            timezone=(self.zone if zone == SHOPS_OWN else zone) or None,
            locale=habits.locale.drawn(dice, "locale", own) or None,
            country=habits.country.drawn(dice, "country", own),
            born=born(dice, own),
            agreed_to=tuple(
                topic
                for topic in self.topics
                if habits.agrees_at_first.drawn(dice, "agrees", own, topic)
            ),
            known_at=known_at.replace(microsecond=dice.number(1_000_000, "micro", own)),
            invited_by=ids[dice.number(number, "by", own)] if invited and number else None,
            visit_gap=habits.time_between_visits.drawn(dice, "gap", own),
            erased_at=erased,
            address_is_dead=habits.address_is_dead.drawn(dice, "dead", own),
            dates={name: self._date(name, own) for name in self.dates},
        )

    def _date(self, name: str, own: str) -> str:
        """A day that a flow goes around: mostly one that comes while the simulation runs."""
        days = (self.ends - self.begins).days + 30
        day = self.begins + timedelta(days=self.dice.number(days, "date", name, own))
        return day.date().isoformat()


def born(dice: Dice, *parts: object) -> date:
    """A day of birth."""
    return FIRST_BIRTH + timedelta(days=dice.number(YEARS_OF_BIRTH * 365, "born", *parts))
