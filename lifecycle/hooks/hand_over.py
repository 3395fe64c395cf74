"""How a hook's question is handed to a worker process: the little that it may see, and no more.

A worker opens the project by itself, once: `Workers(partial(answering, root))`.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts as CoreFacts
from lifecycle.hooks.declare import Attribute, IncentiveAsked, Trigger
from lifecycle.hooks.find import find
from lifecycle.hooks.here import AskedHere
from lifecycle.hooks.registry import Registry
from lifecycle.hooks.run import HookFailed, run_attribute, run_trigger

_ARENAS_AT_MOST = -8
"""What glibc calls M_ARENA_MAX."""


@dataclass(frozen=True, slots=True)
class TriggerAsked:
    """One question to one trigger, small enough to be sent."""

    trigger: str
    event: Event
    facts: CoreFacts


def handed_over(
    trigger: Trigger, event: Event, facts: CoreFacts, attributes: Iterable[Attribute] = ()
) -> TriggerAsked:
    """The question, with the events of the trigger's window and the customer's attributes.

    Those that the hooks `attributes` give may be asked for as well: what they read goes with it.
    """
    after = event.at - trigger.looks_back
    seen = {
        name: [one for one in facts.events.get(name, ()) if one.at > after and not event < one]
        for name in trigger.reads
    }
    for name in sorted({name for one in attributes for name in one.reads}):
        if name in facts.events:
            seen[name] = list(facts.events[name])
    slim = CoreFacts(
        customer_id=facts.customer_id,
        now=facts.now,
        zone=facts.zone,
        email=facts.email,
        locale=facts.locale,
        timezone=facts.timezone,
        known_since=facts.known_since,
        attributes=facts.attributes,
        events=seen,
        ledger=facts.ledger,
        nightly=facts.nightly,
    )
    return TriggerAsked(trigger.name, event, slim)


def answering(root: Path) -> Callable[[TriggerAsked], Event | HookFailed | None]:
    """The function that answers such questions with the hooks of the project in `root`."""
    registry, _ = find(root)

    def answer(asked: TriggerAsked) -> Event | HookFailed | None:
        trigger = registry.triggers.get(asked.trigger)
        if registry.attributes:
            asked.facts.computed = partial(_computed, registry, asked.facts)
        if trigger is None:
            return HookFailed(asked.trigger, asked.event.id, "the trigger is not there")
        return run_trigger(trigger, asked.event, asked.facts)

    return answer


def giving(root: Path) -> Callable[[Sequence[IncentiveAsked]], list[str | HookFailed]]:
    """The function that asks for codes, all at once, with the hooks of the project in `root`."""
    # glibc sets 64 MB of addresses aside for each thread, which would count as taken memory.
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_ARENAS_AT_MOST, 1)
    registry, _ = find(root)

    def answer(asked: Sequence[IncentiveAsked]) -> list[str | HookFailed]:
        there = [one for one in asked if one.kind in registry.incentives]
        codes = AskedHere().incentives([(registry.incentives[one.kind], one) for one in there])
        given = dict(zip((one.key for one in there), codes, strict=True))
        gone = "the hook is not there"
        return [given.get(one.key, HookFailed(one.kind, "", gone)) for one in asked]

    return answer


def _computed(registry: Registry, facts: CoreFacts, name: str) -> Any:
    attribute = registry.attributes.get(name)
    value = None if attribute is None else run_attribute(attribute, facts)
    return None if isinstance(value, HookFailed) else value
