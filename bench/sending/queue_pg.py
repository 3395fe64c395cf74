"""`make bench-queue`: jobs a second of our queue on PostgreSQL beside procrastinate on the same."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from rich.console import Console

from bench.results import record
from bench.segments.postgres import server
from bench.sending.shop import NOW, catalog_of, people_wait, project
from lifecycle.clock import SystemClock
from lifecycle.core.chance import derived_id
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
LOCK = Path(__file__).parents[1] / "requirements.txt"
PEER = Path(__file__).with_name("peer_queue.py")
INSTALL_SECONDS = 600.0
ROUND_SECONDS = 300.0


@dataclass(frozen=True)
class Round:
    """Jobs a second: ours claimed and completed; ours with all that is written between; theirs."""

    completed: float
    delivered: float
    """With the attempts, which are committed before anything is handed over: as `deliver` does."""
    peer: float

    @property
    def times(self) -> float:
        """How many times the peer's jobs are claimed and completed."""
        return self.completed / self.peer

    @property
    def times_delivered(self) -> float:
        """The same with the attempts."""
        return self.delivered / self.peer


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
                told = f"{one.completed:,.0f} and {one.delivered:,.0f} a second, peer"
                console.print(f"round {number} of {count}: {told} {one.peer:,.0f}")
    times = statistics.median(one.times for one in rounds)
    delivered = statistics.median(one.times_delivered for one in rounds)
    found = {
        "jobs": JOBS,
        "batch": BATCH,
        "rounds": [[one.completed, one.delivered, one.peer] for one in rounds],
        "times_procrastinate": round(times, 1),
        "times_procrastinate_with_attempts": round(delivered, 1),
        "goal": GOAL,
        "aim": AIM,
        "met": times >= GOAL,
    }
    record("queue", found, now)
    out = Console()
    out.print(
        f"claimed and completed: {times:.1f} times procrastinate (goal {GOAL:g}, aim {AIM:g})"
    )
    out.print(f"with the attempt committed between: {delivered:.1f} times")
    return 0 if times >= GOAL else 1


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
        claiming, beginning, completing = _spent(url)
    peer = max(_peer_rate(running, python, one) for one in PEER_CONCURRENCY)
    each = claiming + completing
    return Round(JOBS / each, JOBS / (each + beginning), peer)


@contextmanager
def _copy(running: PostgresServer, template: str = "template1") -> Iterator[str]:
    name = running.create(template)
    try:
        yield running.url(name)
    finally:
        running.drop(name)


def _spent(url: str) -> tuple[float, float, float]:
    """Claim, begin and complete all that is due, by batches, with nothing done between.

    Gives the seconds of each.
    """
    database = Database(url)
    spent = [0.0, 0.0, 0.0]
    done = 0
    try:
        with database.write() as connection:
            connection.exec_driver_sql("ANALYZE")
        while True:
            marks = [time.perf_counter()]
            claimed = _claimed(database)
            if not claimed:
                break
            for step in (_begun, _completed):
                marks.append(time.perf_counter())
                step(database, claimed)
            marks.append(time.perf_counter())
            for place, (begin, end) in enumerate(pairwise(marks)):
                spent[place] += end - begin
            done += len(claimed)
        with database.read() as connection:
            query = "SELECT count(*) FROM attempt WHERE outcome = 'accepted'"
            accepted = connection.exec_driver_sql(query).scalar_one()
    finally:
        database.close()
    assert done == accepted == JOBS, f"{done} were done, {accepted} are accepted"
    return spent[0], spent[1], spent[2]


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
