"""A flood of events keeps no letter waiting: where ticks have a longest, their work takes turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from lifecycle.engine.engine import Engine
from lifecycle.store import dues
from tests.databases import Prepare
from tests.faults.running import Post, Running
from tests.simulation.shop import broadcast, event, flow, instant, person, settings, shop
from tests.store.prepared import with_tables

START, FLOOD, AT = "2026-05-04T09:00:00", "2026-05-04T10:00:00", "2026-05-04T11:00:00"
PEOPLE, BATCH = 40, 5
FILES = {"f": flow('when = "a"'), "b": broadcast(AT + "Z")}
Opened = Callable[[float | None], Running]


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


@pytest.fixture
def opened(database_url: str) -> Iterator[Opened]:
    """A shop in which one letter is due, and then a flood of events."""
    made: list[Running] = []

    def opening(longest: float | None) -> Running:
        running = Running(database_url, shop(FILES, None, settings()), Post(), batch=BATCH)
        made.append(running)
        running.start(START)
        names = [f"c{number:02}" for number in range(PEOPLE)]
        running.say(*(person(name, agreed_to=["offers"]) for name in names), at=START)
        running.run("2026-05-04T09:30:00")
        running.engine = Engine(running.engine.parts, batch=BATCH, longest=longest)
        running.hear(*(event(FLOOD, "a", name) for name in names))
        return running

    yield opening
    for one in made:
        one.close()


def unread(running: Running, at: str) -> int:
    """Of how many customers something is not taken in."""
    now = instant(at)
    rows = running.rows("intake")
    return sum(one.due_at is not None and one.due_at <= now for one in rows)


def test_letters_go_while_events_still_wait(opened: Opened):
    running = opened(0.0)
    ticks = 0
    while not running.transport.accepted:  # type: ignore[attr-defined]
        running.engine.tick(instant(FLOOD))
        ticks += 1
        assert running.engine.pacing.more
    assert ticks <= 4
    assert unread(running, FLOOD) >= PEOPLE - 3 * BATCH
    for _ in range(5 * PEOPLE):
        running.engine.tick(instant(FLOOD))
    assert len(running.transport.accepted) == PEOPLE  # type: ignore[attr-defined]


def test_a_tick_without_a_longest_takes_everything_in_first(opened: Opened):
    running = opened(None)
    seen: list[int] = []
    post = running.transport
    assert isinstance(post, Post)
    post.before = lambda letter: seen.append(unread(running, FLOOD))
    running.engine.tick(instant(FLOOD))
    assert seen == [0] * PEOPLE
    assert not running.engine.pacing.more


def test_a_broadcast_opens_when_all_that_came_before_it_is_taken_in(opened: Opened):
    running = opened(0.0)
    opens: list[int] = []
    while len(running.transport.accepted) < 2 * PEOPLE:  # type: ignore[attr-defined]
        running.engine.tick(instant(AT))
        if any(row.campaign == "b" for row in running.rows("enrollment")):
            opens.append(unread(running, AT))
    assert opens[0] == 0
    with running.database.read() as connection:
        assert dues.look(connection).message is None
