"""What is known of one person's hours: their letters with and without answer, visits, groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lifecycle.core.facts import Facts, Handed
from lifecycle.core.hours import ANSWERED_WITHIN, LATEST_LETTERS, Exposure, Own, slot_of

ZONE = "zone"
LONGEST_GROUP = 40
"""Longer texts name no group: they are somebody's own words."""
SEEN = ("site_visited", "order_placed")
"""Events that tell that a customer is there."""
ORDER = "order_placed"
LOOKED_BACK = timedelta(weeks=104)
"""Older letters are not looked at."""
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Happened:
    """A visit or an order, and when."""

    at: datetime
    order: bool


def known_of(facts: Facts, kinds: Sequence[str]) -> Own:
    """What is known of a customer at the instant of the facts; `kinds` are attributes that group.

    The facts must have been read with `Reading.hours` and with the events in SEEN.
    """
    seen = [Happened(one.at, name == ORDER) for name in SEEN for one in facts.events.get(name, ())]
    groups = groups_of(facts.timezone, facts.attributes, kinds)
    return own_of(facts.handed, seen, groups, facts.zone, facts.now)


def own_of(
    handed: Iterable[Handed],
    seen: Iterable[Happened],
    groups: Sequence[str],
    zone: ZoneInfo,
    by: datetime,
) -> Own:
    """The evidence of one person as it stood at the instant `by`.

    A letter is answered by a human click within ANSWERED_WITHIN, or by an order within that time
    before which no later letter went. Visits, and orders, before which no letter went for that
    long tell by themselves when the person is there.
    """
    letters = sorted((one for one in handed if one.at <= by), key=_in_order)
    bought, visits = set[int](), []
    for one in sorted(seen, key=lambda found: found.at):
        if one.at > by:
            continue
        last = _last_before(letters, one.at)
        if last is None or one.at - letters[last].at > ANSWERED_WITHIN:
            visits.append(slot_of(one.at.astimezone(zone)))
        elif one.order:
            bought.add(last)
    exposures = [
        Exposure(
            slot_of(one.at.astimezone(zone)),
            place in bought or _clicked(one),
            one.source,
            (by - one.at) / _WEEK,
        )
        for place, one in enumerate(letters)
        if one.timing and one.at + ANSWERED_WITHIN <= by
    ]
    return Own(tuple(exposures[-LATEST_LETTERS:]), tuple(visits[-LATEST_LETTERS:]), tuple(groups))


def groups_of(
    timezone: str | None, attributes: Mapping[str, Any], kinds: Sequence[str]
) -> tuple[str, ...]:
    """The groups of a customer: the zone they said, and each attribute that is a short text."""
    named = [(ZONE, timezone), *((kind, attributes.get(kind)) for kind in kinds)]
    return tuple(
        f"{kind}:{value}"
        for kind, value in named
        if isinstance(value, str) and 0 < len(value) <= LONGEST_GROUP
    )


def _in_order(one: Handed) -> tuple[datetime, str, str, datetime]:
    """By their instants; at one instant in an order that databases know nothing of."""
    return one.at, one.source, one.timing, one.clicked_at or one.at


def _clicked(one: Handed) -> bool:
    return one.clicked_at is not None and one.clicked_at <= one.at + ANSWERED_WITHIN


def _last_before(letters: Sequence[Handed], at: datetime) -> int | None:
    """The place of the last letter that went at or before an instant."""
    low, high = 0, len(letters)
    while low < high:
        middle = (low + high) // 2
        if letters[middle].at <= at:
            low = middle + 1
        else:
            high = middle
    return low - 1 if low else None
