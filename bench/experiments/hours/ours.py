"""Our policy in the simulator: the product's own fit, and its choice for many people at once.

`choose` does for everybody what `core/hours.choose` does for one; a test holds them equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.experiments.hours.plain import SHOP_SLOT
from bench.experiments.hours.truth import (
    HOURS,
    SENDS,
    Bools,
    Chance,
    Floats,
    Ints,
    Setting,
    weekday,
)
from lifecycle.core.hours import CONTROL_PERCENT, LIKELIEST, SATURDAY
from lifecycle.core.learned_hours import WEEK, Learned
from lifecycle.models.hour_evidence import Count, Sample
from lifecycle.models.send_time import fit

WEEK_OF_FIRST = 1_000
NO_VISITS = (0,) * WEEK
CHOSEN, SHOP, LIST = 0, 1, 2
"""The roles, as numbers."""
SAMPLED = 3_000
"""So many people are sampled here, to be quick; the product takes more."""
FITTED_WEEKLY = 16
FITTED_EVERY = 4
"""After the first weeks the fit is made anew only every so many; the product's is nightly."""
PERSONS_LEARNED = (4, 8, 12, 20, 28, 36, 48, 60, 76, 92)
"""Before these sends how people differ is learned anew."""
CELLS = 2 * HOURS
"""A person's hours, on working days and on weekends."""


def fitted_before(send: int) -> bool:
    """Whether a fit is made before a send."""
    return send > 0 and (send <= FITTED_WEEKLY or send % FITTED_EVERY == 0)


class Ours:
    """The list's curve, and persons shrunk towards it; with the standing control."""

    def __init__(self, setting: Setting) -> None:
        people = setting.people
        self.setting, self.hours = setting, setting.hours
        self.slots = np.zeros((people, SENDS), np.int64)
        self.answered = np.zeros((people, SENDS), np.bool_)
        self.heard = Heard(np.zeros((people, CELLS)), np.zeros((people, CELLS)))
        self.counts: list[Count] = []
        self.role = np.zeros(people, np.int8)
        self.lean = np.ones(people)
        self.learned: Learned | None = None
        self.shop = self.list_best = SHOP_SLOT * setting.slots // 12
        self.wanted: Ints = np.full(people, self.shop)

    def choose(self, send: int, rng: Chance) -> Ints:
        """Of each person the place of the slot; `role` then tells who is of the control."""
        if fitted_before(send):
            self._fit(send)
        people = self.setting.people
        draw, share = rng.random(people), rng.random(people) * 100
        self.role = np.where(share < CONTROL_PERCENT, LIST, CHOSEN).astype(np.int8)
        self.role[share * 2 < CONTROL_PERCENT] = SHOP
        if self.learned is None:
            return np.full(people, self.shop)
        candidates = weekday(self.setting, send) * HOURS + self.hours
        eager, factor = self.heard.asked(self.learned, candidates)
        chosen = choose(self.learned, factor, candidates, self.shop, draw)
        worth = np.array(self.learned.worth)[candidates]
        self.wanted = chosen.copy()
        self.list_best = int(_best(worth[None, :], self.shop)[0])
        chosen[self.role == SHOP] = self.shop
        chosen[self.role == LIST] = self.list_best
        self.lean = eager * factor[np.arange(people), chosen]
        return chosen

    def told(self, send: int, slots: Ints, answered: Bools) -> None:
        """Who answered: rows of counts, as the engine sums them, and the letters themselves."""
        placed = weekday(self.setting, send) * HOURS + self.hours[slots]
        self.slots[:, send], self.answered[:, send] = placed, answered
        size = len(self.hours)
        letters = np.bincount(slots, minlength=size)
        expected = np.bincount(slots, self.lean, size)
        met = np.bincount(slots, answered, size)
        day = weekday(self.setting, send) * HOURS
        if self.learned is not None and not fitted_before(send + 1):
            self.heard.add(*weights(self.learned, placed, answered, source_of(send)), placed)
        for place in np.flatnonzero(letters).tolist():
            self.counts.append(
                Count(
                    WEEK_OF_FIRST + send,
                    source_of(send),
                    "",
                    int(day + self.hours[place]),
                    int(letters[place]),
                    float(expected[place]),
                    int(met[place]),
                )
            )

    def _fit(self, send: int) -> None:
        sample = None
        if send in PERSONS_LEARNED:
            sample = self._sample(min(self.setting.people, SAMPLED), send)
        week = WEEK_OF_FIRST + send
        self.learned = fit(self.counts, sample, NO_VISITS, week, self.learned) or self.learned
        if self.learned is not None:
            self.heard = hear(self.learned, self.slots[:, :send], self.answered[:, :send])

    def _sample(self, some: int, sends: int) -> Sample:
        first = max(0, sends - 100)
        count = sends - first
        weeks = np.tile((sends - np.arange(first, sends)).astype(np.float64), some)
        return Sample(
            person=np.repeat(np.arange(some), count),
            slot=self.slots[:some, first:sends].ravel(),
            answered=self.answered[:some, first:sends].ravel(),
            source=np.tile(np.arange(first, sends), some),
            weeks=weeks,
            sources=tuple(source_of(send) for send in range(sends)),
            visit_person=np.zeros(0, np.int64),
            visit_slot=np.zeros(0, np.int64),
        )


def source_of(send: int) -> str:
    """The name of a letter."""
    return f"letter_{send}/send"


@dataclass(frozen=True, slots=True)
class Heard:
    """What `hours.person` sums up of one, of many: a row a person, a column a cell."""

    met: Floats
    due: Floats

    def add(self, met: Floats, due: Floats, slots: Ints) -> None:
        """One letter to everybody."""
        rows, cells = np.arange(len(slots)), _cell(slots)
        self.met[rows, cells] += met
        self.due[rows, cells] += due

    def asked(self, learned: Learned, candidates: Ints) -> tuple[Floats, Floats]:
        """Of each person how eager they are, and the factor of each candidate."""
        shape = learned.steadiness
        eager: Floats = (shape + self.met.sum(1)) / (shape + self.due.sum(1))
        if not learned.own_variance:
            return eager, np.ones((len(eager), len(candidates)))
        near = _near(learned, candidates)
        prior = 1.0 / learned.own_variance
        factor = (prior + self.met @ near) / (prior + eager[:, None] * (self.due @ near))
        return eager, factor


def hear(learned: Learned, slots: Ints, answered: Bools) -> Heard:
    """Sum up all letters, a column for each, the oldest first."""
    people, sends = slots.shape
    heard = Heard(np.zeros((people, CELLS)), np.zeros((people, CELLS)))
    for send in range(sends):
        ago = sends - send
        fades = 0.5 ** (ago / learned.own_half_life) if learned.own_half_life else 1.0
        met, due = weights(learned, slots[:, send], answered[:, send], source_of(send))
        heard.add(met * fades, due * fades, slots[:, send])
    return heard


def weights(learned: Learned, slots: Ints, answered: Bools, source: str) -> tuple[Floats, Floats]:
    """What one letter to everybody adds to answers, and to answers foretold."""
    worth = np.exp(np.array(learned.worth))
    rate = np.minimum(learned.rates.get(source, learned.rate) * worth, LIKELIEST)
    met, due = 1.0 / (1.0 - rate), rate / (1.0 - rate)
    return met[slots] * answered, due[slots]


def choose(learned: Learned, factor: Floats, candidates: Ints, shop: int, draw: Floats) -> Ints:
    """Of each person the place of the candidate: `hours.choose`, of people without groups."""
    curves = np.array(learned.likely)[(draw * len(learned.likely)).astype(np.int64)]
    return _best(curves[:, candidates] + np.log(factor), shop)


def _best(worth: Floats, shop: int) -> Ints:
    best: Ints = worth.argmax(1)
    return np.where(worth[:, shop] == worth.max(1), shop, best)


def _cell(slots: Ints) -> Ints:
    told: Ints = slots % HOURS + (slots // HOURS >= SATURDAY) * HOURS
    return told


def _near(learned: Learned, candidates: Ints) -> Floats:
    """By hour of a letter, on working days and then on weekends, what it tells of a candidate."""
    kernel = np.array(learned.kernel)
    by_hour = kernel[np.abs(np.arange(HOURS)[:, None] - (candidates % HOURS)[None, :])]
    late = candidates // HOURS >= SATURDAY
    told: Floats = np.concatenate(
        [
            by_hour * np.where(late, learned.across, 1.0),
            by_hour * np.where(late, 1.0, learned.across),
        ]
    )
    return told
