"""Who asks hooks: this very process, for replays and tests, unless a registry says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.hooks.declare import Incentive, IncentiveAsked, Trigger
from lifecycle.hooks.run import HookFailed, run_incentive, run_trigger

CodeAsked = tuple[Incentive, IncentiveAsked]
"""One code to be asked for, and of which hook."""


class AsksHooks(Protocol):
    """Whatever asks triggers of events, and incentive hooks for codes."""

    def trigger(self, trigger: Trigger, event: Event, facts: Facts) -> Event | HookFailed | None:
        """The event that a trigger makes of an event, None, or how it failed."""

    def incentives(self, asked: Sequence[CodeAsked]) -> list[str | HookFailed]:
        """The codes, all asked for at once, in order: empty for none, or how the hook failed."""


class AskedHere:
    """Asks in this process: fast, and bounded in time as far as Python can be."""

    def trigger(self, trigger: Trigger, event: Event, facts: Facts) -> Event | HookFailed | None:
        """The event that a trigger makes of an event, None, or how it failed."""
        return run_trigger(trigger, event, facts)

    def incentives(self, asked: Sequence[CodeAsked]) -> list[str | HookFailed]:
        """The codes, all asked for at once, in order: empty for none, or how the hook failed."""
        if not asked:
            return []
        with ThreadPoolExecutor(len(asked)) as threads:
            return list(threads.map(run_incentive, *zip(*asked, strict=True)))
