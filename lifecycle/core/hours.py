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
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from operator import mul
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


@dataclass(frozen=True, slots=True)
class Person:
    """One person's evidence, ready to be asked of any slot."""

    learned: Learned
    eager: float
    """How much more often than others the person answers, whatever the hour."""
    came: tuple[Sequence[float], Sequence[float]] | None
    """By hour, of working days and of weekends, answers (and visits, as far as they tell)."""
    due: tuple[Sequence[float], Sequence[float]] | None
    """Likewise the answers foretold for an eager person; None where nothing is known."""
    visits: int
    groups: tuple[Sequence[float], ...]

    def factor(self, slot: int) -> float:
        """How much likelier an answer is in the slot than list and groups make it."""
        if self.came is None or self.due is None:
            return 1.0
        learned, hour, late = self.learned, slot % HOURS, slot // HOURS >= SATURDAY
        # The kernel is the same both ways round the clock: turned, it is the row of this hour.
        near = learned.kernel[HOURS - hour :] + learned.kernel[: HOURS - hour]
        came: float = 1.0 + learned.own_variance * sum(map(mul, near, self.came[late]))
        due: float = 1.0 + learned.own_variance * sum(map(mul, near, self.due[late]))
        if self.visits:
            shared = learned.visits_near[slot] * self.visits
            due += learned.own_variance * learned.visit_weight * shared
        return came / due

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
    groups = tuple(found for one in own.groups if (found := learned.groups.get(one)) is not None)
    visits = own.visits if learned.visit_weight else ()
    if not own.exposures and not visits:
        return Person(learned, NEVER_HEARD, None, None, 0, groups)
    met, foretold = _by_slot(learned, own.exposures, groups)
    shape = learned.steadiness
    come, due = (math.fsum(chain.from_iterable(sums.values())) for sums in (met, foretold))
    eager = (shape + come) / (shape + due)
    if not learned.own_variance:
        return Person(learned, eager, None, None, 0, groups)
    came = {slot: math.fsum(sums) for slot, sums in met.items()}
    for slot in visits:
        came[slot] = came.get(slot, 0.0) + learned.visit_weight
    expected = {slot: eager * math.fsum(sums) for slot, sums in foretold.items()}
    across = learned.across
    return Person(
        learned, eager, _by_hour(came, across), _by_hour(expected, across), len(visits), groups
    )


def _by_slot(
    learned: Learned, letters: Sequence[Exposure], groups: Sequence[Sequence[float]]
) -> tuple[dict[int, list[float]], dict[int, list[float]]]:
    """By slot, the weights of the letters answered, and the answers foretold of all."""
    met: dict[int, list[float]] = {}
    foretold: dict[int, list[float]] = {}
    ratios: dict[int, float] = {}
    rates, rate, half_life = learned.rates, learned.rate, learned.own_half_life
    for one in letters:
        slot = one.slot
        ratio = ratios.get(slot)
        if ratio is None:
            told = learned.worth[slot] + sum(group[slot % HOURS] for group in groups)
            ratio = ratios[slot] = math.exp(told)
            foretold[slot] = []
        chance = min(rates.get(one.source, rate) * ratio, LIKELIEST)
        # A letter cannot be answered twice: it tells the more, the surer its answer was.
        weight = 1.0 / (1.0 - chance)
        if half_life:
            weight *= 0.5 ** (one.weeks / half_life)
        foretold[slot].append(weight * chance)
        if one.answered:
            met.setdefault(slot, []).append(weight)
    return met, foretold


def _by_hour(sums: dict[int, float], across: float) -> tuple[Sequence[float], Sequence[float]]:
    """By hour, as seen from working days and from weekends."""
    kinds = [0.0] * HOURS, [0.0] * HOURS
    for slot in sorted(sums):
        kinds[slot // HOURS >= SATURDAY][slot % HOURS] += sums[slot]
    early, late = kinds
    return (
        [one + across * other for one, other in zip(early, late, strict=True)],
        [other + across * one for one, other in zip(early, late, strict=True)],
    )


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
