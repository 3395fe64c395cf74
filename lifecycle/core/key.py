"""The key that tells entries of a flow apart, and whether an event is about one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lifecycle.core.action import plain
from lifecycle.core.campaign import Flow
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.words import rfc3339

ITEM = "item"
"""The property under which an entry of `each` sees its own entry of the list."""
ENTRIES = ("items",)
"""The list whose entries events speak of by `item` where a flow names no other."""
NUMBER = "item_number"
"""Its place in that list, from 1."""


def key_of(flow: Flow, event: Event, facts: Facts) -> dict[str, Any] | None:
    """The parts of the entry key that the event carries, by path; None when one is missing."""
    found: dict[str, Any] = {}
    if flow.enter.each is not None and not flow.enter.per:
        return {"event": event.id, "number": event[NUMBER]}
    for path in flow.enter.per:
        value = value_at(event, path, facts)
        if value is None or value == "" or isinstance(value, dict | list):
            return None
        found[".".join(path)] = value
    return found


def value_at(event: Event, path: tuple[str, ...], facts: Facts) -> Any:
    """The value of an event at a path of mappings; None when there is none."""
    value = facts.event_value(event, path[0])
    for part in path[1:]:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def entry_text(flow: Flow, key: Mapping[str, Any], event: Event) -> str:
    """What tells this entry apart: the key, or else the event, or the instant of joining."""
    if key:
        return "/".join(plain(value) for value in key.values())
    if flow.enter.joins or flow.enter.leaves:
        return rfc3339(event.at)
    return event.id


def matches_key(flow: Flow, event: Event, enrollment: Enrollment, facts: Facts) -> bool:
    """Whether an event is about this enrollment: equal on the parts of the key that it carries."""
    entries = flow.enter.each or ENTRIES
    for path, value in enrollment.key.items():
        carried = carried_at(event, tuple(path.split(".")), facts, entries)
        if carried and plain(value) not in carried:
            return False
    return True


def carried_at(
    event: Event, path: tuple[str, ...], facts: Facts, entries: tuple[str, ...] = ENTRIES
) -> list[str]:
    """What an event carries of a part of a key, as text; more than one value into a list.

    An entry of `each` is known by `item.…`; an event that has no item but the list of them, at the
    path `entries`, carries what its entries do.
    """
    values = [facts.event_value(event, path[0])]
    if path[0] == ITEM and values == [None]:
        values = [value_at(event, entries, facts)]
    for part in (*path[1:], None):
        flat: list[Any] = []
        for value in values:
            flat += value if isinstance(value, list) else [value]
        if part is None:
            values = flat
            break
        values = [one.get(part) for one in flat if isinstance(one, dict)]
    return [plain(one) for one in values if one is not None and one != ""]


def named(name: str, event_name: str) -> bool:
    """Whether an event bears a name as rules say it, `prefix*` too."""
    return event_name.startswith(name[:-1]) if name.endswith("*") else name == event_name
