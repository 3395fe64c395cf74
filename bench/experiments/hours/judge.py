"""How far a policy is behind, or ahead of, the list's best single hour: by the truth itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.experiments.hours.ours import CHOSEN, Ours
from bench.experiments.hours.plain import Choosing
from bench.experiments.hours.truth import (
    SENDS,
    Bools,
    Floats,
    Setting,
    World,
    dice,
    weekday,
    world,
)
from lifecycle.core.hours import Role
from lifecycle.models.send_time_lift import Stratum

WINDOWS = {"1-12": (0, 12), "13-26": (12, 26), "27-52": (26, 52), "53-104": (52, 104)}
AT_THE_END = (48, 52)
"""The sends by which week 52 is judged."""


@dataclass(frozen=True, slots=True)
class Run:
    """Expected answers by send, of the letters whose hour was chosen."""

    got: Floats
    by_slot: Floats
    """The same had all gone at one slot: by send and slot."""
    days: tuple[int, ...]
    strata: tuple[Stratum, ...] = ()
    """Of ours, the control beside what was chosen."""
    worth: tuple[float, float] = (0.0, 0.0)
    """Of ours, by the truth: what choosing brings over the shop's hour and the list's best."""

    def behind(self, first: int, end: int) -> float:
        """Answers of the sends from `first` to before `end`, less 1, in parts of those at the best
        single hour in hindsight: one hour for each kind of day that letters went on.
        """
        best = 0.0
        days = np.array(self.days[first:end])
        for day in sorted(set(self.days[first:end])):
            best += float(self.by_slot[first:end][days == day].sum(0).max())
        return float(self.got[first:end].sum()) / best - 1.0


def run(setting: Setting, seed: int, policy: Callable[[World], Choosing]) -> Run:
    """Two years of weekly sends under a policy; people are the same for every policy of a seed."""
    people = world(setting, dice(seed))
    rng = dice(seed, 1)
    chosen = policy(people)
    got, by_slot = np.zeros(SENDS), np.zeros((SENDS, setting.slots))
    strata: list[Stratum] = []
    told = np.zeros((SENDS, 3))
    everybody = np.arange(setting.people)
    for send in range(SENDS):
        chances = people.chances(send)
        slots = chosen.choose(send, rng)
        chance = chances[everybody, slots]
        answered = people.answers(chance, rng)
        mine = np.ones(setting.people, np.bool_)
        if isinstance(chosen, Ours):
            mine = chosen.role == CHOSEN
            strata += _strata(chosen, send, answered)
            if chosen.learned is not None:
                told[send] = _worth(people, chosen, chances)
        got[send], by_slot[send] = chance[mine].sum(), chances[mine].sum(0)
        chosen.told(send, slots, answered)
    total = told.sum(0)
    worth = (total[0] / total[1] - 1, total[0] / total[2] - 1) if total[1] else (0.0, 0.0)
    days = tuple(weekday(setting, send) for send in range(SENDS))
    return Run(got, by_slot, days, tuple(strata), worth)


ROLES: tuple[Role, ...] = ("chosen", "shop", "list")


def _strata(ours: Ours, send: int, answered: Bools) -> list[Stratum]:
    if ours.learned is None:
        return []
    return [
        Stratum(str(send), name, int(of.sum()), int((of & answered).sum()))
        for place, name in enumerate(ROLES)
        for of in [ours.role == place]
    ]


def _worth(people: World, ours: Ours, chances: Floats) -> list[float]:
    """Answers as counted, had all been chosen, all at the shop's hour, all at the list's best."""
    rows = np.arange(len(chances))
    slots = (ours.wanted, np.full(len(rows), ours.shop), np.full(len(rows), ours.list_best))
    return [float(people.counted(chances[rows, one]).sum()) for one in slots]
