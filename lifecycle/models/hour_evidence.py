"""What the nightly fit of hours is given: small sums of all letters, and a sample of people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOST_PEOPLE = 20_000
"""So many people are sampled, by a hash of the customer, to learn how people differ."""
MOST_LETTERS = 100
"""So many of the latest letters of each of them are looked at."""
KEPT_WEEKS = 104
"""Sums of older weeks tell nothing any more and may go."""


@dataclass(frozen=True, slots=True)
class Count:
    """Letters of one week, in one slot, of one source, or of one group of people.

    Each letter whose hour was chosen (a step or broadcast `at = "best hour"` and the like, whatever
    its role), and that is older than `hours.ANSWERED_WITHIN`, is in one row of its source (`group`
    empty) and in one row of each group that the customer is of (`source` empty). Letters whose
    hour was said, or that went at once upon an event, are in none: their hour follows from what
    they are and from what people were just doing.
    """

    week: int
    """The week of the slot, on the customer's clock: ordinal day of its Monday divided by 7."""
    source: str
    """ "campaign/step"."""
    group: str
    """ "zone:Europe/Berlin", "acquired:ads", "device:mobile"."""
    slot: int
    letters: int
    expected: float
    """The sum of `hours.Choice.lean` of the letters, as it was when each was decided."""
    answered: int


@dataclass(frozen=True, slots=True)
class Sample:
    """Letters and visits of at most MOST_PEOPLE, taken by a hash of the customer, in columns.

    The letters are those of `hours.Exposure`, person by person and each person's oldest first, the
    latest MOST_LETTERS of each; the visits are those of `hours.Own`.
    """

    person: Ints
    """Of each letter, whose it is: 0 for the first person, rising."""
    slot: Ints
    answered: Bools
    source: Ints
    """Of each letter, the place of its source in `sources`."""
    weeks: Floats
    """Of each letter, how many weeks ago it went."""
    sources: Sequence[str]
    visit_person: Ints
    visit_slot: Ints
    groups: Sequence[Sequence[str]] = ()
    """Of each person their groups, as in `hours.Own`; empty where none has any."""
