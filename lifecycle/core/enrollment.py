"""An enrollment: one customer's way through one flow, per entry key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from lifecycle.core.chance import derived_id
from lifecycle.core.event import Event


class EnrollmentState(StrEnum):
    """Where an enrollment stands; `queued` ones wait for their turn, `active` ones are walked."""

    QUEUED = "queued"
    ACTIVE = "active"
    FINISHED = "finished"
    LEFT = "left"
    SUPERSEDED = "superseded"
    HELD_OUT = "held_out"


ENROLLMENT_MOVES: dict[EnrollmentState, frozenset[EnrollmentState]] = {
    EnrollmentState.QUEUED: frozenset(
        {EnrollmentState.ACTIVE, EnrollmentState.LEFT, EnrollmentState.HELD_OUT}
    ),
    EnrollmentState.ACTIVE: frozenset(
        {EnrollmentState.FINISHED, EnrollmentState.LEFT, EnrollmentState.SUPERSEDED}
    ),
    EnrollmentState.FINISHED: frozenset(),
    EnrollmentState.LEFT: frozenset(),
    EnrollmentState.SUPERSEDED: frozenset(),
    EnrollmentState.HELD_OUT: frozenset(),
}
"""The one table of the enrollment's state machine."""


@dataclass(frozen=True, slots=True)
class Enrollment:
    """One way through one flow. `entry` is the key that tells entries apart; `visit` counts them.

    `step` is the id of the place waited at (`core/way.py`), None when all are decided and only
    letters are out; `due_at` the instant to look again, None when only what happens can go on.
    """

    id: str
    campaign: str
    version: str
    entry: str
    key: Mapping[str, Any]
    visit: int
    entered_at: datetime
    event_id: str
    event_name: str
    event_at: datetime
    properties: Mapping[str, Any]
    state: EnrollmentState = EnrollmentState.ACTIVE
    step: str | None = None
    due_at: datetime | None = None
    decided_at: datetime | None = None
    fell_due_at: datetime | None = None
    """Since when the step's own moment has come and quiet hours alone hold it."""
    waiting_since: datetime | None = None
    """Since when the step waits for an event or a rule; None while its own moment has not come."""
    anchor: str | None = None
    """The date that the flow goes around, as ISO text: local, or with its offset."""
    ended_at: datetime | None = None
    led_to_letter: bool = False
    open_messages: tuple[str, ...] = ()
    """Messages of this enrollment that are planned or held and may still be called off."""
    decided_steps: tuple[str, ...] = ()
    """The ids of the places that are behind it, in order."""
    timed: str = ""
    """How the moment that is waited for came to its hour, as `core/timed.py` writes it."""

    @property
    def running(self) -> bool:
        """Whether the enrollment still goes on."""
        return self.state is EnrollmentState.ACTIVE

    @property
    def queued(self) -> bool:
        """Whether the enrollment waits for the one under its key to end."""
        return self.state is EnrollmentState.QUEUED

    @property
    def leaving(self) -> bool:
        """Whether its flow has said that it leaves, and only letters of earlier steps are out."""
        return self.step is not None and self.step in self.decided_steps

    def entry_event(self) -> Event:
        """The event that let the customer in, as rules read it."""
        return Event(self.event_at, self.event_id, self.event_name, self.properties)

    def ended(self, state: EnrollmentState, now: datetime, *, led: bool = False) -> Enrollment:
        """The enrollment at its end, `led` to a letter or not; asserts that it was running."""
        assert state in ENROLLMENT_MOVES[self.state], (
            f"an enrollment cannot go on from {self.state}"
        )
        # Written out, since each letter that is the last of its flow comes by here.
        return Enrollment(
            *(self.id, self.campaign, self.version, self.entry, self.key, self.visit),
            *(self.entered_at, self.event_id, self.event_name, self.event_at, self.properties),
            state=state,
            decided_at=self.decided_at,
            fell_due_at=self.fell_due_at,
            anchor=self.anchor,
            ended_at=now,
            led_to_letter=self.led_to_letter or led,
            decided_steps=self.decided_steps,
        )


def enrollment_id(campaign: str, customer_id: str, entry: str, visit: int) -> str:
    """The id of an enrollment, derived from the business fact: doing it twice writes it once."""
    return derived_id("enrollment", campaign, customer_id, entry, str(visit))


def message_id(enrollment: str, step: str) -> str:
    """The id of the message that a step owes an enrollment: the send key."""
    return derived_id("message", enrollment, step)
