"""Which hour of the week a letter takes: the list's curve first, then groups, then the person.

A slot is an hour of the week on the customer's own clock: 0 is Monday 00:00, 167 Sunday 23:00.
What is learned is how much likelier than on average a letter sent in a slot is answered, as the
natural logarithm of that ratio. The list's curve is known best; groups (zone, acquisition, device)
deviate from it; a person deviates from both as their own letters tell.

The person: the answers of one person at an hour are taken as Poisson with a Gamma prior around
what list and groups foretell (the conjugate pair of empirical Bayes; Efron and Morris, "Data
Analysis Using Stein's Estimator and its Generalizations", 1975). Letters at other hours count by a
kernel of the distance on the circle (local likelihood; Tibshirani and Hastie, 1987).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from lifecycle.core.learned_hours import HOURS, WEEK, Learned

ANSWERED_WITHIN = timedelta(hours=48)
"""A letter is answered by a human click, or a visit or order credited to it, within so long.

Younger letters are not counted yet, neither as answered nor as not.
"""
CONTROL_PERCENT = 10.0
"""The share of letters that keep the control's hours on the same day, to measure what it brings."""
LATEST_LETTERS = 200
"""So many of a person's latest letters are looked at."""
LIKELIEST = 0.9
"""No letter is foretold to be answered with more than this probability."""
SATURDAY = 5
NEVER_HEARD = 1.0

Role = Literal["chosen", "shop", "list"]
"""What decides a letter's hour: the model; the shop's own hour; the list's best hour."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """One letter that went to the person: when on their clock, whether it was answered, of what.

    It is given for every letter, answered or not, that was handed over at least ANSWERED_WITHIN
    ago, at an hour that did not follow from what the person was just doing: steps and broadcasts
    with an `at`, not those sent at once upon an event. `slot` is of the instant of handing over.
    """

    slot: int
    answered: bool
    source: str
    """Campaign and step as "campaign/step"; letters of a source have their rate together."""
    weeks: float = 0.0
    """How many weeks ago it went."""


@dataclass(frozen=True, slots=True)
class Own:
    """What is known of one person: letters, visits that no letter brought, and groups.

    `visits` has the slots of site visits and orders before which no letter had gone to the person
    for ANSWERED_WITHIN; the latest LATEST_LETTERS do. `groups` names the person's groups as
    "zone:Europe/Berlin", "acquired:ads", "device:mobile"; one of each kind.
    """

    exposures: Sequence[Exposure] = ()
    visits: Sequence[int] = ()
    groups: Sequence[str] = ()


NOBODY = Own()
"""A person of whom nothing is known."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The slot of a letter, and how much likelier than the list's average it is answered there.

    `lean` is what the person's own evidence makes of it: 1.0 of somebody unknown. It is kept with
    the letter and summed into `Count.expected`, so that eager people do not make the hours they
    were sent at look better than they are.
    """

    slot: int
    lean: float = NEVER_HEARD


@dataclass(slots=True)
class _Heard:
    """Letters of one person in one hour of weekdays, or of weekends."""

    answered: list[float] = field(default_factory=list)
    foretold: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Person:
    """One person's evidence, ready to be asked of any slot."""

    learned: Learned
    eager: float
    """How much more often than others the person answers, whatever the hour."""
    heard: tuple[tuple[int, bool, float, float], ...]
    """Hour, whether of a weekend, answers, and answers foretold for it, of what was written."""
    visited: tuple[tuple[int, bool, int], ...]
    visits: int
    groups: tuple[Sequence[float], ...]

    def factor(self, slot: int) -> float:
        """How much likelier an answer is in the slot than list and groups make it."""
        learned = self.learned
        if not learned.own_variance or not (self.heard or self.visited):
            return 1.0
        hour, weekend = slot % HOURS, slot // HOURS >= SATURDAY
        kernel, across = learned.kernel, learned.across
        prior = 1.0 / learned.own_variance
        came: list[float] = [prior]
        due: list[float] = [prior]
        for at, late, answered, foretold in self.heard:
            near = kernel[abs(at - hour)] * (1.0 if late == weekend else across)
            came.append(near * answered)
            due.append(near * foretold)
        for at, late, count in self.visited:
            near = kernel[abs(at - hour)] * (1.0 if late == weekend else across)
            came.append(near * count * learned.visit_weight)
        if self.visits:
            due.append(learned.visit_weight * self.visits * learned.visits_near[slot])
        return math.fsum(came) / math.fsum(due)

    def lean(self, slot: int) -> float:
        """How much likelier than the list's average the person answers there, groups aside."""
        return self.eager * self.factor(slot)

    def worth(self, slot: int) -> float:
        """What groups and the person add to the list's curve in the slot, as a logarithm."""
        told = math.log(self.factor(slot))
        for group in self.groups:
            told += group[slot % HOURS]
        return told


def person(learned: Learned, own: Own) -> Person:
    """Sum up a person's evidence; the order in which it is given does not matter."""
    cells: dict[tuple[int, bool], _Heard] = {}
    groups = tuple(found for one in own.groups if (found := learned.groups.get(one)) is not None)
    come: list[float] = []
    due: list[float] = []
    for one in own.exposures:
        rate = _foretold(learned, one, groups)
        fades = 0.5 ** (one.weeks / learned.own_half_life) if learned.own_half_life else 1.0
        # A letter cannot be answered twice: it tells the more, the surer its answer was.
        weight = fades / (1.0 - rate)
        cell = cells.setdefault((one.slot % HOURS, one.slot // HOURS >= SATURDAY), _Heard())
        cell.foretold.append(weight * rate)
        due.append(weight * rate)
        if one.answered:
            cell.answered.append(weight)
            come.append(weight)
    shape = learned.steadiness
    eager = (shape + math.fsum(come)) / (shape + math.fsum(due))
    heard = tuple(
        (hour, late, math.fsum(cell.answered), eager * math.fsum(cell.foretold))
        for (hour, late), cell in sorted(cells.items())
    )
    seen: dict[tuple[int, bool], int] = {}
    if learned.visit_weight:
        for slot in own.visits:
            place = (slot % HOURS, slot // HOURS >= SATURDAY)
            seen[place] = seen.get(place, 0) + 1
    visited = tuple((hour, late, count) for (hour, late), count in sorted(seen.items()))
    return Person(learned, eager, heard, visited, sum(seen.values()), groups)


def _foretold(learned: Learned, one: Exposure, groups: Sequence[Sequence[float]]) -> float:
    told = learned.worth[one.slot]
    for group in groups:
        told += group[one.slot % HOURS]
    return min(learned.rates.get(one.source, learned.rate) * math.exp(told), LIKELIEST)


def choose(
    learned: Learned | None, own: Own, slots: Sequence[int], shop_hour: int, draw: float
) -> Choice:
    """The slot for a letter, of those allowed, given in the order in which they come.

    `draw` is a number in [0, 1) from a keyed hash of the letter: it says which of the list's likely
    curves the letter believes, so that hours are tried as often as they may be the best. Of the
    person only the likeliest is believed. Nothing outside `slots` is ever chosen. Ties go to the
    shop's hour, then to the slot that comes first. Without `learned`, the first slot at the shop's
    hour; where none is allowed, the first slot at all. `slots` must not be empty.
    """
    if learned is None:
        return Choice(_at_hour(slots, shop_hour))
    someone = person(learned, own)
    curve = learned.believed(draw)
    best = _best(slots, shop_hour, [curve[slot] + someone.worth(slot) for slot in slots])
    return Choice(best, someone.lean(best))


def list_best(learned: Learned | None, slots: Sequence[int], shop_hour: int) -> int:
    """The slot in which the list as a whole answers best, of those allowed; ties as in `choose`."""
    if learned is None:
        return _at_hour(slots, shop_hour)
    return _best(slots, shop_hour, [learned.worth[slot] for slot in slots])


def decide(
    learned: Learned | None,
    own: Own,
    slots: Sequence[int],
    shop_hour: int,
    role: Role,
    draw: float,
) -> Choice:
    """The slot for a letter by its role: the control's is on the day that would be chosen."""
    chosen = choose(learned, own, slots, shop_hour, draw)
    if role == "chosen" or learned is None:
        return chosen
    same_day = [slot for slot in slots if slot // HOURS == chosen.slot // HOURS]
    if role == "shop":
        slot = _at_hour(same_day, shop_hour)
    else:
        slot = list_best(learned, same_day, shop_hour)
    return Choice(slot, person(learned, own).lean(slot))


def role_of(fraction: float, percent: float = CONTROL_PERCENT) -> Role:
    """The role of a letter by a number in [0, 1) from a keyed hash of it, other than the draw's.

    Half of `percent` keeps the shop's hour, the other half the list's best hour.
    """
    if fraction * 200.0 < percent:
        return "shop"
    return "list" if fraction * 100.0 < percent else "chosen"


def slot_of(local: datetime) -> int:
    """The slot of an instant on the customer's clock."""
    return local.weekday() * HOURS + local.hour


def _at_hour(slots: Sequence[int], hour: int) -> int:
    for slot in slots:
        if slot % HOURS == hour:
            return slot
    return slots[0]


def _best(slots: Sequence[int], shop_hour: int, worths: Sequence[float]) -> int:
    assert slots and max(slots) < WEEK
    top = max(worths)
    tied = [slot for slot, worth in zip(slots, worths, strict=True) if worth == top]
    return _at_hour(tied, shop_hour)
