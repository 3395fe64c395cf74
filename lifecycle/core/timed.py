"""How a letter came to its hour, as it is kept with the enrollment that waits and with the letter.

That is the exposure that send times are learned from: what decided the hour, which hour of the
week it was, and how readily the customer answered before.
"""

from __future__ import annotations

from dataclasses import dataclass

SAID, DEFAULT = "said", "default"
TIMINGS = ("", SAID, DEFAULT, "chosen", "shop", "list")
"""What decides an hour: nothing, the letter goes at once; the file says it; the shop's own hour,
as nothing was known yet; the model; the control's shop's hour; the control's best of the list."""
MILLIONTHS = 1_000_000


@dataclass(frozen=True, slots=True)
class Timed:
    """What decided a letter's hour; with a slot and a lean where the hour was chosen."""

    timing: str = ""
    slot: int | None = None
    lean: int | None = None
    """As in `hours.Choice`, in millionths, so that sums are exact."""

    def said(self) -> str:
        """It as text; `read_timed` reads it."""
        return self.timing if self.slot is None else f"{self.timing} {self.slot} {self.lean}"


AT_ONCE = Timed()
"""A letter that goes as soon as it may."""


def read_timed(said: str) -> Timed:
    """Read what `Timed.said` wrote."""
    timing, *more = said.split() or [""]
    return Timed(timing, *(int(one) for one in more)) if more else Timed(timing)


def chosen(timing: str, slot: int, lean: float) -> Timed:
    """An hour that was chosen."""
    assert timing in TIMINGS
    return Timed(timing, slot, round(lean * MILLIONTHS))
