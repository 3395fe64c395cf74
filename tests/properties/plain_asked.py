"""One question put to a history: comparisons, conditions, windows and figures, read plainly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from tests.properties.plain_kept import kept
from tests.properties.plain_people import Happened, Person
from tests.properties.plain_values import (
    OPS,
    anniversary_in,
    entries,
    found_at,
    instant,
    is_known,
    length,
    millionths,
    number,
    same,
    text,
)
from tests.properties.plain_windows import calendar_window

Raw = Mapping[str, Any]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIGURES = ("total_of", "average_of", "smallest_of", "largest_of", "distinct_of")


@dataclass
class Asked:
    """One question: of whom, when, with which segments, after which entry event."""

    person: Person
    now: datetime
    segments: Mapping[str, Raw] = field(default_factory=dict)
    entry: Happened | None = None

    @cached_property
    def zone(self) -> ZoneInfo:
        """The customer's zone."""
        return self.person.zone(self.now)

    @cached_property
    def seen(self) -> list[Happened]:
        """The events that are known."""
        return self.person.seen(self.now)

    def events(self, names: Any) -> list[Happened]:
        """Events of a name, a list of names or `prefix*`, in order."""
        wanted = names if isinstance(names, list) else [names]
        return [
            one
            for one in self.seen
            if any(
                one.name.startswith(name[:-1]) if name.endswith("*") else one.name == name
                for name in wanted
            )
        ]

    def customer(self, name: str) -> Any:
        """A top-level attribute, those that the engine keeps among them."""
        own = kept(self.person, name, self.now)
        said = self.person.attribute(name, self.now)
        if isinstance(own, dict) and (said is None or isinstance(said, dict)):
            return own | (said or {})
        return own if said is None else said

    def properties(self, event: Happened) -> dict[str, Any]:
        """An event's properties, with the customer's clock at its moment."""
        clock = event.at.astimezone(self.zone)
        calendar = {
            "event_day": clock.date().isoformat(),
            "event_hour": clock.hour,
            "event_weekday": WEEKDAYS[clock.weekday()],
        }
        return calendar | dict(event.properties)

    def length(self, said: str) -> timedelta | None:
        """A length, of the person too; unknown where the attribute is."""
        if " x " not in said:
            return length(said)
        times, path = said.split(" x ")
        first, *rest = path.split(".")
        for value in found_at(self.customer(first), tuple(rest)):
            days = number(value)
            if days is not None and days > 0:
                seconds = days * Fraction(times) * 86400
                return timedelta(microseconds=round(seconds * 1_000_000))
        return None


def compares(raw: Raw, value: Any, asked: Asked) -> bool:
    """Whether one value compares so: several OPs must all hold, none with the unknown."""
    return all(_op(word, raw[word], value, asked) for word in raw if word in OPS)


def _op(word: str, operand: Any, value: Any, asked: Asked) -> bool:
    if word == "is_set":
        return is_known(value) is operand
    if not is_known(value):
        return False
    zone = asked.zone
    if word in ("is", "is_not"):
        return same(value, operand, zone) is (word == "is")
    if word in ("is_one_of", "is_none_of"):
        return any(same(value, one, zone) for one in operand) is (word == "is_one_of")
    if word in ("contains", "starts_with", "ends_with"):
        return _text_op(word, operand, value, zone)
    if word in ("at_least", "at_most", "more_than", "less_than"):
        return _number_op(word, operand, value)
    if word == "same_as":
        other = None if asked.entry is None else asked.properties(asked.entry)
        return any(
            is_known(one) and same(value, one, zone)
            for one in found_at(other, tuple(operand.split(".")))
        )
    return _instant_op(word, operand, value, asked)


def _text_op(word: str, operand: Any, value: Any, zone: ZoneInfo) -> bool:
    if isinstance(value, list):
        return word == "contains" and any(same(one, operand, zone) for one in value)
    if isinstance(value, bool | Mapping):
        return False
    whole, part = text(value), text(operand)
    if word == "contains":
        return part in whole
    return whole.startswith(part) if word == "starts_with" else whole.endswith(part)


def _number_op(word: str, operand: Any, value: Any) -> bool:
    found = value if isinstance(value, Fraction) else number(value)
    bound = number(operand)
    assert bound is not None
    if found is None:
        return False
    if word == "at_least":
        return bool(found >= bound)
    if word == "at_most":
        return bool(found <= bound)
    return bool(found > bound) if word == "more_than" else bool(found < bound)


def _instant_op(word: str, operand: Any, value: Any, asked: Asked) -> bool:
    now = asked.now
    if word == "anniversary_within_next":
        ahead = asked.length(operand)
        return ahead is not None and anniversary_in(value, now, now + ahead, asked.zone)
    at = instant(value, asked.zone)
    if at is None:
        return False
    if word in ("before", "after"):
        bound = instant(operand, asked.zone)
        assert bound is not None
        return at < bound if word == "before" else at > bound
    span = asked.length(operand)
    if span is None:
        return False
    if word == "within_last":
        return now - span < at <= now
    return now <= at < now + span


def somewhere(raw: Raw, root: Any, path: tuple[str, ...], asked: Asked) -> bool:
    """Whether some value at a path compares so; one that is nowhere is unknown."""
    return any(compares(raw, one, asked) for one in list(found_at(root, path)) or [None])


def meets(where: Raw, properties: Any, asked: Asked) -> bool:
    """Whether properties meet conditions; under one list all for one and the same entry."""
    return _meets(_spread(where), properties, asked)


def _spread(where: Raw) -> list[tuple[tuple[str, ...], Raw]]:
    """Conditions by path: dotted keys, tables in tables, bare values."""
    found: list[tuple[tuple[str, ...], Raw]] = []
    for key, value in where.items():
        path = tuple(key.split("."))
        if isinstance(value, list):
            found.append((path, {"is_one_of": value}))
        elif not isinstance(value, Mapping):
            found.append((path, {"is": value}))
        elif any(one in OPS for one in value):
            found.append((path, value))
        else:
            found += [((*path, *below), said) for below, said in _spread(value)]
    return found


def _meets(conditions: list[tuple[tuple[str, ...], Raw]], value: Any, asked: Asked) -> bool:
    for key in {path[0] for path, _ in conditions}:
        child = value.get(key) if isinstance(value, Mapping) else None
        here = [said for path, said in conditions if path == (key,)]
        below = [(path[1:], said) for path, said in conditions if path[0] == key and path[1:]]
        if not all(compares(said, child, asked) for said in here):
            return False
        if below and not any(_meets(below, entry, asked) for entry in entries(child)):
            return False
    return True


def in_window(raw: Raw, event: Happened, asked: Asked) -> bool:
    """Whether an event lies in the window: its far edge out, its near edge in, never the future."""
    now, zone, at = asked.now, asked.zone, event.at
    ok = at <= now
    if "within" in raw:
        span = asked.length(raw["within"])
        ok = ok and span is not None and at > now - span
    if "between" in raw:
        far, near = (asked.length(edge.removesuffix(" ago")) for edge in raw["between"])
        ok = ok and far is not None and near is not None and now - far < at <= now - near
    if "since" in raw:
        ok = ok and at >= _instant(raw["since"], zone)
    if "until" in raw:
        ok = ok and at < _instant(raw["until"], zone)
    if "during" in raw:
        begins, ends = calendar_window(raw["during"], now, zone)
        ok = ok and begins <= at < ends
    if "since_entry" in raw:
        ok = ok and asked.entry is not None and event.order > asked.entry.order
    if "before_entry" in raw:
        ok = ok and asked.entry is not None and event.order < asked.entry.order
    return ok


def knows_window(raw: Raw, asked: Asked) -> bool:
    """Whether the lengths of a window are known; one of the person may not be."""
    said = [raw["within"]] if "within" in raw else []
    said += [edge.removesuffix(" ago") for edge in raw.get("between", ())]
    return all(asked.length(one) is not None for one in said)


def _instant(said: Any, zone: ZoneInfo) -> datetime:
    found = instant(said, zone)
    assert found is not None
    return found


def among(names: Any, raw: Raw, asked: Asked, window: Raw) -> list[Happened]:
    """The events of these names that meet `where`, inside the window, in order."""
    return [
        one
        for one in asked.events(names)
        if in_window(window, one, asked)
        and meets(raw.get("where", {}), asked.properties(one), asked)
    ]


def values_of(raw: Raw, path: str, asked: Asked, window: Raw) -> list[Any]:
    """The known values of a property over events; into a list `where` picks the entries."""
    name, _, below = path.partition(".")
    found: list[Any] = []
    for event in asked.events(name):
        if in_window(window, event, asked):
            parts = tuple(below.split("."))
            found += _picked(asked.properties(event), parts, _spread(raw.get("where", {})), asked)
    return [one for one in found if is_known(one)]


def _picked(
    value: Any, path: tuple[str, ...], conditions: list[tuple[tuple[str, ...], Raw]], asked: Asked
) -> list[Any]:
    if isinstance(value, list):
        return [one for entry in value for one in _picked(entry, path, conditions, asked)]
    if not path:
        return [value] if _meets(conditions, value, asked) else []
    if not isinstance(value, Mapping):
        return []
    along = [(at[1:], said) for at, said in conditions if at[0] == path[0] and at[1:]]
    beside = [(at, said) for at, said in conditions if at[0] != path[0] or not at[1:]]
    if not _meets(beside, value, asked):
        return []
    return _picked(value.get(path[0]), path[1:], along, asked)


def figure(raw: Raw, asked: Asked, window: Raw) -> Fraction | None:
    """A count or a figure; the total and the counts of nothing are 0, the others unknown."""
    if "did" in raw:
        return Fraction(len(among(raw["did"], raw, asked, window)))
    word = next(one for one in FIGURES if one in raw)
    values = values_of(raw, raw[word], asked, window)
    if word == "distinct_of":
        return Fraction(_distinct(values, asked.zone))
    told = [Fraction(one, 1_000_000) for one in map(millionths, values) if one is not None]
    if word == "total_of":
        return sum(told, Fraction(0))
    if not told:
        return None
    if word == "average_of":
        return sum(told, Fraction(0)) / len(told)
    return min(told) if word == "smallest_of" else max(told)


def _distinct(values: list[Any], zone: ZoneInfo) -> int:
    found: list[Any] = []
    for value in values:
        if not any(same(value, one, zone) for one in found):
            found.append(value)
    return len(found)
