"""What has come in so far: names of events, their newest properties, attributes, topics.

Read only, and at a bounded cost however large the shop is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from lifecycle.core.words import number
from lifecycle.store.dialect.lists import among
from lifecycle.store.tables import METADATA

CUSTOMER, EVENT = METADATA.tables["customer"], METADATA.tables["event"]
CONSENT, ALIAS = METADATA.tables["consent"], METADATA.tables["alias"]
MOST_NAMES = 1_000
"""Names of events that are told."""
MOST_DETAILED = 20
"""Events whose properties are looked at."""
NEWEST = 1_000
"""So many of an event are looked at, the newest."""
MOST_CUSTOMERS = 10_000
"""So many customers are looked at, half of them with the first ids and half with the last."""
MOST_TEXTS = 50
"""Different texts of one property that are told."""
MOST_COUNTED = 1_000
"""History is counted so far, no further."""
Place = tuple[str, ...]
Answer = TypeVar("Answer")


@dataclass(slots=True)
class Values:
    """The known values at one path: how many, of numbers the least and the most, some texts."""

    count: int = 0
    numbers: int = 0
    least: Decimal | None = None
    most: Decimal | None = None
    texts: set[str] = field(default_factory=set)

    def add(self, value: Any) -> None:
        """Take one value in; lists and tables count as known, and no more."""
        if value is None or value == "":
            return
        self.count += 1
        found = number(value)
        if found is not None:
            self.numbers += 1
            self.least = found if self.least is None else min(self.least, found)
            self.most = found if self.most is None else max(self.most, found)
        if isinstance(value, str) and len(self.texts) < MOST_TEXTS:
            self.texts.add(value)

    def also(self, other: Values) -> None:
        """Take in what was seen elsewhere."""
        self.count += other.count
        self.numbers += other.numbers
        for value in (other.least, other.most):
            if value is not None:
                self.least = value if self.least is None else min(self.least, value)
                self.most = value if self.most is None else max(self.most, value)
        self.texts |= other.texts


@dataclass(slots=True)
class Looked:
    """Tables of values that were looked at; `whole` says that there are no more of them."""

    count: int = 0
    whole: bool = True
    values: dict[Place, Values] = field(default_factory=dict)
    """By path, lists gone through; each table on the way is there too."""

    def add(self, table: Mapping[str, Any]) -> None:
        """Take in the properties of one event, or the attributes of one customer."""
        self.count += 1
        waiting: list[tuple[Place, Any]] = [((key,), value) for key, value in table.items()]
        while waiting:
            path, value = waiting.pop()
            self.values.setdefault(path, Values()).add(value)
            if isinstance(value, dict):
                waiting += [((*path, key), below) for key, below in value.items()]
            elif isinstance(value, list):
                for entry in value:
                    if isinstance(entry, dict):
                        waiting += [((*path, key), below) for key, below in entry.items()]
                    else:
                        self.values[path].add(entry)

    def also(self, other: Looked) -> None:
        """Take in what was looked at elsewhere."""
        self.count += other.count
        self.whole = self.whole and other.whole
        for path, values in other.values.items():
            self.values.setdefault(path, Values()).also(values)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked at. `history` and `consents` count up to `MOST_COUNTED`."""

    names: frozenset[str]
    history: int
    events: Mapping[str, Looked]
    customers: Looked
    topics: frozenset[str]
    consents: int


def seen(connection: Connection, events: Iterable[str], topics: Iterable[str]) -> Seen:
    """Look at what came in: the events of these names closely, and which topics were agreed to."""
    names = event_names(connection)
    wanted = sorted(name for name in events if name in names)[:MOST_DETAILED]
    return Seen(
        names=names,
        history=_count(connection, EVENT.c.event_id),
        events={name: _newest(connection, name) for name in wanted},
        customers=_customers(connection),
        topics=frozenset(one for one in topics if _agreed(connection, one)),
        consents=_count(connection, CONSENT.c.topic),
    )


def event_names(connection: Connection) -> frozenset[str]:
    """The names of all events there are, read off the index: one step a name."""
    found: list[str] = []
    while len(found) < MOST_NAMES:
        following = select(func.min(EVENT.c.name))
        if found:
            following = following.where(EVENT.c.name > found[-1])
        name = connection.execute(following).scalar()
        if name is None:
            break
        found.append(name)
    return frozenset(found)


def unknown(connection: Connection, ids: Collection[str]) -> dict[str, str | None]:
    """Those of `ids` that are no customer's, in order, each with the customer it now belongs to."""
    asked = sorted(ids)
    known = select(CUSTOMER.c.customer_id).where(among(CUSTOMER.c.customer_id, "ids", asked))
    there = set(connection.execute(known).scalars())
    merged = select(ALIAS.c.alias_id, ALIAS.c.customer_id)
    merged = merged.where(among(ALIAS.c.alias_id, "ids", asked))
    now: dict[str, str] = dict(connection.execute(merged).all())
    return {one: now.get(one) for one in asked if one not in there}


def at_once(file: Path, ask: Callable[[Connection], Answer]) -> Answer | None:
    """What is read from an SQLite file; None where it cannot be read right now.

    Nothing is written and nothing waited for, not even for a lock.
    """

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=0)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return ask(connection)
    except (SQLAlchemyError, sqlite3.Error):
        return None
    finally:
        engine.dispose()


def _newest(connection: Connection, name: str) -> Looked:
    query = select(EVENT.c.properties).where(EVENT.c.name == name)
    found = Looked()
    for (properties,) in connection.execute(query.order_by(EVENT.c.at.desc()).limit(NEWEST)):
        found.add(properties)
    found.whole = found.count < NEWEST
    return found


def _customers(connection: Connection) -> Looked:
    found = Looked()
    rows = select(CUSTOMER.c.customer_id, CUSTOMER.c.attributes)
    half = MOST_CUSTOMERS // 2
    last = ""
    for customer_id, attributes in connection.execute(
        rows.order_by(CUSTOMER.c.customer_id).limit(half)
    ):
        found.add(attributes)
        last = customer_id
    if found.count == half:
        others = rows.where(CUSTOMER.c.customer_id > last)
        others = others.order_by(CUSTOMER.c.customer_id.desc()).limit(half)
        for _, attributes in connection.execute(others):
            found.add(attributes)
        found.whole = found.count < 2 * half
    return found


def _count(connection: Connection, column: Any) -> int:
    some = select(column).limit(MOST_COUNTED).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar() or 0)


def _agreed(connection: Connection, topic: str) -> bool:
    some = select(CONSENT.c.topic, CONSENT.c.agreed).limit(MOST_CUSTOMERS).subquery()
    query = select(some.c.topic).where(some.c.topic == topic, some.c.agreed).limit(1)
    return connection.execute(query).first() is not None
