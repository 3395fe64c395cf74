"""Asks the shop's triggers of an event, and again of later ones that a late event changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.hooks import HookFailed, Registry, asked_again


@dataclass(frozen=True, slots=True)
class Derived:
    """What one trigger says of one event: `made` is its event, None when there is none."""

    event_id: str
    name: str
    made: Event | None
    failed: HookFailed | None = None


def derived(hooks: Registry, event: Event, facts: Facts) -> Iterator[Derived]:
    """What every trigger says of an event, and of the later ones in whose view it lies."""
    for _, trigger in sorted(hooks.triggers.items()):
        sources = [event] if event.name in trigger.listens_to else []
        known = (one for name in trigger.listens_to for one in facts.events.get(name, ()))
        sources += asked_again(trigger, event, known)
        for source in sources:
            result = hooks.asking.trigger(trigger, source, facts)
            event_id = source.becomes(trigger.name).id
            if isinstance(result, HookFailed):
                yield Derived(event_id, trigger.name, None, result)
            else:
                yield Derived(event_id, trigger.name, result)
