"""The instants at which a plain reading may turn: all that rule and history together name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from tests.properties.plain_asked import Asked
from tests.properties.plain_people import Person
from tests.properties.plain_values import MICRO, anniversaries, instant, lengths_in, midnight

CALENDAR = ("during", "anniversary_within_next")


def edges(raws: Any, person: Person, begin: datetime, end: datetime) -> list[datetime]:
    """Every instant from `begin` to `end` at which some rule may turn, and those beside it."""
    known = {one.known_at for one in person.events} | {one.received for one in person.events}
    known |= {at for one in person.stays for at in (one.begins, one.ends) if at}
    known |= {one.received for one in person.told} | {one.at for one in person.told}
    zones = {person.zone(at) for at in known}
    base = set(known) | {one.at for one in person.events}
    values = [*_values([one.attributes for one in person.told])]
    values += [*_values([one.properties for one in person.events])]
    words = set(_words(raws))
    for zone in zones:
        base |= {at for value in values if (at := instant(value, zone))}
        base |= {at for value in _moments(raws) if (at := instant(value, zone))}
        if words & set(CALENDAR):
            days = (end - begin).days + 3
            first = begin.astimezone(zone).date() - timedelta(days=1)
            base |= {midnight(first + timedelta(days=n), zone) for n in range(days)}
        if "anniversary_within_next" in words:
            for value in values:
                base |= set(anniversaries(value, zone, 2024, 2028))
    spans: set[timedelta] = {timedelta()}
    for said in set(lengths_in(raws)):
        for at in known if " x " in said else [begin]:
            span = Asked(person, at).length(said)
            if span is not None:
                spans |= {span, -span}
    found = {begin, end}
    for at in base:
        for span in spans:
            found |= {at + span - MICRO, at + span, at + span + MICRO}
    return sorted(at for at in found if begin <= at <= end)


def _values(told: Any) -> Iterator[Any]:
    if isinstance(told, Mapping):
        for one in told.values():
            yield from _values(one)
    elif isinstance(told, list):
        for one in told:
            yield from _values(one)
    elif not isinstance(told, bool) and told is not None:
        yield told


def _moments(raw: Any) -> Iterator[date]:
    return (one for one in _values(raw) if isinstance(one, date))


def _words(raw: Any) -> Iterator[str]:
    if isinstance(raw, Mapping):
        for key, value in raw.items():
            yield key
            yield from _words(value)
    elif isinstance(raw, list):
        for one in raw:
            yield from _words(one)
