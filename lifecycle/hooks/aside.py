"""Asks hooks in worker processes: one that never comes back is ended with its process."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.errors import EnvironmentFailed
from lifecycle.hooks import in_time, run
from lifecycle.hooks.declare import Incentive, Trigger
from lifecycle.hooks.hand_over import answering, giving, handed_over
from lifecycle.hooks.here import CodeAsked
from lifecycle.hooks.registry import Registry
from lifecycle.hooks.run import MAX_WHY, HookFailed
from lifecycle.workers import Done, Result, Work, Workers, WorkFailed

GRACE_SECONDS = 2.0
"""Beyond what a hook may take by itself: then it is stuck where Python cannot end it."""
CODES_MEMORY_MB = 1024
"""Addresses for all codes asked for at once: two threads of 8 MB each among them."""
MOST_ALONE = 8
"""Processes at once in which codes are asked for, each by itself, after theirs ended."""


class AskedAside:
    """Asks the hooks of the project in `root` in processes of their own. Thread-safe.

    Guarantee: whatever a hook does, this process gets an answer. A worker has the hooks as they
    stand in the folder when it starts. Triggers and incentive hooks never wait for each other.
    """

    def __init__(self, root: Path, registry: Registry) -> None:
        """`registry` is what was found in `root`. The triggers' worker starts beside."""
        self._codes = Workers(
            partial(giving, root),
            count=MOST_ALONE,
            seconds=run.INCENTIVE_SECONDS + GRACE_SECONDS,
            memory_mb=CODES_MEMORY_MB,
        )
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
        return _failed(trigger, event.id, answer)

    def incentives(self, asked: Sequence[CodeAsked]) -> list[str | HookFailed]:
        """The codes, all asked for at once, in order: empty for none, or how the hook failed.

        One process asks for all. If it ends over them, each is asked for once more with the same
        key, in a process of its own: only the hook that is to blame is without its code.
        """
        if not asked:
            return []
        try:
            return self._together(asked) or self._each_alone(asked)
        except EnvironmentFailed as failed:
            why = f"{failed}"[:MAX_WHY]
            return [HookFailed(hook.name, "", why, hook.place.file) for hook, _ in asked]

    def _together(self, asked: Sequence[CodeAsked]) -> list[str | HookFailed]:
        """What one process says; nothing when it ended."""
        name = "codes" if len(asked) > 1 else asked[0][0].name
        work = Work(name, [one for _, one in asked], again=False)
        answer = self._codes.run([work])[0]
        return list(answer.value) if isinstance(answer, Done) else []

    def _each_alone(self, asked: Sequence[CodeAsked]) -> list[str | HookFailed]:
        works = [Work(hook.name, [one], again=False) for hook, one in asked]
        answers = self._codes.run(works)
        self._codes.close()
        return [
            one.value[0] if isinstance(one, Done) else _failed(hook, "", one)
            for (hook, _), one in zip(asked, answers, strict=True)
        ]

    def close(self) -> None:
        """End the processes."""
        self._workers.close()
        self._codes.close()


def _failed(hook: Trigger | Incentive, event_id: str, answer: Result) -> HookFailed:
    assert isinstance(answer, WorkFailed)
    why = f"{answer.kind}: {answer.why}"[:MAX_WHY]
    return HookFailed(hook.name, event_id, why, hook.place.file, hook.place.line)
