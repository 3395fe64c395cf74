"""What attributes were before: kept where a value changes, read where a rule asks for how long.

All that was ever said of an attribute is a timeline of moments and values, the same in whatever
order it was said. Its newest value stands in the customer's row; a value that is said again and
again leaves only the first and the last of the moments, so that what never changes costs nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from lifecycle.core.facts import Facts, language_of
from lifecycle.core.words import from_micros, micros
from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.tables.columns import json_text
from lifecycle.store.write import Row, upsert

ZONE = "timezone"
OWN = ("email", ZONE, "locale")
"""What the record itself says, beside attributes that may be called the same."""
OWN_MOMENT = "\0{}"
"""Where `attributes_at` keeps the moment of a field of the record: no attribute's name holds NUL,
and an attribute may be called email."""
SAID_BEFORE = "\0\0"
"""Before a key there: an earlier moment of the present value, with nothing said between."""
AS_IT_HAPPENS = timedelta(minutes=10)
"""What is said no later than this is not history: said again, it is not kept moment by moment."""
Points = Sequence[tuple[datetime, Any]]
Timelines = dict[tuple[str, bool, str], dict[datetime, Any]]
"""By customer, whether of the record, and name: what was said at which moments."""


@dataclass
class Past:
    """Takes in what is said at `now` of many customers, and gathers what becomes the past."""

    now: datetime
    _rows: dict[tuple[str, bool, str, int], Row] = field(default_factory=dict)

    def newest(self, row: Row, key: str, at: datetime, value: Any) -> bool:
        """Whether what was said at `at` is the newest; what it puts behind is gathered.

        `row` is the customer's, as it was before; `key` is the attribute's, or of `OWN_MOMENT`.
        """
        moments, moment = row["attributes_at"], micros(at)
        newest = moments.get(key)
        if newest is None:
            moments[key] = moment
            return True
        before, present = SAID_BEFORE + key, value_of(row, key)
        again = json_text(present) == json_text(value)
        history = at < self.now - AS_IT_HAPPENS
        if moment < newest:
            if moment == moments.get(before) and again:
                return False
            if moment >= moments.get(before, moment + 1):
                self._keep(row["customer_id"], key, moments.pop(before), present)
            self._keep(row["customer_id"], key, moment, value)
            return False
        if moment > newest and again:
            if history and before in moments:
                self._keep(row["customer_id"], key, moments.pop(before), present)
            moments.setdefault(before, newest)
        elif not again:
            if before in moments:
                self._keep(row["customer_id"], key, moments.pop(before), present)
            if moment > newest:
                self._keep(row["customer_id"], key, newest, present)
        moments[key] = moment
        return True

    def _keep(self, customer_id: str, key: str, moment: int, value: Any) -> None:
        own, name = key.startswith("\0"), key.removeprefix("\0")
        self._rows[customer_id, own, name, moment] = {
            "customer_id": customer_id,
            "own": own,
            "name": name,
            "since": from_micros(moment),
            "value": value,
        }

    def joined(self, keep: Row, other: Row, key: str) -> None:
        """Put behind what the rows of two customers who become one say under `key`.

        Called before the newer of the two comes to stand in `keep`.
        """
        before = SAID_BEFORE + key
        if key not in keep["attributes_at"]:
            if before in other["attributes_at"]:
                keep["attributes_at"][before] = other["attributes_at"][before]
            return
        for row in (other, keep):
            for told in (before, key):
                if told in row["attributes_at"]:
                    moment = row["attributes_at"][told]
                    self._keep(keep["customer_id"], key, moment, value_of(row, key))
        keep["attributes_at"].pop(before, None)

    def write(self, connection: Connection) -> None:
        """Write what was gathered."""
        upsert(connection, "attribute_past", list(self._rows.values()))


def value_of(row: Row, key: str) -> Any:
    """What a customer's row says under a key of `attributes_at`; None for unknown."""
    return row[key[1:]] if key.startswith("\0") else row["attributes"].get(key)


def read(connection: Connection, facts: Mapping[str, Facts], names: frozenset[str]) -> None:
    """Read what attributes of these names ever were into facts in hand."""
    asked = names | {"locale"} if "language" in names else names
    timelines: Timelines = defaultdict(dict)
    for row in _PAST.rows(connection, {"ids": list(facts), "names": sorted(asked)}):
        timelines[row.customer_id, bool(row.own), row.name][row.since] = row.value
    for row in _PRESENT.rows(connection, {"ids": list(facts)}):
        _add_present(timelines, row, asked)
    for customer_id, known in facts.items():
        for name in names:
            shops = _in_order(timelines, customer_id, name, own=False)
            records = _in_order(timelines, customer_id, name, own=True)
            if name == "language":
                locales = _in_order(timelines, customer_id, "locale", own=True)
                records = [(at, language_of(locale)) for at, locale in locales]
            if points := _overlaid(shops, records):
                known.past[name] = points


def said_by(
    connection: Connection, by: Mapping[str, datetime], names: Sequence[str]
) -> dict[str, tuple[str | None, dict[str, Any]]]:
    """What customers had said, each by an instant of their own: the record's zone, and attributes
    of these names."""
    asked = frozenset((*names, ZONE))
    timelines: Timelines = defaultdict(dict)
    for row in _PAST.rows(connection, {"ids": list(by), "names": sorted(asked)}):
        timelines[row.customer_id, bool(row.own), row.name][row.since] = row.value
    for row in _PRESENT.rows(connection, {"ids": list(by)}):
        _add_present(timelines, row, asked)
    found = {}
    for who, at in by.items():
        zone = _at(_in_order(timelines, who, ZONE, own=True), at)
        said = {name: _at(_in_order(timelines, who, name, own=False), at) for name in names}
        found[who] = zone, said
    return found


def _add_present(timelines: Timelines, row: Any, asked: frozenset[str]) -> None:
    """The present values, each with the moments at which it was said."""
    present = {name: getattr(row, name) for name in ("attributes", *OWN)}
    for name in asked:
        for own in (False, True) if name in OWN else (False,):
            key = OWN_MOMENT.format(name) if own else name
            for told in (SAID_BEFORE + key, key):
                if told in row.attributes_at:
                    moment = from_micros(row.attributes_at[told])
                    timelines[row.customer_id, own, name][moment] = value_of(present, key)


def _in_order(timelines: Timelines, customer_id: str, name: str, *, own: bool) -> Points:
    return sorted(timelines.get((customer_id, own, name), {}).items(), key=lambda point: point[0])


def _overlaid(shops: Points, records: Points) -> tuple[tuple[datetime, Any], ...]:
    """What the attribute was to a rule: the shop's own where it said one, else the record's."""
    found: list[tuple[datetime, Any]] = []
    for at in sorted({at for at, _ in (*shops, *records)}):
        said = [_at(points, at) for points in (shops, records)]
        found.append((at, next((value for value in said if value is not None), None)))
    return tuple(found)


def _at(points: Points, at: datetime) -> Any:
    place = bisect_right(points, at, key=lambda point: point[0])
    return points[place - 1][1] if place else None


_PAST_TABLE, _CUSTOMER = METADATA.tables["attribute_past"], METADATA.tables["customer"]
_PAST = Statement(
    select(_PAST_TABLE).where(
        among(_PAST_TABLE.c.customer_id, "ids"), among(_PAST_TABLE.c.name, "names")
    )
)
_PRESENT = Statement(
    select(
        _CUSTOMER.c.customer_id,
        _CUSTOMER.c.attributes,
        _CUSTOMER.c.attributes_at,
        *(_CUSTOMER.c[name] for name in OWN),
    ).where(among(_CUSTOMER.c.customer_id, "ids"))
)
