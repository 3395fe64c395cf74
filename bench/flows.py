"""What flows cost: a tick beside many who wait, and ten thousand who fall due at once."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.shop import catalog_of, new_shop
from lifecycle.cli.collector import collect_seldom
from lifecycle.core.chance import bucket_of, derived_id
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.words import micros
from lifecycle.engine.advance import advance
from lifecycle.engine.apply import apply
from lifecycle.engine.engine import Engine
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.hooks import Registry
from lifecycle.render.links import Signer
from lifecycle.sim.world import AcceptsAll
from lifecycle.store.apply import enrollment_row
from lifecycle.store.claims import BATCH
from lifecycle.store.database import Database
from lifecycle.store.migrate import create
from lifecycle.store.tables.columns import BUCKETS
from lifecycle.store.write import insert_new

KEY = b"the key of measurements: no secret"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FEW, MANY = 1_000, 1_000_000
DUE_IN_A_TICK = 200
TICKS_IN_A_ROUND = 10
AT_ONCE = 10_000
PORTION = 5_000
FLOW = """\
name = "Waits"
kind = "flow"
status = "live"
topic = "offers"
[enter]
when = "signed_up"
per = "id"
[exit]
when = "order_placed"
[[step]]
name = "first"
template = "thanks/order"
subject = "Hello"
only_if = { event = "total", at_least = 10 }
[[step]]
name = "second"
after = "3 days"
template = "thanks/order"
subject = "Hello again"
"""


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and those in which this process had a core."""

    wall: float
    cpu: float


@contextmanager
def spending(into: list[Spent]) -> Iterator[None]:
    """Add what is spent inside."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    into.append(Spent(time.perf_counter() - wall, time.process_time() - cpu))


def _sum(each: list[Spent]) -> Spent:
    return Spent(sum(one.wall for one in each), sum(one.cpu for one in each))


def waiting(folder: Path, rounds: int) -> list[tuple[Spent, Spent]]:
    """For each round: what ticks cost beside a million who wait, and beside a thousand.

    In each tick as many fall due; the ticks of both alternate.
    """
    each = DUE_IN_A_TICK * TICKS_IN_A_ROUND * (rounds + 1)
    few = opened(folder / "few", FEW + each, due=each)
    many = opened(folder / "many", MANY, due=each)
    collect_seldom()
    pairs = []
    try:
        for number in range(rounds + 1):
            pairs.append(_ticks(many, few, number))
    finally:
        for engine in (few, many):
            engine.parts.database.close()
    return pairs[1:]


def at_once(folder: Path, rounds: int) -> list[tuple[Spent, Spent]]:
    """For each round: what it costs to decide ten thousand that fall due, and to claim and complete
    as many rows of the same table with nothing else."""
    engine = opened(folder, AT_ONCE * (rounds + 1), due=0)
    database = folder / "bench.db"
    collect_seldom()
    pairs = []
    try:
        for number in range(rounds + 1):
            # Within the three days after which the letters of earlier rounds fall due again.
            now = NOW + timedelta(days=100, hours=number)
            _let_fall_due(database, number, now)
            bare = _claimed_and_completed(database, now)
            _let_fall_due(database, number, now)
            spent: list[Spent] = []
            with spending(spent):
                policy, done = engine.policy(), 0
                while found := advance(engine.parts, policy, now):
                    done += found
            pairs.append((_sum(spent), bare))
            assert done == AT_ONCE, f"{done} were decided"
    finally:
        engine.parts.database.close()
    return pairs[1:]


def opened(folder: Path, people: int, due: int) -> Engine:
    """An engine on a shop in which each customer waits for a step of one flow.

    The first `due` of them fall due one portion after the other from NOW on, the others in months.
    """
    root = new_shop(folder / "shop")
    for path in (*root.glob("campaigns/*.toml"), *root.glob("segments/*.toml")):
        path.unlink()
    for path in root.glob("tests/campaigns/*.toml"):
        path.unlink()
    (root / "campaigns" / "waits.toml").write_text(FLOW, "utf-8")
    catalog = catalog_of(root)
    database = Database(f"sqlite:///{folder / 'bench.db'}")
    create(database)
    apply(database, catalog, Registry(), "bench", NOW)
    version = catalog.campaigns["waits"].version
    for start in range(0, people, PORTION):
        numbers = range(start, min(start + PORTION, people))
        with database.write() as connection:
            insert_new(connection, "customer", list(_customers(numbers)))
            rows = [enrollment_row(_name(one), _waiting(one, version, due)) for one in numbers]
            insert_new(connection, "enrollment", rows)
    parts = Parts(database, Live(catalog, Registry()), AcceptsAll(), KEY, Signer([KEY]))
    engine = Engine(parts)
    engine.start(NOW, alone=True)
    return engine


def _name(number: int) -> str:
    return f"c{number:07d}"


def _customers(numbers: Iterable[int]) -> Iterator[dict[str, object]]:
    for number in numbers:
        yield {
            "customer_id": _name(number),
            "bucket": bucket_of(_name(number), BUCKETS),
            "email": f"{_name(number)}@buyers.example",
            "timezone": "Europe/Berlin",
            "attributes": {},
            "attributes_at": {},
            "said_at": NOW - timedelta(days=30),
            "known_since": NOW - timedelta(days=30),
        }


def _waiting(number: int, version: str, due: int) -> Enrollment:
    tick = number // DUE_IN_A_TICK
    falls_due = NOW + timedelta(minutes=tick) if number < due else NOW + timedelta(days=90)
    return Enrollment(
        id=derived_id("enrollment", _name(number)),
        campaign="waits",
        version=version,
        entry=str(number),
        key={"id": number},
        visit=1,
        entered_at=NOW - timedelta(days=1),
        event_id=f"e{number}",
        event_name="signed_up",
        event_at=NOW - timedelta(days=1),
        properties={"id": number, "total": 50},
        step="first",
        due_at=falls_due,
        decided_at=NOW - timedelta(days=1),
    )


def _ticks(many: Engine, few: Engine, number: int) -> tuple[Spent, Spent]:
    spent: tuple[list[Spent], list[Spent]] = [], []
    for tick in range(number * TICKS_IN_A_ROUND, (number + 1) * TICKS_IN_A_ROUND):
        now = NOW + timedelta(minutes=tick)
        order = (0, 1) if tick % 2 else (1, 0)
        for which in order:
            with spending(spent[which]):
                done = (many, few)[which].tick(now)
            assert done >= DUE_IN_A_TICK, f"only {done} were due"
    return _sum(spent[0]), _sum(spent[1])


def _let_fall_due(database: Path, number: int, now: datetime) -> None:
    first, last = _name(number * AT_ONCE), _name((number + 1) * AT_ONCE - 1)
    with sqlite3.connect(database) as connection:
        connection.execute(
            "UPDATE enrollment SET due_at = ?, lease_until = NULL, attempts = 0, step = 'first' "
            "WHERE customer_id BETWEEN ? AND ?",
            (micros(now), first, last),
        )
    connection.close()


def _claimed_and_completed(database: Path, now: datetime) -> Spent:
    """Claim and complete all that is due, a batch a transaction, on the driver alone."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    spent: list[Spent] = []
    with spending(spent):
        while _claim_and_complete(connection, now):
            pass
    connection.close()
    return _sum(spent)


def _claim_and_complete(connection: sqlite3.Connection, now: datetime) -> int:
    connection.execute("BEGIN IMMEDIATE")
    claimed = connection.execute(
        "UPDATE enrollment SET lease_until = ?, fence = fence + 1, attempts = attempts + 1 "
        "WHERE (customer_id, enrollment_id) IN (SELECT customer_id, enrollment_id "
        "FROM enrollment WHERE due_at <= ? AND quarantined_at IS NULL AND lease_until IS NULL "
        "ORDER BY due_at LIMIT ?) RETURNING customer_id, enrollment_id",
        (micros(now) + 120_000_000, micros(now), BATCH),
    ).fetchall()
    connection.execute("COMMIT")
    if claimed:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "UPDATE enrollment SET due_at = NULL, lease_until = NULL, attempts = 0, step = NULL "
            "WHERE customer_id = ? AND enrollment_id = ?",
            claimed,
        )
        connection.execute("COMMIT")
    return len(claimed)
