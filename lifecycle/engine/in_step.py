"""Keeps our suppressions and SES's own list in step, both ways: ours is the master.

SES forgets its list when an account rests for long, and adds to it by itself; an address on it is
accepted, counted and never delivered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Protocol

from lifecycle import log
from lifecycle.core.words import next_time, zone_of
from lifecycle.send.suppression_list import Listed, ListUnavailable, Reason
from lifecycle.sources.address import normalized
from lifecycle.sources.refused import Refused
from lifecycle.store import in_step
from lifecycle.store.addresses import address_hash
from lifecycle.store.customers import suppress
from lifecycle.store.database import Database

TRANSPORT = "ses"
DONE_AT = time(4, 15)
WHOLE_EVERY = timedelta(days=7)
"""So often the whole list is gone through; in between what is new."""
OVERLAP = timedelta(days=1)
LEASE = timedelta(hours=2)
AGAIN_AFTER = timedelta(hours=1)
"""How soon it is tried again when SES did not answer."""
GIVEN_AT_ONCE = 5_000
"""So many addresses a night are put on their list; the rest the night after."""
PAGE = 500


class Listing(Protocol):
    """SES's list, as `send/suppression_list.py` has it."""

    def pages(self, since: datetime | None) -> Any:
        """Their addresses, page by page. Raises ListUnavailable."""

    def put(self, address: str, reason: Reason) -> None:
        """Put an address on their list. Raises ListUnavailable."""


@dataclass(frozen=True, slots=True)
class Came:
    """What bringing the two in step came to."""

    taken: int = 0
    given: int = 0
    problem: str = ""
    whole: bool = True
    """Whether nothing was left over for another night."""


def bring_in_step(
    database: Database,
    listing: Listing,
    key: bytes,
    shop_zone: str,
    now: datetime,
    stopping: Callable[[], bool] = lambda: False,
) -> Came | None:
    """Take their suppressions in and give them ours, where that is due; None where it is not."""
    with database.write() as connection:
        state = in_step.take(connection, TRANSPORT, now, now + LEASE)
    if state is None:
        return None
    whole = state.whole_at is None or now - state.whole_at >= WHOLE_EVERY
    since = None if whole or state.done_at is None else state.done_at - OVERLAP
    work = _Work(database, listing, key, now, since, stopping)
    came = work.run()
    again = now + AGAIN_AFTER if came.problem else _tonight(shop_zone, now)
    changes: dict[str, Any] = {"taken": came.taken, "given": came.given, "problem": came.problem}
    changes["due_at"] = again
    if not came.problem:
        changes["done_at"] = now
    if since is None and came.whole and not came.problem:
        changes["whole_at"] = now
    with database.write() as connection:
        in_step.done(connection, TRANSPORT, **changes)
    if came.problem:
        log.warned("suppressions_not_in_step", problem=came.problem)
    else:
        log.happened("suppressions_in_step", taken=came.taken, given=came.given)
    return came


@dataclass
class _Work:
    database: Database
    listing: Listing
    key: bytes
    now: datetime
    since: datetime | None
    stopping: Callable[[], bool]
    taken: int = 0
    given: int = 0

    def run(self) -> Came:
        """Theirs first, so that what they have already is not given back."""
        try:
            listed = self._take()
            left = self._give(listed)
        except ListUnavailable as unavailable:
            return Came(self.taken, self.given, unavailable.reason, whole=False)
        return Came(self.taken, self.given, whole=not left)

    def _take(self) -> set[str]:
        listed: set[str] = set()
        for page in self.listing.pages(self.since):
            if self.stopping():
                raise ListUnavailable("the daemon was stopped")
            listed |= self._taken(page)
        return listed

    def _taken(self, page: Sequence[Listed]) -> set[str]:
        by_hash = {}
        for one in page:
            try:
                address = normalized(one.address)
            except Refused:
                continue
            by_hash[address_hash(address, self.key)] = (address, one.reason, min(one.at, self.now))
        with self.database.write() as connection:
            new = by_hash.keys() - in_step.known(connection, by_hash.keys())
            said = [by_hash[one] for one in sorted(new)]
            suppress(connection, said, now=self.now, address_key=self.key)
        self.taken += len(new)
        return set(by_hash)

    def _give(self, listed: set[str]) -> bool:
        """Put on their list what lacks there; whether some is left for another night."""
        after = ""
        while True:
            with self.database.read() as connection:
                page = in_step.ours(connection, after, self.since, PAGE)
            for hashed, reason, address in page:
                after = hashed
                if hashed in listed:
                    continue
                if self.given >= GIVEN_AT_ONCE or self.stopping():
                    return True
                self.listing.put(address, "complained" if reason == "complained" else "bounced")
                listed.add(hashed)
                self.given += 1
            if len(page) < PAGE:
                return False


def _tonight(shop_zone: str, now: datetime) -> datetime:
    return next_time(now + timedelta(microseconds=1), DONE_AT, zone_of(shop_zone))
