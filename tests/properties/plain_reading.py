"""Sections 1 and 2 of the language read plainly, over rules as written: the tests' own judge.

The whole history is looked at each time, with nothing remembered, nothing pruned, and no code of
the product's rules. What it says follows the sentences of the contract one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from lifecycle.core.chance import fraction
from tests.properties.plain_asked import (
    FIGURES,
    Asked,
    Raw,
    among,
    compares,
    figure,
    in_window,
    knows_window,
    meets,
    somewhere,
)
from tests.properties.plain_people import Happened, Person
from tests.properties.plain_values import entries, found_at, is_known, number, same


def holds(
    raw: Raw,
    person: Person,
    now: datetime,
    segments: Mapping[str, Raw] | None = None,
    entry: Happened | None = None,
) -> bool:
    """Whether a rule as written holds for somebody at an instant."""
    return rule(raw, Asked(person, now, segments or {}, entry))


def inside(name: str, person: Person, now: datetime, segments: Mapping[str, Raw]) -> bool:
    """Whether somebody is a member of a segment: by its rule, its list of members, or not."""
    if person.known_since(now) is None:
        return False
    members = segments[name].get("members", {})
    if person.id in members.get("exclude", ()):
        return False
    if person.id in members.get("include", ()):
        return True
    return rule(segments[name]["match"], Asked(person, now, segments))


def turns(
    person: Person, name: str, instants: Sequence[datetime], segments: Mapping[str, Raw]
) -> list[tuple[datetime, str]]:
    """Every turn of a membership, given all the instants at which there may be one."""
    found: list[tuple[datetime, str]] = []
    was = False
    for at in instants:
        if inside(name, person, at, segments) is not was:
            was = not was
            found.append((at, "joined" if was else "left"))
    return found


def rule(raw: Raw, asked: Asked) -> bool:
    """Branches side by side must each hold; a leaf says its own."""
    branches: dict[str, Callable[[Any], bool]] = {
        "all": lambda parts: all(rule(part, asked) for part in parts),
        "any": lambda parts: any(rule(part, asked) for part in parts),
        "none": lambda parts: not any(rule(part, asked) for part in parts),
        "not": lambda part: not rule(part, asked),
    }
    said = [word for word in branches if word in raw]
    if said:
        return all(branches[word](raw[word]) for word in said)
    for word, leaf in LEAVES.items():
        if word in raw:
            return leaf(raw, asked)
    raise AssertionError(f"a leaf that nobody reads: {raw}")


def _customer(raw: Raw, asked: Asked) -> bool:
    first, *below = raw["customer"].split(".")
    if "held_for" not in raw:
        return somewhere(raw, asked.customer(first), tuple(below), asked)
    since = _held_since(raw, first, tuple(below), asked)
    span = asked.length(raw["held_for"])
    return since is not None and span is not None and since + span <= asked.now


def _held_since(raw: Raw, name: str, below: tuple[str, ...], asked: Asked) -> datetime | None:
    """Since when an attribute has compared so without a break; None if it does not."""
    known = asked.person.known_since(asked.now)
    assert known is not None
    values: dict[datetime, Any] = {known: None}
    for at, value in asked.person.past(name, asked.now):
        values[at] = value
    since: datetime | None = None
    for at in sorted(values):
        if not somewhere(raw, values[at], below, asked):
            since = None
        elif since is None:
            since = at
    return since


def _event(raw: Raw, asked: Asked) -> bool:
    properties = None if asked.entry is None else asked.properties(asked.entry)
    return somewhere(raw, properties, tuple(raw["event"].split(".")), asked)


def _did(raw: Raw, asked: Asked) -> bool:
    if not knows_window(raw, asked):
        return False
    found = among(raw["did"], raw, asked, raw)
    if "not_followed_by" in raw:
        found = [one for one in found if not _followed(one, raw, asked)]
    count = len(found)
    if "exactly" in raw:
        return bool(count == raw["exactly"])
    least = raw.get("at_least", 0 if "at_most" in raw else 1)
    return bool(count >= least and count <= raw.get("at_most", count))


def _followed(one: Happened, raw: Raw, asked: Asked) -> bool:
    """Whether another event came after it, on the same value."""
    later = [other for other in asked.events(raw["not_followed_by"]) if other.order > one.order]
    if "same" not in raw:
        return bool(later)
    own = _on(one, raw["same"], asked)
    return any(_shared(own, _on(other, raw["same"], asked), asked) for other in later)


def _on(event: Happened, path: str, asked: Asked) -> list[Any]:
    """The known values of an event's property."""
    found = found_at(asked.properties(event), tuple(path.split(".")))
    return [one for value in found for one in entries(value) if is_known(one)]


def _shared(some: list[Any], others: list[Any], asked: Asked) -> list[Any]:
    """The values that are among both."""
    return [one for one in some if any(same(one, other, asked.zone) for other in others)]


def _figured(raw: Raw, asked: Asked) -> bool:
    value = figure(raw, asked, raw) if knows_window(raw, asked) else None
    return compares(raw, value, asked)


def _share(raw: Raw, asked: Asked) -> bool:
    over = under = None
    if knows_window(raw, asked):
        over, under = figure(raw["share"], asked, raw), figure(raw["of"], asked, raw)
    value = None if over is None or not under else over / under
    return compares(raw, value, asked)


def _end(raw: Raw, asked: Asked) -> bool:
    """The first or the last of all that meet `where` has that, and lies in the window."""
    word = "first" if "first" in raw else "last"
    met = among(raw[word], raw, asked, {})
    if not met or not knows_window(raw, asked):
        return False
    one = met[0] if word == "first" else met[-1]
    return in_window(raw, one, asked) and meets(raw.get("has", {}), asked.properties(one), asked)


def _sequence(raw: Raw, asked: Asked) -> bool:
    if not knows_window(raw, asked):
        return False
    return any(
        _goes_on(raw, 1, [one], _on(one, raw["same"], asked) if "same" in raw else [], asked)
        for one in asked.events(raw["sequence"][0])
        if in_window(raw, one, asked)
    )


def _goes_on(raw: Raw, place: int, taken: list[Happened], values: list[Any], asked: Asked) -> bool:
    """Whether the sequence can be completed after those events, on one of those values."""
    if "same" in raw and not values:
        return False
    if place == len(raw["sequence"]):
        return not _between(raw, taken[0], taken[-1], values, asked)
    for one in asked.events(raw["sequence"][place]):
        if one.order <= taken[-1].order or not in_window(raw, one, asked):
            continue
        span = asked.length(raw["inside"]) if "inside" in raw else None
        if span is not None and one.at - span >= taken[0].at:
            continue
        shared = _shared(values, _on(one, raw["same"], asked), asked) if "same" in raw else []
        if _goes_on(raw, place + 1, [*taken, one], shared, asked):
            return True
    return False


def _between(raw: Raw, first: Happened, last: Happened, values: list[Any], asked: Asked) -> bool:
    """Whether on each of the values the event that must not come between did.

    One that tells values of its own is between on those alone, one that tells none on all.
    """
    if "without" not in raw:
        return False
    between = [one for one in asked.events(raw["without"]) if first.order < one.order < last.order]
    if "same" not in raw:
        return bool(between)
    seen = [_on(one, raw["same"], asked) for one in between]
    return all(any(not told or _shared([value], told, asked) for told in seen) for value in values)


def _in_segment(raw: Raw, asked: Asked) -> bool:
    name = raw["in_segment"]
    return name in asked.segments and inside(name, asked.person, asked.now, asked.segments)


def _in_campaign(raw: Raw, asked: Asked) -> bool:
    return any(
        stay.campaign == raw["in_campaign"]
        and stay.begins <= asked.now
        and (stay.ends is None or asked.now < stay.ends)
        for stay in asked.person.stays
    )


def _was_sent(raw: Raw, asked: Asked) -> bool:
    campaign, _, step = raw["was_sent"].partition("/")
    return knows_window(raw, asked) and any(
        one.properties.get("campaign") == campaign
        and step in ("", one.properties.get("step"))
        and in_window(raw, one, asked)
        for one in asked.events("message_sent")
    )


def _known_for(raw: Raw, asked: Asked) -> bool:
    since, span = asked.person.known_since(asked.now), asked.length(raw["known_for"])
    return since is not None and span is not None and since + span <= asked.now


def _suppressed(raw: Raw, asked: Asked) -> bool:
    since = asked.person.suppressed_since
    return since is not None and since <= asked.now


def _random(raw: Raw, asked: Asked) -> bool:
    percent = number(raw["random_percent"])
    assert percent is not None
    place = fraction(raw.get("seed", "random"), "random_percent", asked.person.id)
    return Fraction(place) * 100 < percent


LEAVES: dict[str, Callable[[Raw, Asked], bool]] = {
    "customer": _customer,
    "event": _event,
    "did": _did,
    "share": _share,
    **dict.fromkeys(FIGURES, _figured),
    **dict.fromkeys(("first", "last"), _end),
    "sequence": _sequence,
    "in_segment": _in_segment,
    "in_campaign": _in_campaign,
    "was_sent": _was_sent,
    "agreed_to": lambda raw, asked: asked.person.agreed_to(raw["agreed_to"], asked.now),
    "suppressed": _suppressed,
    "known_for": _known_for,
    "random_percent": _random,
    "everyone": lambda _raw, _asked: True,
}
