"""Asks triggers in a worker process: one that never comes back is ended with its process."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.hooks import in_time
from lifecycle.hooks.declare import Trigger
from lifecycle.hooks.hand_over import answering, handed_over
from lifecycle.hooks.registry import Registry
from lifecycle.hooks.run import MAX_WHY, HookFailed
from lifecycle.workers import Done, Work, Workers

GRACE_SECONDS = 2.0
"""Beyond what a hook may take by itself: then it is stuck where Python cannot end it."""


class AskedAside:
    """Asks the triggers of the project in `root` in a process of their own. Thread-safe.

    Guarantee: whatever a trigger does, this process gets an answer. The worker has the hooks as
    they stand in the folder when it starts.
    """

    def __init__(self, root: Path, registry: Registry) -> None:
        """`registry` is what was found in `root`. The worker starts beside, if there are any."""
        self._workers = Workers(partial(answering, root), seconds=in_time.SECONDS + GRACE_SECONDS)
        self._attributes = tuple(registry.attributes.values())
        if registry.triggers:
            self._workers.start()

    def trigger(self, trigger: Trigger, event: Event, facts: Facts) -> Event | HookFailed | None:
        """The event that a trigger makes of an event, None, or how it failed.

        Raises EnvironmentFailed when no process can be started.
        """
        asked = handed_over(trigger, event, facts, self._attributes)
        answer = self._workers.run([Work(trigger.name, asked, again=False)])[0]
        if isinstance(answer, Done):
            made: Event | HookFailed | None = answer.value
            return made
        why = f"{answer.kind}: {answer.why}"[:MAX_WHY]
        return HookFailed(trigger.name, event.id, why, trigger.place.file, trigger.place.line)

    def close(self) -> None:
        """End the process."""
        self._workers.close()
