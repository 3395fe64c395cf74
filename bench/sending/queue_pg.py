"""`make bench-queue`: jobs a second of our queues on PostgreSQL beside procrastinate on the same.

Four figures, each with more in it. All claim with `claims.claim`, in batches, and do nothing:

* `alone`: customers of the intake queue; one statement takes a batch off it, each under its fence.
  It is what procrastinate does with a job: fetch it, do nothing, finish it.
* `letters`: messages, whose claim also looks whether their customers have earlier work; they are
  locked and their fences read, and one statement drops them.
* `ledger`: messages, their attempts settled and receipts written in the same transaction.
* `attempts`: the same, with the attempts committed in between: as `deliver` does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import psycopg
from rich.console import Console

from bench.results import record
from bench.segments.postgres import server
from bench.sending.shop import NOW, catalog_of, people_wait, project
from lifecycle.clock import SystemClock
from lifecycle.core.chance import derived_id
from lifecycle.core.words import micros
from lifecycle.store import claims, outbox
from lifecycle.store.accepted import Accepted
from lifecycle.store.claims import BATCH, Claim
from lifecycle.store.database import Database
from lifecycle.store.tables import METADATA
from tests.databases import PostgresServer

ROUNDS = 5
JOBS, PEER_JOBS = 20_000, 2_000
PEER_CONCURRENCY = (10, 50)
OLD_EACH = 5
"""Messages that went to each customer before."""
DAY = 24 * 60 * 60 * 1_000_000
GOAL, AIM = 40.0, 100.0
HELD_TO = "alone"
TOLD = {
    "alone": "customers claimed and completed",
    "letters": "letters claimed and dropped",
    "ledger": "letters claimed, settled and recorded",
    "attempts": "with the attempt committed between",
}
LOCK = Path(__file__).parents[1] / "requirements.txt"
PEER = Path(__file__).with_name("peer_queue.py")
INSTALL_SECONDS = 600.0
ROUND_SECONDS = 300.0


@dataclass(frozen=True)
class Round:
    """Jobs a second of ours, by figure, and of theirs."""

    ours: Mapping[str, float]
    peer: float

    def times(self, figure: str) -> float:
        """How many times the peer's jobs are done."""
        return self.ours[figure] / self.peer


def main(now: datetime, count: int) -> int:
    """Measure, print and record; 1 when the goal is missed."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="lifecycle-bench-") as made, server() as running:
        folder = Path(made)
        console.print("installing procrastinate in an environment of its own …")
        python = peer_python(folder / "peer")
        filled = _filled(running, folder)
        rounds = []
        for number in range(count + 1):
            one = _round(running, filled, python)
            if number:  # The first warms everything up.
                rounds.append(one)
                told = ", ".join(f"{figure} {rate:,.0f}" for figure, rate in one.ours.items())
                console.print(f"round {number} of {count}: {told}; peer {one.peer:,.0f}")
    times = {name: round(statistics.median(one.times(name) for one in rounds), 1) for name in TOLD}
    found = {
        "jobs": JOBS,
        "batch": BATCH,
        "rounds": [{**one.ours, "peer": one.peer} for one in rounds],
        "times_procrastinate": times,
        "goal": GOAL,
        "aim": AIM,
        "met": times[HELD_TO] >= GOAL,
    }
    record("queue", found, now)
    out = Console()
    for name, told in TOLD.items():
        held_to = f" (goal {GOAL:g}, aim {AIM:g})" if name == HELD_TO else ""
        out.print(f"{told}: {times[name]:.1f} times procrastinate{held_to}")
    return 0 if times[HELD_TO] >= GOAL else 1


def peer_python(folder: Path) -> Path:
    """Make the peer's environment from the hashed lock; gives its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCK)]
    subprocess.run(command, check=True, timeout=INSTALL_SECONDS)
    return python


def _filled(running: PostgresServer, folder: Path) -> str:
    """A database in which so many customers are each owed one letter; gives its name."""
    name = running.create()
    database = Database(running.url(name), durable=False)
    catalog = catalog_of(project(folder / "shop", "http://127.0.0.1:1", "single"))
    people_wait(database, catalog, JOBS - BATCH)  # A batch waits before them.
    with database.write() as connection:
        connection.exec_driver_sql(_old_messages())
    database.close()
    return name


def _old_messages() -> str:
    """SQL that gives each customer messages that went on earlier days."""
    gone = f"planned_at - n * {DAY}"
    said = {
        "message_id": "md5(message_id || n)",
        "state": "'accepted'",
        "due_at": "NULL",
        "attempted_at": gone,
        "accepted_at": gone,
    }
    names = [column.name for column in METADATA.tables["message"].columns]
    values = ", ".join(said.get(name, name) for name in names)
    days = f"generate_series(1, {OLD_EACH}) AS n"
    return f"INSERT INTO message ({', '.join(names)}) SELECT {values} FROM message, {days}"


def _round(running: PostgresServer, filled: str, python: Path) -> Round:
    with _copy(running, filled) as url:
        alone = sum(_spent(url, _customers, (_given_back,)))
    with _copy(running, filled) as url:
        letters = sum(_spent(url, _claimed, (_dropped,)))
    with _copy(running, filled) as url:
        claiming, beginning, completing = _delivered(url)
    peer = max(_peer_rate(running, python, one) for one in PEER_CONCURRENCY)
    ledger = claiming + completing
    seconds = {
        "alone": alone,
        "letters": letters,
        "ledger": ledger,
        "attempts": ledger + beginning,
    }
    return Round({name: JOBS / spent for name, spent in seconds.items()}, peer)


@contextmanager
def _copy(running: PostgresServer, template: str = "template1") -> Iterator[str]:
    name = running.create(template)
    try:
        yield running.url(name)
    finally:
        running.drop(name)


Claiming = Callable[[Database], list[Claim]]
Step = Callable[[Database, list[Claim]], None]


def _spent(url: str, claiming: Claiming, steps: Sequence[Step]) -> list[float]:
    """Claim and complete all that is due, by batches; the seconds of claiming and of each step."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        if claiming is _customers:
            connection.execute(f"UPDATE intake SET due_at = {micros(NOW)}".encode())
        connection.execute("VACUUM ANALYZE")  # As the server does by itself after such writes.
    database = Database(url)
    spent = [0.0] * (len(steps) + 1)
    done = 0
    try:
        while True:
            marks = [time.perf_counter()]
            claimed = claiming(database)
            if not claimed:
                break
            for step in steps:
                marks.append(time.perf_counter())
                step(database, claimed)
            marks.append(time.perf_counter())
            for place, (begin, end) in enumerate(pairwise(marks)):
                spent[place] += end - begin
            done += len(claimed)
    finally:
        database.close()
    assert done == JOBS, f"{done} were done"
    return spent


def _delivered(url: str) -> list[float]:
    """Claim, begin and complete all letters; the seconds of each."""
    spent = _spent(url, _claimed, (_begun, _completed))
    database = Database(url)
    with database.read() as connection:
        query = "SELECT count(*) FROM attempt WHERE outcome = 'accepted'"
        accepted = connection.exec_driver_sql(query).scalar_one()
    database.close()
    assert accepted == JOBS, f"{accepted} are accepted"
    return spent


def _customers(database: Database) -> list[Claim]:
    with database.write() as connection:
        return claims.claim(connection, "intake", NOW)


def _given_back(database: Database, claimed: list[Claim]) -> None:
    """Take customers off the queue, with nothing to wake them for."""
    with database.write() as connection:
        claims.release_intake(connection, claimed, {}, ())


def _dropped(database: Database, claimed: list[Claim]) -> None:
    """Drop letters, where the claim is still ours."""
    with database.write() as connection:
        customers = {one.customer_id for one in claimed}
        fences = {one.id: one.fence for one in claimed}
        ours = outbox.still_claimed(connection, customers, fences)
        assert len(ours) == len(claimed)
        rows = [{"of": one.customer_id, "id": one.id, "why": "cap"} for one in claimed]
        outbox.drop(connection, rows)


def _claimed(database: Database) -> list[Claim]:
    with database.write() as connection:
        return claims.claim(connection, "message", NOW)


def _begun(database: Database, claimed: list[Claim]) -> None:
    """Commit the attempts, each under the fence of its claim, as `deliver` does."""
    customers = {one.customer_id for one in claimed}
    with database.write() as connection:
        claims.have_alone(connection, customers)
        ours = outbox.still_claimed(connection, customers, {one.id: one.fence for one in claimed})
        assert len(ours) == len(claimed)
        outbox.begin(connection, [_attempt(one) for one in claimed], NOW)


def _attempt(one: Claim) -> outbox.Beginning:
    attempt = outbox.attempt_id(one.id, 1)
    return outbox.Beginning(
        one.customer_id, one.id, one.fence, attempt, 1, "ses", "worker", "version", None, {}
    )


def _completed(database: Database, claimed: list[Claim]) -> None:
    """Write all as accepted in one transaction, where the claim is still ours."""
    customers = {one.customer_id for one in claimed}
    fences = {one.id: one.fence for one in claimed}
    with database.write() as connection:
        claims.have_alone(connection, customers)
        ours = outbox.still_attempted(connection, customers, fences)
        gathered = Accepted(NOW)
        for one in claimed:
            if one.id in ours:
                attempt = outbox.attempt_id(one.id, 1)
                told = derived_id("provider", one.id)
                gathered.letter(one.customer_id, one.id, attempt, told, "")
        gathered.write(connection)


def _peer_rate(running: PostgresServer, python: Path, concurrency: int) -> float:
    with _copy(running) as url:
        conninfo = url.replace("postgresql+psycopg://", "postgresql://")
        command = [str(python), str(PEER), conninfo, str(PEER_JOBS), str(concurrency)]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=ROUND_SECONDS
        )
    told = json.loads(done.stdout.splitlines()[-1])
    return float(told["jobs"] / told["seconds"])


if __name__ == "__main__":
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--rounds", type=int, default=ROUNDS)
    sys.exit(main(SystemClock().now(), said.parse_args().rounds))
