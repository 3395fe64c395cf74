"""What the shop has learned of hours: rates, the list's curve and its doubt, groups, persons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

HOURS = 24
WEEK = 168
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Learned:
    """A night's fit, as plain numbers; it is stored as JSON and read by every decision until the
    next one. Slots are hours of the week, Monday 00:00 first, on the customer's own clock.
    """

    rate: float
    """The rate of answers over all letters: for sources not seen yet."""
    rates: Mapping[str, float]
    """Of each source, "campaign/step", the rate of answers at an hour of average worth."""
    worth: tuple[float, ...]
    """The list's curve: by slot, the logarithm of how much likelier than average an answer is."""
    doubt: tuple[float, ...]
    """By slot, the standard deviation in which that is known."""
    likely: tuple[tuple[float, ...], ...]
    """Curves that the evidence leaves likely, each as much as the others: a letter believes one."""
    steadiness: float
    """How alike people are in how often they answer: the shape of the Gamma prior of it."""
    own_variance: float
    """The variance of how much likelier a person answers at an hour than list and groups do."""
    kernel: tuple[float, ...]
    """By distance in hours, 0 to 23 around the clock, what a letter tells of another hour."""
    across: float
    """What a letter on a weekday tells of weekends, and the other way round."""
    groups: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """By group, "zone:Europe/Berlin", what is added to the list's curve by the hour of the day."""
    visit_weight: float = 0.0
    """What a visit that no letter brought tells of the person, against an answer."""
    visits_near: tuple[float, ...] = ()
    """By slot, the share of all visits that is at or near it, by the kernel."""
    own_half_life: float | None = None
    """In weeks: after so long, one letter to a person counts half; None: for ever the same."""
    half_life: float | None = None
    """In weeks: likewise for the list's curve."""
    letters: int = 0
    answered: int = 0
    """On how many letters and answers all this stands."""

    def believed(self, draw: float) -> tuple[float, ...]:
        """The curve that a letter believes, by a number in [0, 1)."""
        return self.likely[self.believed_at(draw)] if self.likely else self.worth

    def believed_at(self, draw: float) -> int:
        """The place of that curve."""
        return int(draw * len(self.likely))

    def to_json(self) -> str:
        """It as text; `read_learned` reads it."""
        told = {one.name: getattr(self, one.name) for one in fields(self)}
        return json.dumps({"format": FORMAT, **told}, separators=(",", ":"))


def read_learned(text: str) -> Learned | None:
    """Read what `Learned.to_json` wrote; None where another version wrote it."""
    told: dict[str, Any] = json.loads(text)
    if told.pop("format", None) != FORMAT:
        return None
    for name in ("worth", "doubt", "kernel", "visits_near"):
        told[name] = tuple(told[name])
    told["likely"] = tuple(tuple(curve) for curve in told["likely"])
    told["groups"] = {name: tuple(curve) for name, curve in told["groups"].items()}
    return Learned(**told)
