"""Builds as rows: begun with a change of the definitions, taken by one worker, done in portions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, text, update

from lifecycle.store.claims import LEASE, database_clock
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import Row, insert_new, upsert

BUILD = METADATA.tables["build"]
SETTLED = METADATA.tables["settled"]
CUSTOMER = METADATA.tables["customer"]
SEGMENT, FLOW = "segment", "flow"
MOVE, LEAVE = "move", "leave"
"""People are moved to another version of their flow; with the second those leave of whose step the
new file says nothing."""
KINDS = (MOVE, LEAVE, SEGMENT, FLOW)
"""In the order in which they are done: flows let in whom segments hold."""
WAITING, BUILDING = "waiting", "building"
ROWS_AT_ONCE = 2_000
_ROWS = Statement(select(BUILD).order_by(BUILD.c.begun_at, BUILD.c.name))


@dataclass(frozen=True, slots=True)
class Building:
    """One build: how far it has got, and under which fence it may go on."""

    kind: str
    name: str
    state: str
    fingerprint: str
    begun_at: datetime
    cursor: str
    joined: int
    gone: int
    fence: int


@dataclass(slots=True)
class Standings:
    """How customers are to stand to a segment from now on: rows to be written."""

    stand: list[Row] = field(default_factory=list)
    """`id`, `segment`, `member`, `since` and `wake`, the last two in microseconds."""
    forget: list[Row] = field(default_factory=list)
    """`id` and `segment` of those of whom nothing is to be kept."""
    joined: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.stand) + len(self.forget)

    def without(self, customers: frozenset[str]) -> Standings:
        """The same, some customers left out."""
        if not customers:
            return self
        return Standings(
            [row for row in self.stand if row["id"] not in customers],
            [row for row in self.forget if row["id"] not in customers],
            [one for one in self.joined if one not in customers],
            [one for one in self.left if one not in customers],
        )


def begin(
    connection: Connection,
    kind: str,
    names: Sequence[str],
    fingerprint: str,
    now: datetime,
) -> None:
    """Have these built, from the first customer on; one that is under way begins again."""
    fences = {(one.kind, one.name): one.fence for one in under_way(connection)}
    rows: list[Row] = [
        {
            "kind": kind,
            "name": name,
            "state": WAITING,
            "fingerprint": fingerprint,
            "begun_at": now,
            "cursor": "",
            "joined": 0,
            "gone": 0,
            "lease_until": None,
            "fence": fences.get((kind, name), 0) + 1,
        }
        for name in sorted(names)
    ]
    upsert(connection, BUILD, rows)
    if kind == SEGMENT:
        _forget_settled(connection, names)


def carry_over(connection: Connection, fingerprint: str) -> None:
    """Let the builds under way belong to other definitions, which left them as they are."""
    connection.execute(update(BUILD).values(fingerprint=fingerprint))


def strike(connection: Connection, kind: str, names: Sequence[str]) -> None:
    """Give builds up."""
    if names:
        connection.execute(delete(BUILD).where(BUILD.c.kind == kind, BUILD.c.name.in_(names)))
        if kind == SEGMENT:
            _forget_settled(connection, names)


def under_way(connection: Connection) -> list[Building]:
    """All builds in the order in which they are done: moves, segments, flows; the oldest first."""
    found = [
        Building(
            row.kind,
            row.name,
            row.state,
            row.fingerprint,
            row.begun_at,
            row.cursor,
            row.joined,
            row.gone,
            row.fence,
        )
        for row in _ROWS.rows(connection, {})
    ]
    return sorted(found, key=lambda one: KINDS.index(one.kind))


def progress(connection: Connection, build: Building) -> tuple[int, int]:
    """How many customers a build has passed, and how many there are."""
    passed = select(func.count()).where(CUSTOMER.c.customer_id <= build.cursor)
    every = select(func.count()).select_from(CUSTOMER)
    return connection.execute(passed).scalar() or 0, connection.execute(every).scalar() or 0


def take(
    connection: Connection, build: Building, begun_at: datetime, *, alone: bool
) -> Building | None:
    """Take a build for this worker; None where another has it.

    `alone`: no other worker lives on this database. `begun_at` is when it begins, for one that
    waited.
    """
    lease, clock = BUILD.c.lease_until, database_clock(connection)
    query = update(BUILD).where(BUILD.c.kind == build.kind, BUILD.c.name == build.name)
    query = query.where(BUILD.c.fence == build.fence)
    if not alone:
        query = query.where(lease.is_(None) | (lease < clock))
    values: dict[str, Any] = {"fence": build.fence + 1, "lease_until": clock + LEASE}
    if build.state == WAITING:
        values |= {"state": BUILDING, "begun_at": begun_at}
        if begun_at != build.begun_at and build.kind == SEGMENT:
            _forget_settled(connection, [build.name])
    if not connection.execute(query.values(values)).rowcount:
        return None
    found = (one for one in under_way(connection) if (one.kind, one.name) == _key(build))
    return next(found)


def advance(
    connection: Connection, build: Building, cursor: str, joined: int = 0, gone: int = 0
) -> bool:
    """Say that a build has got as far as `cursor`; False where it is no longer this worker's."""
    query = (
        update(BUILD)
        .where(BUILD.c.kind == build.kind, BUILD.c.name == build.name, BUILD.c.fence == build.fence)
        .values(
            cursor=cursor,
            joined=BUILD.c.joined + joined,
            gone=BUILD.c.gone + gone,
            lease_until=database_clock(connection) + LEASE,
        )
    )
    return bool(connection.execute(query).rowcount)


def finish(connection: Connection, build: Building) -> Building | None:
    """Strike a build that is done, and give how it ended; None where it was not this worker's."""
    found = [one for one in under_way(connection) if (one.kind, one.name) == _key(build)]
    if not found or found[0].fence != build.fence:
        return None
    strike(connection, build.kind, [build.name])
    return found[0]


def _key(build: Building) -> tuple[str, str]:
    return build.kind, build.name


def _forget_settled(connection: Connection, names: Sequence[str]) -> None:
    for name in names:
        connection.execute(delete(SETTLED).where(SETTLED.c.segment == name))


def settle(connection: Connection, pairs: Sequence[tuple[str, str]]) -> None:
    """Note that these customers (segment, customer) have been asked."""
    rows = [{"segment": segment, "customer_id": customer} for segment, customer in sorted(pairs)]
    insert_new(connection, SETTLED, rows)


_SETTLED = Statement(
    select(SETTLED.c.customer_id).where(
        SETTLED.c.segment == bindparam("of"),
        SETTLED.c.customer_id >= bindparam("first"),
        SETTLED.c.customer_id <= bindparam("last"),
    )
)


def settled(connection: Connection, segment: str, first: str, last: str) -> frozenset[str]:
    """The customers from `first` to `last`, by id, whom a tick has asked meanwhile."""
    bound = {"of": segment, "first": first, "last": last}
    return frozenset(row.customer_id for row in _SETTLED.rows(connection, bound))


def rows_of(
    connection: Connection, segment: str, after: str
) -> Iterator[tuple[str, bool, int | None, int | None]]:
    """How customers with greater ids stand to a segment as last written, in order of ids."""
    by = _ID[connection.dialect.name]
    query = text(
        "SELECT customer_id, member, since, wake_at FROM membership WHERE segment = :segment "
        f"AND {by} > :after ORDER BY {by}"
    )
    bound = {"segment": segment, "after": after}
    found = connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE), bound)
    for customer_id, member, since, wake_at in found:
        yield customer_id, bool(member), since, wake_at


_ID = {"sqlite": "customer_id", "postgresql": 'customer_id COLLATE "C"'}
"""Ids in the order in which Python has them."""
_STAND = Statement(
    text(
        "INSERT INTO membership (customer_id, segment, member, since, wake_at) "
        "VALUES (:id, :segment, :member, :since, :wake) "
        "ON CONFLICT (customer_id, segment) DO UPDATE SET member = excluded.member, "
        "since = excluded.since, wake_at = excluded.wake_at"
    )
)
_FORGET = Statement(text("DELETE FROM membership WHERE customer_id = :id AND segment = :segment"))
_CHANGE = Statement(
    text(
        "INSERT INTO membership_change (customer_id, segment, at, what) "
        "VALUES (:id, :segment, :at, :what) ON CONFLICT DO NOTHING"
    )
)
_WAKE = Statement(
    text(
        "UPDATE intake SET due_at = :wake, arrivals = arrivals + 1 "
        "WHERE customer_id = :id AND (due_at IS NULL OR due_at > :wake)"
    )
)


def write(connection: Connection, segment: str, standings: Standings, at: int) -> None:
    """Write how customers stand, turns at the instant `at` included, and have them woken in time.

    To be called after `advance` in one transaction: then all of them are still there.
    """
    _WAKE.each(connection, [row for row in standings.stand if row["wake"] is not None])
    _STAND.each(connection, standings.stand)
    _FORGET.each(connection, standings.forget)
    of = {"segment": segment, "at": at}
    turns = {"joined": standings.joined, "left": standings.left}
    for what, customers in turns.items():
        _CHANGE.each(connection, [{"id": one, "what": what, **of} for one in customers])


def interrupt(connection: Connection, customer_id: str) -> None:
    """Have builds look again from where they are, since a customer is no longer there.

    To be called after the customer was taken away; the id is kept nowhere.
    """
    connection.execute(update(BUILD).values(fence=BUILD.c.fence + 1, lease_until=None))
    by = _ID[connection.dialect.name]
    before = text(
        f"UPDATE build SET cursor = coalesce((SELECT max({by}) FROM customer WHERE {by} < :gone), "
        "'') WHERE cursor = :gone"
    )
    connection.execute(before, {"gone": customer_id})


def segments_there(connection: Connection) -> list[str]:
    """The segments to which anybody stands somehow: a look into the index for each."""
    found: list[str] = []
    query = text("SELECT min(segment) FROM membership WHERE segment > :after")
    while name := connection.execute(query, {"after": found[-1] if found else ""}).scalar():
        found.append(str(name))
    return found
