"""After an erasure no row, log line or file that the daemon keeps names the person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lifecycle.send.outbox import Outbox
from lifecycle.store.erase import erase
from tests.faults.conftest import Run
from tests.faults.running import KEY, TABLES, Post, Running
from tests.simulation.shop import event, flow, instant, person, segment, shop, step

SECRET = "anna.private"
SEGMENTS = {"seen": segment('{ did = "a" }')}
FLOW = flow('when = "a"\nper = "k"', step("one"), step("two", 'after = "1 day"'))


def lived(run: Run, transport: Any) -> Running:
    """Somebody who was written to, waits for another letter, complained, and is named all over."""
    running = run(shop({"f": FLOW}, SEGMENTS), transport)
    running.start("2026-05-04T09:00:00")
    line = person("c1", email=f"{SECRET}@x.example", attributes={"name": SECRET})
    running.say(line, person("c2"), at="2026-05-04T09:00:00")
    running.hear(
        event("2026-05-04T10:00:00", "a", "c1", k=SECRET, called=SECRET, id=SECRET),
        event("2026-05-04T10:00:00", "a", "c2", k="x"),
        event("2026-05-06T10:00:00", "a", "c1", k="future", id=f"{SECRET}-later"),
    )
    running.run("2026-05-04T11:00:00")
    return running


def forget(running: Running, at: str) -> None:
    with running.database.write() as connection:
        assert erase(connection, "c1", instant(at), KEY) is not None


def naming(running: Running) -> list[str]:
    """Tables with a row that names the person."""
    with running.database.read() as connection:
        return [
            name
            for name, table in TABLES.items()
            if any(
                SECRET in json.dumps(tuple(row), default=str)
                for row in connection.execute(select(table))
            )
        ]


def test_no_row_names_the_person_and_nothing_goes_to_them_any_more(run: Run) -> None:
    post = Post()
    running = lived(run, post)
    assert naming(running)
    forget(running, "2026-05-04T12:00:00")
    assert naming(running) == []
    running.start("2026-05-04T12:00:00")
    running.run("2026-05-20T00:00:00")
    assert naming(running) == []
    assert [letter.to for letter in post.accepted if SECRET in letter.to] == [f"{SECRET}@x.example"]
    assert len([letter for letter in post.accepted if letter.to == "c2@x.example"]) == 2


def test_the_suppression_outlives_the_erasure(run: Run) -> None:
    post = Post()
    running = lived(run, post)
    running.hear(event("2026-05-04T11:30:00", "message_complained", "c1", campaign="f", step="one"))
    running.run("2026-05-04T11:45:00")
    forget(running, "2026-05-04T12:00:00")
    assert naming(running) == []
    again = person("c9", email=f"{SECRET}@x.example")
    running.say(again, at="2026-05-05T09:00:00")
    running.hear(event("2026-05-05T10:00:00", "a", "c9", k="y"))
    running.run("2026-05-07T00:00:00")
    assert len([letter for letter in post.accepted if SECRET in letter.to]) == 1
    assert "05-05 10:00 dropped one suppressed" in running.told("c9")


def test_no_line_of_the_log_names_the_address(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    running = lived(run, Outbox(tmp_path / "outbox"))
    running.hear(event("2026-05-04T11:30:00", "message_complained", "c1", campaign="f", step="one"))
    running.run("2026-05-07T00:00:00")
    said = capsys.readouterr()
    assert "x.example" not in said.out + said.err
