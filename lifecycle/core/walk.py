"""A walk: one enrollment at one instant, with the verbs that every decision on a step uses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from lifecycle.core.action import Action, CallOff, Decided, Keep
from lifecycle.core.because import Because, because
from lifecycle.core.campaign import Flow
from lifecycle.core.enrollment import Enrollment, EnrollmentState
from lifecycle.core.facts import Facts
from lifecycle.core.policy import Policy
from lifecycle.core.rule.tree import Rule
from lifecycle.core.timing import step_due
from lifecycle.core.way import Place


@dataclass(frozen=True)
class Walk:
    """What all steps of an enrollment are decided by at one instant."""

    flow: Flow
    facts: Facts
    policy: Policy
    now: datetime

    def told(
        self,
        of: Enrollment,
        place: Place | None,
        what: str,
        reason: str = "",
        detail: str = "",
        leaves: tuple[Because, ...] = (),
    ) -> Decided:
        """A decision on a step of an enrollment; `leaves` are those of the rule that decided."""
        step = place.name if place is not None else ""
        return Decided(self.now, self.flow.id, of.entry, what, reason, detail, step, because=leaves)

    def because(self, rule: Rule | None, of: Enrollment, key: str = "") -> tuple[Because, ...]:
        """The leaves that made a rule's answer, asked with the entry event."""
        view = self.policy.view(self.facts, self.now, of.entry_event())
        return because(rule, view, key)

    def holds(self, rule: Rule | None, of: Enrollment) -> bool:
        """Whether a rule holds for the customer, asked with the entry event."""
        return self.policy.holds(rule, self.facts, self.now, of.entry_event())

    def exit_holds(self, of: Enrollment) -> bool:
        """Whether `[exit] if` holds for an enrollment."""
        rule = self.flow.exit.if_
        return rule is not None and self.holds(rule, of)

    def left_by_rule(self, of: Enrollment) -> list[Action]:
        """End an enrollment since `[exit] if` holds."""
        leaves = self.because(self.flow.exit.if_, of, "if")
        return leave(of, EnrollmentState.LEFT, self.now, "left", "if", because=leaves)

    def go_on(
        self, of: Enrollment, done: Place | None, to: Place | None, decided_at: datetime
    ) -> list[Action]:
        """Wait at the place `to`; with none left, finish once no letter is out any more."""
        behind = (*of.decided_steps, done.id) if done is not None else of.decided_steps
        while to is not None and to.id in behind:
            # Whoever was moved from an older version has had this one: nothing is done twice.
            to = self.flow.way.after(to.id)
        moved = replace(
            of,
            decided_at=decided_at,
            decided_steps=behind,
            fell_due_at=None,
            waiting_since=None,
            step=None,
            timed="",
        )
        if to is None:
            return settled(replace(moved, due_at=None), self.now)
        due = step_due(self.flow, to.step, moved, decided_at, self.facts, self.policy)
        waiting = Keep(replace(moved, step=to.id, due_at=due.at, timed=due.timed))
        return [waiting, self.told(of, to, "timed", detail=due.told)] if due.told else [waiting]


def leave(
    enrollment: Enrollment,
    state: EnrollmentState,
    now: datetime,
    reason: str,
    detail: str,
    step: str = "",
    because: tuple[Because, ...] = (),
) -> list[Action]:
    """End an enrollment before its time; its letters that have not begun are called off."""
    off = "superseded" if state is EnrollmentState.SUPERSEDED else "left"
    return [
        Keep(enrollment.ended(state, now)),
        Decided(
            *(now, enrollment.campaign, enrollment.entry, "left", reason, detail, step),
            because=because,
        ),
        *(CallOff(message, off) for message in enrollment.open_messages),
    ]


def settled(enrollment: Enrollment, now: datetime) -> list[Action]:
    """An enrollment without a further step: finished, unless a letter of it is still out."""
    if enrollment.step is not None or enrollment.open_messages or not enrollment.running:
        return [Keep(enrollment)]
    return [
        Keep(enrollment.ended(EnrollmentState.FINISHED, now)),
        Decided(now, enrollment.campaign, enrollment.entry, "finished"),
    ]


def letter_settled(enrollment: Enrollment, message: str, now: datetime, sent: bool) -> list[Action]:
    """A letter of an enrollment was handed over or dropped: it is out no more."""
    left_out = tuple([one for one in enrollment.open_messages if one != message])
    led = enrollment.led_to_letter or sent
    if enrollment.step is None and enrollment.running and not left_out:
        finished = enrollment.ended(EnrollmentState.FINISHED, now, led=led)
        return [
            Keep(finished),
            Decided(now, enrollment.campaign, enrollment.entry, "finished"),
        ]
    moved = replace(enrollment, open_messages=left_out, led_to_letter=led)
    if moved.leaving and moved.running and not left_out:
        return [Keep(replace(moved, due_at=now))]
    return settled(moved, now)
