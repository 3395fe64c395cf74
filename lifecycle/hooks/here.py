"""Who asks triggers: this very process, for replays and tests, unless a registry says otherwise."""

from __future__ import annotations

from typing import Protocol

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.hooks.declare import Trigger
from lifecycle.hooks.run import HookFailed, run_trigger


class AsksTriggers(Protocol):
    """Whatever asks triggers of events."""

    def trigger(self, trigger: Trigger, event: Event, facts: Facts) -> Event | HookFailed | None:
        """The event that a trigger makes of an event, None, or how it failed."""


class AskedHere:
    """Asks in this process: fast, and bounded in time as far as Python can be."""

    def trigger(self, trigger: Trigger, event: Event, facts: Facts) -> Event | HookFailed | None:
        """The event that a trigger makes of an event, None, or how it failed."""
        return run_trigger(trigger, event, facts)
