"""A transport that does not answer holds up its own letters, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest

from lifecycle.catalog.catalog import Catalog
from lifecycle.cli.runner import Runner
from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.engine import deliver, recording
from lifecycle.engine.engine import Engine
from lifecycle.engine.late import Late
from lifecycle.engine.parts import Parts
from lifecycle.send import starts
from lifecycle.send.starts import Starts
from lifecycle.store.erase import erase
from tests.faults.running import KEY, TABLES, Running
from tests.simulation.shop import event, flow, instant, person, shop

START, NOON, LATER = "2026-05-04T09:00:00", "2026-05-04T12:00:00", "2026-05-04T12:05:00"
THREADS, SECONDS, LONG = 3, 1.0, 20.0
FILES = {"f": flow('when = "a"'), "g": flow('when = "b"')}


@dataclass
class Hangs:
    """Accepts at once, but for those whose addresses it was told: they wait until it is let go."""

    hanging: set[str] = field(default_factory=set)
    accepted: list[Letter] = field(default_factory=list)
    let_go: Event = field(default_factory=Event)
    name: str = "hangs"

    def send(self, letter: Letter) -> Outcome:
        self.accepted.append(letter)
        if letter.to.partition("@")[0] in self.hanging:
            assert self.let_go.wait(LONG), "nobody let it go"
        return Outcome(OutcomeKind.ACCEPTED, f"id of {letter.attempt_id}")

    def close(self) -> None:
        """Nothing is open."""


class InThreads(Running):
    """A shop whose letters are handed over by threads."""

    noted: Starts | None = None

    def new_engine(self, catalog: Catalog | None = None) -> Engine:
        engine = super().new_engine(catalog)
        parts = engine.parts
        told = (parts.database, parts.live, parts.transport, parts.key, parts.signer)
        engine = Engine(Parts(*told, threads=THREADS, starts=self.noted), batch=self.batch)
        engine.late = Late(SECONDS)
        return engine


@dataclass
class At:
    """A clock that stands."""

    at: datetime

    def now(self) -> datetime:
        return self.at


Shop = Callable[..., InThreads]


@pytest.fixture
def opened(database_url: str) -> Iterator[Shop]:
    """A shop of six, of whom the named ones get no answer for their letters."""
    made: list[InThreads] = []

    def opening(*hanging: str) -> InThreads:
        running = InThreads(database_url, shop(FILES), Hangs(set(hanging)))
        made.append(running)
        running.start(START)
        running.say(*(person(name) for name in NAMES), at=START)
        running.hear(*(event(NOON, "a", name) for name in NAMES))
        return running

    yield opening
    for one in made:
        post(one).let_go.set()
        one.engine.late.wait()
        one.close()


NAMES = [f"c{number}" for number in range(6)]


def post(running: Running) -> Hangs:
    assert isinstance(running.transport, Hangs)
    return running.transport


def states(running: Running) -> dict[str, str]:
    """How the letter of the first flow stands, by customer."""
    rows = [row for row in running.rows("message") if row.campaign == "f"]
    return {row.customer_id: row.state for row in rows}


def sent_to(running: Running) -> list[str]:
    return sorted(letter.to.partition("@")[0] for letter in post(running).accepted)


def test_one_letter_without_an_answer_keeps_no_other_waiting(opened: Shop) -> None:
    running = opened("c1")
    running.engine.tick(instant(NOON))
    assert states(running) == {**dict.fromkeys(NAMES, "accepted"), "c1": "attempting"}
    running.hear(event(LATER, "b", "c2"), event(LATER, "b", "c1"))
    running.engine.tick(instant(LATER))
    assert states(running)["c1"] == "attempting"
    assert sent_to(running) == sorted([*NAMES, "c2", "c1"])
    post(running).let_go.set()
    running.engine.late.wait()
    assert running.engine.next_due() == instant("1970-01-01T00:00:00")
    running.engine.tick(instant(LATER) + timedelta(seconds=1))
    assert set(states(running).values()) == {"accepted"}
    sent = [row.customer_id for row in running.rows("event") if row.name == "message_sent"]
    assert sorted(sent) == sent_to(running)
    assert running.engine.tick(instant(LATER) + timedelta(seconds=1)) == 0


def test_where_nobody_answers_nothing_more_begins_and_no_attempt_is_burnt(opened: Shop) -> None:
    running = opened(*NAMES)
    running.engine.tick(instant(NOON))
    begun = [name for name, state in states(running).items() if state == "attempting"]
    assert len(begun) == THREADS
    attempts = len(running.rows("attempt"))
    for minute in range(1, 4):
        running.engine.tick(instant(NOON) + timedelta(minutes=minute))
    assert len(running.rows("attempt")) == attempts
    post(running).let_go.set()
    running.engine.late.wait()
    running.engine.tick(instant(NOON) + timedelta(minutes=5))
    assert states(running) == dict.fromkeys(NAMES, "accepted")
    assert sent_to(running) == NAMES


def test_a_process_that_dies_meanwhile_leaves_doubt_and_no_second_letter(opened: Shop) -> None:
    running = opened("c1")
    running.engine.tick(instant(NOON))
    before = running.engine
    running.start(LATER)
    running.run(LATER)
    assert states(running) == {**dict.fromkeys(NAMES, "accepted"), "c1": "uncertain"}
    assert sent_to(running) == NAMES
    post(running).let_go.set()
    before.finish(instant(LATER))  # It had only been away: what it knows is evidence.
    assert states(running) == dict.fromkeys(NAMES, "accepted")


def test_an_engine_that_ends_waits_for_its_answers(opened: Shop) -> None:
    running = opened("c1")
    runner = Runner(running.engine, At(instant(NOON)), lambda: None, alone=True)
    running.engine.tick(instant(NOON))
    assert states(running)["c1"] == "attempting"
    Timer(0.3, post(running).let_go.set).start()
    runner.go_on_with(running.new_engine())
    assert states(running) == dict.fromkeys(NAMES, "accepted")
    post(running).let_go.clear()
    running.hear(event(LATER, "b", "c1"))
    runner.engine.tick(instant(LATER))
    assert running.states() == {"accepted": len(NAMES), "attempting": 1}
    Timer(0.3, post(running).let_go.set).start()
    runner.stop()
    assert running.states() == {"accepted": len(NAMES) + 1}


def test_notes_of_what_has_begun_stay_in_one_file_while_a_letter_is_late(
    opened: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starts, "FILE_BYTES", 1)
    running = opened("c1")
    running.noted = Starts(tmp_path)
    running.start(START)
    first = running.noted.token
    running.engine.tick(instant(NOON))
    assert running.noted.token == first, "what is late may yet begin, and would be noted elsewhere"
    post(running).let_go.set()
    running.engine.late.wait()
    running.engine.tick(instant(LATER))
    assert running.noted.token != first
    assert {row.worker for row in running.rows("attempt")} == {first}
    running.noted.close()


def test_a_batch_that_fails_moves_no_notes_under_a_late_letter(
    opened: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starts, "FILE_BYTES", 1)
    running = opened("c1")
    running.noted = Starts(tmp_path)
    running.start(START)
    first = running.noted.token
    failing = iter([True])

    def fails_once(*told: Any) -> None:
        if next(failing, False):
            raise ValueError("a fault of ours")
        recording.record(*told)

    monkeypatch.setattr(deliver, "record", fails_once)
    running.engine.tick(instant(NOON))
    assert next(failing, None) is None, "nothing failed"
    assert running.noted.token == first
    running.noted.close()


def test_whoever_is_erased_meanwhile_stays_erased(opened: Shop) -> None:
    running = opened("c1")
    running.engine.tick(instant(NOON))
    with running.database.write() as connection:
        assert erase(connection, "c1", instant(LATER), KEY) is not None
    post(running).let_go.set()
    running.engine.late.wait()
    running.engine.tick(instant(LATER))
    assert [name for name in states(running) if name in NAMES] == [n for n in NAMES if n != "c1"]
    kept = [str(row) for table in TABLES for row in running.rows(table)]
    assert not [row for row in kept if "c1@" in row or "'c1'" in row]
