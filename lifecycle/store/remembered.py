"""Rows that were read of a customer and hold still: for who alone has the database, as a replay.

One instant reads the same customer up to three times, to take in, to walk flows and to deliver. A
write forgets what it may have changed; one that nobody told of, which the driver's own count of
changes betrays, forgets everything.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from typing import Any

MOST_CUSTOMERS = 2_000
Tables = tuple[str, ...]
ANY = "*"


def part_of(table: str, part: str) -> str:
    """What stands among the tables of a reading that reads a part of one; `ANY`: of all parts."""
    return f"{table}/{part}"


class Remembered:
    """What one connection has read lately, by customer and by the tables it was read from."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver
        self._changes = driver.total_changes
        self._of: OrderedDict[str, dict[Tables, dict[Hashable, Any]]] = OrderedDict()
        self._readers: dict[str, set[Tables]] = {}

    def find(self, tables: Tables, customer_id: str, key: Hashable) -> Any:
        """What was kept under `key` and still holds; None when nothing does."""
        if self._driver.total_changes != self._changes:
            self._forget_all()
            return None
        known = self._of.get(customer_id)
        kept = None if known is None else known.get(tables)
        return None if kept is None else kept.get(key)

    def keep(self, tables: Tables, customer_id: str, key: Hashable, found: Any) -> None:
        """Keep what was just read; it is nobody's to change, and not None."""
        for table in tables:
            self._readers.setdefault(table, set()).add(tables)
        self._of.setdefault(customer_id, {}).setdefault(tables, {})[key] = found
        self._of.move_to_end(customer_id)
        if len(self._of) > MOST_CUSTOMERS:
            self._of.popitem(last=False)

    def about_to_write(self) -> None:
        """To be called before a write that is told of, so that others before it are noticed."""
        if self._driver.total_changes != self._changes:
            self._forget_all()

    def written(
        self, table: str, customers: Iterable[str] | None, parts: Iterable[str] = ()
    ) -> None:
        """Forget what a write has changed: of these customers, or of all where that is unknown.

        With `parts` only these of the table were written to; see `part_of`.
        """
        self._changes = self._driver.total_changes
        readers = self._readers.get(table)
        if table and not readers:
            return
        if customers is None or not readers:
            self._of.clear()
            return
        if parts:
            none: set[Tables] = set()
            own = (self._readers.get(part_of(table, one), none) for one in {*parts, ANY})
            readers = none.union(*own)
        for customer_id in set(customers):
            known = self._of.get(customer_id)
            if known is not None:
                for tables in readers:
                    known.pop(tables, None)

    def _forget_all(self) -> None:
        self._of.clear()
        self._changes = self._driver.total_changes


class AloneConnection(sqlite3.Connection):
    """A connection beside which there is no other, with what it remembers."""

    remembered: Remembered


def remembered_of(driver: Any) -> Remembered | None:
    """What a connection remembers; None for one that must not."""
    return driver.remembered if isinstance(driver, AloneConnection) else None
