"""Asks one hook, and gives its answer or how it failed; nothing is ever raised through."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts as CoreFacts
from lifecycle.hooks.declare import Attribute, Hook, Incentive, IncentiveAsked, Trigger
from lifecycle.hooks.facts import Facts
from lifecycle.hooks.in_time import in_time
from lifecycle.hooks.plain import NotPlain, plain

MAX_WHY = 300
"""Characters kept of why a hook failed."""
INCENTIVE_SECONDS = 10.0
"""How long one code may take: the hook may ask another machine for it."""
MAX_CODE = 200
"""Characters of a code."""


@dataclass(frozen=True, slots=True)
class HookFailed:
    """A hook raised, stalled or gave what it may not; it is quarantined for this event alone."""

    hook: str
    event_id: str
    why: str
    file: str = ""
    line: int = 0


def run_trigger(trigger: Trigger, event: Event, facts: CoreFacts) -> Event | HookFailed | None:
    """Ask a trigger of one event: the event it makes, None, or how it failed.

    What it makes carries the trigger's name, the event's moment and an id derived from both, and
    plain properties. `facts` and `event` stay as they are, whatever the hook does to its copies.
    """
    try:
        source = _Shown(*_parts(event))
        seen = Facts(facts, trigger.reads, event.at, trigger.looks_back, event)
        made = in_time(trigger.function, source, seen)
        return None if made is None else _made(trigger, event, made)
    except (Exception, SystemExit) as raised:
        return failed(trigger, event.id, raised)


def run_attribute(hook: Attribute, facts: CoreFacts) -> Any:
    """The value that an attribute hook gives at `facts.now`, or a HookFailed."""
    try:
        seen = Facts(facts, hook.reads, facts.now, hook.looks_back)
        return plain(in_time(hook.function, seen))
    except (Exception, SystemExit) as raised:
        return failed(hook, "", raised)


def run_incentive(hook: Incentive, asked: IncentiveAsked) -> str | HookFailed:
    """The code that an incentive hook gives, empty where it has none, or how it failed."""
    try:
        code = in_time(hook.function, asked, seconds=INCENTIVE_SECONDS)
        return "" if code is None else _code(code)
    except (Exception, SystemExit) as raised:
        return failed(hook, "", raised)


def _code(code: object) -> str:
    if not isinstance(code, str):
        raise TypeError(f"an incentive hook gives a code as text, not {type(code).__name__}")
    if not code.strip() or len(code) > MAX_CODE or not code.isprintable():
        raise ValueError(f"a code is a line of 1 to {MAX_CODE} characters")
    return code.strip()


def asked_again(trigger: Trigger, late: Event, later: Iterable[Event]) -> list[Event]:
    """The `later` events of which a trigger is asked again, since `late` lies in their view."""
    if late.name not in trigger.reads:
        return []
    return sorted(
        event
        for event in later
        if event.name in trigger.listens_to
        and late < event
        and event.at - trigger.looks_back < late.at
    )


def failed(hook: Hook, event_id: str, raised: BaseException) -> HookFailed:
    """What is kept of an exception: its text, and the last line of the hook's own file in it."""
    file, line = hook.place.file, hook.place.line
    for frame in traceback.extract_tb(raised.__traceback__):
        if frame.filename == file:
            line = frame.lineno or line
    try:
        why = f"{type(raised).__name__}: {raised}"
    except Exception:
        why = type(raised).__name__
    return HookFailed(hook.name, event_id, why[:MAX_WHY], file, line)


class _Shown(Event):
    """The event as a trigger is shown it: a copy, and `name` may be a property of what it makes."""

    __slots__ = ()


def _parts(event: Event) -> tuple[Any, ...]:
    properties = deepcopy(dict(event.properties))
    return event.at, event.id, event.name, properties, event.received_at, event.enters


def _made(trigger: Trigger, source: Event, made: object) -> Event:
    if not isinstance(made, Event):
        raise TypeError(f"a trigger gives an event or None, not {type(made).__name__}")
    expected = source.becomes(trigger.name)
    if made != expected or made.name != trigger.name:
        raise ValueError(f'a trigger gives event.becomes("{trigger.name}", …) of its own event')
    properties = plain(made.properties)
    if not isinstance(properties, dict):
        raise NotPlain("an event's properties are a table of names and values")
    return replace(expected, properties=properties)
