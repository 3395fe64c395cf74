"""The same events, definitions and seed give the same decisions, byte for byte."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Run
from tests.faults.histories import busy_shop, history
from tests.faults.running import Post, Running, letters
from tests.simulation.shop import event, flow, instant, person, play, segment, settings, shop, step

END = "2026-04-20T00:00:00"


def decisions(running: Running) -> list[tuple[Any, ...]]:
    return sorted(
        (r.at, r.customer_id, r.campaign, r.entry, r.step, r.variant, r.what, r.reason, r.detail)
        for r in running.rows("decision")
    )


def feed(running: Running, seed: int, people: int = 3) -> None:
    """Everything arrives at its own instant, as in a replay."""
    said, lines = history(seed, people)
    waiting: list[tuple[Any, int, Any]] = []
    for number, one in enumerate(said):
        waiting.append((instant(one.get("at", "2026-03-19T00:00:00")), number, ("say", one)))
    for number, one in enumerate(lines):
        at = instant(one.get("received_at", one["at"]))
        waiting.append((at, 1_000 + number, ("hear", one)))
    waiting.sort(key=lambda one: one[:2])
    while waiting:
        at = waiting[0][0]
        _rest(running, at, inclusive=False)
        while waiting and waiting[0][0] == at:
            _, _, (how, line) = waiting.pop(0)
            if how == "say":
                running.say(line, at=at.isoformat())
            else:
                running.hear(line)
        running.engine.tick(at)
    _rest(running, instant(END), inclusive=True)


def _rest(running: Running, until: Any, *, inclusive: bool) -> None:
    while (due := running.engine.next_due()) is not None:
        if due > until or (due == until and not inclusive):
            return
        running.engine.tick(due)


def test_the_size_of_the_batch_changes_no_decision(run: Run) -> None:
    found = []
    running = run(busy_shop(), Post())
    for batch in (500, 1, 7):
        running.clear()
        running.batch = batch
        running.start("2026-03-19T00:00:00")
        feed(running, 1, people=2)
        found.append(decisions(running))
    assert len(found[0]) > 40
    assert found[1] == found[0]
    assert found[2] == found[0]


def test_a_letter_that_cannot_be_made_changes_what_follows_whatever_the_batch(run: Run) -> None:
    """What follows in the same batch was judged as if the broken letter had gone."""
    broken = '[[step]]\nname = "bad"\ntemplate = "hello"\nsubject = "{{ 1 / event.k }}"\n'
    files = {
        "top": flow('when = "a"', broken, top="priority = 90"),
        "mid": flow('when = "a"', step("good"), top="priority = 50"),
        "low": flow('when = "a"', step("late"), top="priority = 10"),
    }
    cap = '[[sending.cap]]\nclass = "triggered"\nat_most = 1\nper = "1 day"\n'
    running = run(shop(files, said=settings(cap)), Post())
    found = []
    for batch in (500, 1, 2):
        running.clear()
        running.batch = batch
        running.start("2026-05-04T09:00:00")
        running.say(*(person(f"c{k}") for k in (0, 1)), at="2026-05-04T09:00:00")
        running.hear(*(event("2026-05-04T10:00:00", "a", f"c{k}", k=k) for k in (0, 1)))
        running.run("2026-05-04T12:00:00")
        found.append(running.told())
    assert found[0] == found[1] == found[2]
    gone = [line for line in running.told("c0") if " sent " in line or " dropped " in line]
    assert gone == ["05-04 10:00 dropped bad broken_template", "05-04 10:00 sent good"]
    assert [line for line in running.told("c1") if " sent " in line] == ["05-04 10:00 sent bad"]


def test_both_databases_decide_alike(sqlite_url: str, postgresql_url: str, tmp_path: Path) -> None:
    found = []
    for url in (sqlite_url, postgresql_url):
        running = Running(url, busy_shop(), Post())
        running.start("2026-03-19T00:00:00")
        feed(running, 5, people=2)
        found.append(decisions(running))
        running.close()
    assert found[0] == found[1]


def test_a_replay_decides_as_the_engine_does_live(run: Run, tmp_path: Path) -> None:
    people, lines = history(6, people=3)
    people = [{"at": "2026-03-19T00:00:00Z", **one} for one in people]
    played = play(tmp_path, busy_shop(), lines, END + "Z", people)
    running = run(busy_shop(), Post())
    running.start("2026-03-19T00:00:00")
    feed(running, 6)
    live = sorted((r[1], r[2], r[4], r[6], r[7], r[0].isoformat()) for r in decisions(running))
    assert live == sorted(
        (
            r["customer"],
            r["campaign"],
            r["step"],
            r["what"],
            r["reason"],
            instant(r["at"]).isoformat(),
        )
        for r in played.decisions
    )


@pytest.mark.parametrize("threads", [False, True], ids=["in turns", "at once"])
def test_two_engines_on_one_database_decide_as_one(postgresql_url: str, threads: bool) -> None:
    names = [f"c{n}" for n in range(40)]
    flows = {
        "f": flow(
            'when = "a"\nper = "k"\nrepeat = "start over"',
            '[exit]\nwhen = "b"',
            step("one"),
            step("two", 'after = "1 hour"'),
        ),
        "j": flow('joins = "busy"'),
    }
    more = '[[sending.cap]]\nclass = "triggered"\nat_most = 2\nper = "1 day"'
    segments = {"busy": segment('{ did = "a", at_least = 2, within = "1 day" }')}
    post = Post()
    running = Running(postgresql_url, shop(flows, segments, settings(more)), post, batch=3)
    running.start("2026-05-04T09:00:00")
    running.say(*(person(name) for name in names), at="2026-05-04T09:00:00")
    running.hear(
        *(event("2026-05-04T10:00:00", "a", name, k=1) for name in names),
        *(event("2026-05-04T10:30:00", "a", name, k=2, id="2") for name in names),
        *(event("2026-05-04T10:45:00", "b", name, k=2) for name in names[::2]),
    )
    engines = [running.engine, running.new_engine()]
    for at in ("10:00", "10:30", "10:45", "11:00", "11:30", "12:00"):
        now = instant(f"2026-05-04T{at}:00")
        if threads:
            _at_once([partial(engine.tick, now) for engine in engines])
        for engine in engines * 2:
            engine.tick(now)
    assert max(post.per_key().values()) == 1
    one = Running("sqlite://", shop(flows, segments, settings(more)), Post(), empty=True)
    one.start("2026-05-04T09:00:00")
    one.say(*(person(name) for name in names), at="2026-05-04T09:00:00")
    one.hear(
        *(event("2026-05-04T10:00:00", "a", name, k=1) for name in names),
        *(event("2026-05-04T10:30:00", "a", name, k=2, id="2") for name in names),
        *(event("2026-05-04T10:45:00", "b", name, k=2) for name in names[::2]),
    )
    for at in ("10:00", "10:30", "10:45", "11:00", "11:30", "12:00"):
        one.engine.tick(instant(f"2026-05-04T{at}:00"))
    assert decisions(running) == decisions(one)
    assert isinstance(one.transport, Post)
    assert letters(post.accepted) == letters(one.transport.accepted)
    running.close()
    one.close()


def _at_once(work: list[Any]) -> None:
    failed: list[BaseException] = []

    def guarded(one: Any) -> None:
        try:
            one()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed
