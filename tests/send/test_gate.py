"""The gate: threads and processes on one database keep one pace, and nothing begins too late."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from lifecycle.clock import since_boot
from lifecycle.core.message import Outcome, OutcomeKind
from lifecycle.core.pace import SECOND
from lifecycle.core.stoppage import ACCOUNT, RATE, Stop
from lifecycle.send.gate import SHRINKS_TO, Turnstile
from lifecycle.send.heard import UNANSWERED_IN_A_ROW, Ear
from lifecycle.store.database import Database
from lifecycle.store.migrate import create
from tests.core.test_pace import most_in

ROOT = Path(__file__).parent.parent.parent
SENDER = "Shop <news@mail.shop.example>"
ACCEPTED = Outcome(OutcomeKind.ACCEPTED, "1")
DOUBTFUL = Outcome(OutcomeKind.UNCERTAIN, detail="cut")
PAUSED = Outcome(OutcomeKind.ACCOUNT, stops=Stop.SENDING_PAUSED)
THROTTLED = Outcome(OutcomeKind.SLOW_DOWN, stops=Stop.SLOW_DOWN)
LONG = 60.0


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url, durable=False)
    create(made)
    yield made
    made.close()


def begun_by(turnstile: Turnstile, letters: int, threads: int, wanted: int = 1) -> list[int]:
    """When letters began that so many threads hand over, in microseconds of the steady clock."""
    gate = turnstile.gate(letters, since_boot() + LONG)
    starts: list[int] = []
    todo = iter(range(letters))

    def work() -> None:
        for _ in todo:
            left = wanted
            while left:
                given = gate.begin(left)
                assert given
                starts.extend([int(time.monotonic() * SECOND)] * given)
                left -= given

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    return starts


@pytest.mark.parametrize(("rate", "letters", "wanted"), [(20.0, 45, 1), (400.0, 20, 50)])
def test_threads_begin_no_more_in_any_second_than_the_rate(
    database: Database, rate: float, letters: int, wanted: int
) -> None:
    turnstile = Turnstile(database, "ses", rate)
    starts = begun_by(turnstile, letters, threads=1 if wanted > 1 else 4, wanted=wanted)
    assert len(starts) == letters * wanted
    assert most_in(starts, SECOND) <= rate


def test_after_a_restart_the_second_before_still_counts(database: Database) -> None:
    starts = begun_by(Turnstile(database, "ses", 10.0), 10, threads=1)
    starts += begun_by(Turnstile(database, "ses", 10.0), 10, threads=1)
    assert most_in(starts, SECOND) <= 10


ANOTHER = """
import sys
from lifecycle.send.gate import Turnstile
from lifecycle.store.database import Database
from tests.send.test_gate import begun_by
print(*begun_by(Turnstile(Database(sys.argv[1], durable=False), "ses", 30.0), 40, threads=3))
"""


def test_two_processes_on_one_postgresql_keep_one_pace(postgresql_url: str) -> None:
    made = Database(postgresql_url, durable=False)
    create(made)
    command = [sys.executable, "-c", ANOTHER, postgresql_url]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) for _ in range(2)
    ]
    starts = [int(one) for process in both for one in process.communicate(timeout=LONG)[0].split()]
    made.close()
    # CLOCK_MONOTONIC is one and the same for all processes of a machine.
    assert len(starts) == 80
    assert most_in(starts, SECOND) <= 30


@pytest.mark.parametrize("step_seconds", [-3600, 3600])
def test_a_step_of_the_databases_clock_neither_bursts_nor_holds_up(
    database: Database, step_seconds: int
) -> None:
    turnstile = Turnstile(database, "ses", 10.0)
    starts = begun_by(turnstile, 10, threads=1)
    step = step_seconds * SECOND
    with database.write() as connection:
        (kept,) = connection.execute(text("SELECT taken FROM pace")).scalars()
        moved = [[i, a - step, b - step, n] for i, a, b, n in json.loads(kept)]
        connection.execute(text("UPDATE pace SET taken = :to"), {"to": str(moved)})
    starts += begun_by(turnstile, 10, threads=1)
    assert most_in(starts, SECOND) <= 10
    assert max(starts) - min(starts) < 10 * SECOND


def test_the_days_quota_ends_it_at_the_very_letter(database: Database) -> None:
    turnstile = Turnstile(database, "ses", 1_000.0)
    turnstile.most = 7
    gate = turnstile.gate(50, since_boot() + LONG)
    assert gate.begin(5) == 5
    assert gate.begin(5) == 2
    assert gate.begin(5) == 0
    other = Turnstile(database, "ses", 1_000.0)
    other.most = 7
    assert other.gate(1, since_boot() + LONG).begin(1) == 0


def test_letters_that_lapsed_are_not_counted_against_the_quota(database: Database) -> None:
    turnstile = Turnstile(database, "ses", 1_000.0)
    turnstile.most = 20
    assert turnstile.gate(20, since_boot() + LONG).begin(1) == 1
    time.sleep(0.15)
    gate = turnstile.gate(20, since_boot() + LONG)
    assert sum(gate.begin(20) for _ in range(2)) == 19


def test_nothing_begins_after_the_lease_of_its_attempt(database: Database) -> None:
    turnstile = Turnstile(database, "ses", 5.0)
    assert turnstile.gate(1, since_boot() - 0.001).begin(1) == 0
    assert turnstile.gate(5, since_boot() + LONG).begin(5) == 5
    # A second has five; the sixth would come after the lease, so that nobody waits for it.
    begun = time.monotonic()
    assert turnstile.gate(1, since_boot() + 0.3).begin(1) == 0
    assert time.monotonic() - begun < LONG


def test_a_waiting_thread_is_let_go_when_the_engine_stops(database: Database) -> None:
    turnstile = Turnstile(database, "ses", 0.02)
    assert turnstile.gate(1, since_boot() + LONG).begin(1) == 1
    stopping = threading.Event()
    turnstile.stops = stopping.is_set
    threading.Timer(0.1, stopping.set).start()
    assert turnstile.gate(1, since_boot() + 10 * LONG).begin(1) == 0


def test_what_one_thread_hears_closes_the_gate_to_all(database: Database) -> None:
    turnstile = Turnstile(database, "ses", 1_000.0)
    gate = turnstile.gate(10, since_boot() + LONG)
    assert gate.begin(1) == 1
    gate.heard(SENDER, (PAUSED,))
    assert gate.begin(1) == 0
    assert turnstile.ear.taken().stops == {ACCOUNT: (Stop.SENDING_PAUSED, "")}
    assert gate.begin(1) == 1


def test_a_sender_whose_identity_is_lost_closes_it_to_nobody_else(database: Database) -> None:
    turnstile = Turnstile(database, "ses", 1_000.0)
    gate = turnstile.gate(10, since_boot() + LONG)
    gate.heard(SENDER, (Outcome(OutcomeKind.ACCOUNT, stops=Stop.IDENTITY_LOST),))
    assert gate.begin(1) == 1
    assert set(turnstile.ear.taken().stops) == {"identity:mail.shop.example"}


def test_a_refusal_for_the_rate_shrinks_it_once_a_second(database: Database) -> None:
    turnstile = Turnstile(database, "ses", 100.0)
    for _ in range(8):
        turnstile.hear(SENDER, (THROTTLED,))
    assert turnstile.rate == pytest.approx(100.0 * SHRINKS_TO)
    heard = turnstile.ear.taken()
    assert (heard.slowed, set(heard.stops)) == (1, {RATE})


def test_without_a_rate_only_stoppages_close_it(database: Database) -> None:
    turnstile = Turnstile(database, "smtp", None)
    gate = turnstile.gate(1_000, since_boot() + LONG)
    assert gate.begin(1_000) == 1_000
    gate.heard(SENDER, (Outcome(OutcomeKind.NEVER_LEFT, stops=Stop.UNREACHABLE),))
    assert gate.begin(1) == 0


def doubts(ear: Ear, number: int, outcomes: Callable[[int], Outcome]) -> bool:
    for one in range(number):
        ear.hear("shop.example", (outcomes(one),))
    return ear.stopped


def test_many_letters_in_a_row_of_unknown_fate_put_no_more_at_stake() -> None:
    ear = Ear()
    assert not doubts(ear, UNANSWERED_IN_A_ROW - 1, lambda _: DOUBTFUL)
    assert not doubts(ear, 1, lambda _: ACCEPTED)
    assert not doubts(ear, 200, lambda one: ACCEPTED if one % 10 == 0 else DOUBTFUL)
    assert doubts(ear, UNANSWERED_IN_A_ROW, lambda _: DOUBTFUL)
    ear.taken()
    # The letter that tries the way again is enough to tell that it is still so.
    assert doubts(ear, 1, lambda _: DOUBTFUL)


def test_a_bulk_call_of_unknown_fate_is_one_call() -> None:
    ear = Ear()
    ear.hear("shop.example", [DOUBTFUL] * 50)
    assert not ear.stopped
