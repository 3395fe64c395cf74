"""Asks the shop's triggers of an event, and gathers what they made or why they failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.hooks import HookFailed, Registry, run_trigger


def asked(hooks: Registry) -> Callable[[Event, Facts], Sequence[Event | HookFailed]]:
    """The function that asks every trigger which listens to an event, by name."""

    def ask(event: Event, facts: Facts) -> Sequence[Event | HookFailed]:
        made: list[Event | HookFailed] = []
        for _, trigger in sorted(hooks.triggers.items()):
            if event.name in trigger.listens_to:
                result = run_trigger(trigger, event, facts)
                if result is not None:
                    made.append(result)
        return made

    return ask
