"""Silences: a customer to whom no marketing goes, until one of some events happens."""

from __future__ import annotations

from lifecycle.core.action import SilenceOver
from lifecycle.core.chance import derived_id
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.event import Event, by_machine
from lifecycle.core.facts import Facts
from lifecycle.core.key import named


def silenced(facts: Facts, enrollment: Enrollment, place: str) -> bool:
    """Whether a marketing letter must not go: it is owed at `place` of an enrollment.

    A silence that a later step of the same enrollment asked for does not stop it: a last letter,
    then nothing more, is what such a flow says, however long that letter was held.
    """
    if not facts.silences:
        return False
    decided = enrollment.decided_steps
    later = decided[decided.index(place) + 1 :] if place in decided else ()
    own = {derived_id("suppress", enrollment.id, one) for one in later}
    return not own.issuperset(facts.silences)


def lifted(facts: Facts, event: Event) -> list[SilenceOver]:
    """The silences that an event ends: a person's, named in `until`, not from before the silence.

    One that comes late counts by its own moment, and ends the silence when it becomes known.
    """
    if not facts.silences or by_machine(event.name, event.properties):
        return []
    return [
        SilenceOver(one, facts.now)
        for one, silence in sorted(facts.silences.items())
        if event.at >= silence.since and any(named(name, event.name) for name in silence.until)
    ]
