"""Runs every pure hook twice on a sample and compares: what differs would not replay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts as CoreFacts
from lifecycle.hooks.declare import Hook, Trigger
from lifecycle.hooks.registry import HookProblem, Registry
from lifecycle.hooks.run import HookFailed, run_attribute, run_trigger

SAMPLE_SIZE = 4
"""Events of each name in the sample."""
_BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
_PROPERTIES: dict[str, Any] = {
    "sku": "A-1",
    "name": "Sample",
    "category": "shoes",
    "price": 49.9,
    "cart_id": "c1",
    "order_id": "o1",
    "total": 99.8,
    "currency": "EUR",
    "items": [{"sku": "A-1", "name": "Sample", "quantity": 2, "price": 49.9, "line_total": 99.8}],
}
_VALUES: tuple[Any, ...] = ("sample", 42, ["a", "b"])


def sample_check(
    registry: Registry, root: Path | None = None, sample: Sequence[Event] = ()
) -> list[HookProblem]:
    """What differs between two runs (an error), and what raises on the sample (a warning).

    `sample` holds events of the shop's own to use beside the made-up ones; paths in problems are
    told from `root` where it is given.
    """
    problems: list[HookProblem] = []
    for trigger in registry.triggers.values():
        facts = _facts(trigger.reads, sample)
        asked = [one for name in trigger.listens_to for one in facts.events[name]]
        runs = [[run_trigger(trigger, one, deepcopy(facts)) for one in asked] for _ in range(2)]
        problems += _compared(trigger, _shown(runs[0]), _shown(runs[1]), root)
    for hook in registry.attributes.values():
        facts = _facts(hook.reads, sample)
        values = [[run_attribute(hook, deepcopy(facts))] for _ in range(2)]
        problems += _compared(hook, values[0], values[1], root)
    for filter_ in registry.filters.values():
        values = [[_filtered(filter_.function, one) for one in _VALUES] for _ in range(2)]
        problems += _compared(filter_, values[0], values[1], root)
    return problems


def _facts(reads: frozenset[str], sample: Sequence[Event]) -> CoreFacts:
    end = max((one.at for one in sample), default=_BEGIN) + timedelta(hours=SAMPLE_SIZE)
    facts = CoreFacts("sample", end, ZoneInfo("UTC"), known_since=_BEGIN)
    for name in sorted(reads):
        facts.events[name] = []
        for number in range(SAMPLE_SIZE):
            at = _BEGIN + timedelta(hours=number)
            facts.add_event(Event(at, f"sample-{name}-{number}", name, deepcopy(_PROPERTIES)))
    for event in sample:
        if event.name in reads:
            facts.add_event(event)
    return facts


def _filtered(function: Any, value: Any) -> Any:
    try:
        return function(deepcopy(value))
    except (Exception, SystemExit):
        return None


def _shown(answers: list[Event | HookFailed | None]) -> list[Any]:
    """Answers with their properties, which events leave out when they compare."""
    return [(one, one.properties) if isinstance(one, Event) else one for one in answers]


def _compared(
    hook: Hook, once: list[Any], again: list[Any], root: Path | None
) -> Iterator[HookProblem]:
    file = hook.place.file
    if root is not None and Path(file).resolve().is_relative_to(root.resolve()):
        file = Path(file).resolve().relative_to(root.resolve()).as_posix()
    if once != again:
        yield HookProblem(
            file,
            hook.place.line,
            f"“{hook.name}” gave two answers to the same question",
            "a hook looks at its event and facts alone: no clock, no chance, no memory",
        )
        return
    broken = next((one for one in once if isinstance(one, HookFailed)), None)
    if broken is not None:
        kind = "trigger" if isinstance(hook, Trigger) else "attribute"
        problem = f"the {kind} “{hook.name}” fails on a sample: {broken.why}"
        yield HookProblem(file, broken.line, problem, "bear with missing values", "warning")
