"""Workers: whatever one piece of work does, each other gets its answer and no process is left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.errors import EnvironmentFailed
from lifecycle.hooks import answering, find, handed_over
from lifecycle.workers import MAX_ANSWER_BYTES, Done, InProcess, Work, Workers, WorkFailed

SECONDS = 0.5
MEMORY_MB = 200

Answer = Callable[[Any], Any]


def doing() -> Answer:
    """Answers as it is told, and misbehaves as it is told."""
    kept: list[bytes] = []

    def answer(given: Any) -> Any:
        if given == "loop":
            while True:
                pass
        if given == "exit":
            os._exit(7)
        if given == "memory":
            return len(bytes(10 * MEMORY_MB * 1024 * 1024))
        if given == "keep":
            kept.append(bytes(3 * MEMORY_MB * 1024 * 1024 // 4))
        if given == "raise":
            raise KeyError("sku")
        if given == "large":
            return "x" * (MAX_ANSWER_BYTES + 1)
        if given == "function":
            return lambda: None
        if given == "print":
            print("among what the parent prints")
        return given if given != "pid" else os.getpid()

    return answer


def refusing() -> Answer:
    raise ValueError("the project is not there")


@pytest.fixture
def workers() -> Iterator[Workers]:
    running = Workers(doing, seconds=SECONDS, memory_mb=MEMORY_MB)
    yield running
    running.close()


def works(*given: Any) -> list[Work]:
    return [Work(f"work {number}", one) for number, one in enumerate(given)]


def told(results: list[Any]) -> list[Any]:
    return [one.value if isinstance(one, Done) else one.kind for one in results]


def test_one_worker_lives_from_batch_to_batch(workers: Workers) -> None:
    first, second = (told(workers.run(works("pid", 1)))[0] for _ in range(2))
    assert first == second != os.getpid()
    assert workers.run([]) == []


@pytest.mark.parametrize(
    ("given", "kind", "why"),
    [
        ("loop", "stalled", "no answer within 0.5 seconds"),
        ("exit", "crashed", "ended with 7"),
        ("memory", "memory", "200 MB"),
        ("raise", "raised", "KeyError: 'sku'"),
        ("large", "too_large", "bytes"),
        ("function", "raised", "cannot be handed back"),
    ],
)
def test_only_the_culprit_is_quarantined(workers: Workers, given: str, kind: str, why: str) -> None:
    results = workers.run(works(1, 2, given, 3, given, 4))
    assert told(results) == [1, 2, kind, 3, kind, 4]
    culprit = results[2]
    assert isinstance(culprit, WorkFailed)
    assert culprit.name == "work 2" and why in culprit.why


def test_memory_that_others_kept_is_not_blamed_on_who_comes_next(workers: Workers) -> None:
    assert told(workers.run(works("keep", "keep", "keep"))) == ["keep", "keep", "keep"]


def test_what_the_work_prints_stays_off_standard_output(
    workers: Workers, capfd: pytest.CaptureFixture[str]
) -> None:
    assert told(workers.run(works("print"))) == ["print"]
    assert capfd.readouterr().out == ""


def test_several_workers_keep_the_order() -> None:
    running = Workers(doing, count=2, seconds=SECONDS, memory_mb=MEMORY_MB)
    try:
        assert told(running.run(works(*range(7)))) == list(range(7))
        assert len(set(told(running.run(works("pid", "pid"))))) == 2
        assert told(running.run(works("exit", 1))) == ["crashed", 1]
    finally:
        running.close()


def test_a_worker_that_cannot_start_says_why() -> None:
    with pytest.raises(EnvironmentFailed, match="the project is not there"):
        Workers(refusing).run(works(1))


def test_closed_workers_are_gone_and_can_start_again(workers: Workers) -> None:
    pid = told(workers.run(works("pid")))[0]
    workers.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert told(workers.run(works(1))) == [1]


def test_a_worker_in_an_endless_loop_ends_with_its_parent() -> None:
    program = (
        "from tests.test_workers import doing, works\n"
        "from lifecycle.workers import Workers\n"
        "running = Workers(doing, seconds=600)\n"
        "print(running.run(works('pid'))[0].value, flush=True)\n"
        "running.run(works('loop'))\n"
    )
    root = Path(__file__).parents[1]
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=root, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(300):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("the worker outlived its parent")


def test_in_process_answers_alike_and_only_the_culprit_fails() -> None:
    here = InProcess(doing)
    assert told(here.run(works(1, "raise", 2))) == [1, "raised", 2]
    assert told(here.run(works("pid"))) == [os.getpid()]
    here.close()


def test_an_endless_loop_in_a_hook_stops_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "slow.py").write_text(
        '"""A hook that stalls on one event."""\n'
        "from lifecycle.hooks import trigger\n\n\n"
        '@trigger("slow", listens_to="seen")\n'
        "def slow(event, facts):\n"
        '    """Stalls."""\n'
        '    while event["n"] == 2:\n'
        "        pass\n"
        '    return event.becomes("slow", n=facts.count("seen"))\n'
    )
    registry, problems = find(tmp_path)
    assert problems == []
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    facts = Facts("c1", noon, ZoneInfo("UTC"))
    events = [Event(noon + timedelta(minutes=n), f"e{n}", "seen", {"n": n}) for n in (1, 2, 3)]
    for event in events:
        facts.add_event(event)
    trigger = registry.triggers["slow"]
    batch = [Work(f"slow {event.id}", handed_over(trigger, event, facts)) for event in events]
    running = Workers(partial(answering, tmp_path), seconds=SECONDS)
    try:
        first, stalled, third = running.run(batch)
    finally:
        running.close()
    assert isinstance(first, Done) and first.value["n"] == 1
    assert isinstance(third, Done) and third.value["n"] == 3
    assert isinstance(stalled, WorkFailed)
    assert (stalled.name, stalled.kind) == ("slow e2", "stalled")
