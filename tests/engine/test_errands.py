"""Calls: when they are tried, how often, with what, and what becomes of them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.engine.errands import DELAYS, JITTER, LONGEST_WAIT
from lifecycle.hooks import Registry
from lifecycle.send.webhook_call import MAY_REACH
from lifecycle.sim.world import World
from lifecycle.sources.customer_line import read_customer
from lifecycle.sources.event_line import read_event
from lifecycle.store import erase, errands, operations
from tests.engine.errand_shop import AT, CALL, NOTE, OTHER, Shop, entered, states
from tests.faults.running import KEY, Post
from tests.simulation.shop import event, flow, instant, person, settings, shop, step
from tests.store.prepared import with_tables


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


def test_a_call_says_who_it_is_about_and_why(database_url: str, receiver: Any) -> None:
    hook = receiver()
    one = Shop(database_url, CALL, HOOK=hook)
    one.entering()
    assert one.run_all() == [instant(AT)]
    (heard,) = hook.heard
    (row,) = one.rows
    assert heard.headers["webhook-id"] == row.errand_id
    assert json.loads(heard.body) == {
        "type": "lifecycle.f.tell",
        "timestamp": "2026-05-04T10:00:00Z",
        "data": {
            "customer": {
                "id": "c1",
                "email": "c1@x.example",
                "locale": None,
                "timezone": "UTC",
                "attributes": {},
            },
            "event": {
                "name": "cart_updated",
                "at": "2026-05-04T10:00:00Z",
                "properties": {"cart": "k1"},
            },
            "campaign": "f",
            "step": "tell",
            "entry": row.entry,
            "enrollment": row.enrollment_id,
        },
    }
    assert (row.state, row.tries, row.body, row.ended_at) == ("done", 1, None, instant(AT))


def test_a_call_is_tried_again_at_growing_distances_with_the_same_bytes(
    database_url: str, receiver: Any
) -> None:
    hook = receiver(*[500] * 20)
    one = Shop(database_url, CALL, HOOK=hook)
    one.entering()
    one.errands.run(instant(AT))
    one.running.say(person("c1", attributes={"tier": "gold"}), at=AT)
    instants = [instant(AT), *one.run_all()]
    assert states(one) == [("failed", "answered 500", 10)]
    assert len(instants) == len(hook.heard) == 10
    for before, after, delay in zip(instants, instants[1:], DELAYS, strict=False):
        assert delay <= after - before <= delay * (1 + JITTER)
    assert len({heard.body for heard in hook.heard}) == 1
    assert len({heard.headers["webhook-id"] for heard in hook.heard}) == 1
    stamps = [heard.headers["webhook-timestamp"] for heard in hook.heard]
    assert stamps == [str(int(at.timestamp())) for at in instants]


def test_the_tries_of_two_customers_lie_apart_and_are_the_same_every_time(receiver: Any) -> None:
    runs = []
    for _ in range(2):
        one = Shop("sqlite://", CALL, empty=True, HOOK=receiver(404, 404))
        one.entering("c1", "c2")
        one.errands.run(instant(AT))
        runs.append([row.due_at for row in one.rows])
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 2


@pytest.mark.parametrize(
    ("asked", "waits"),
    [("3600", timedelta(hours=1)), ("1", DELAYS[0]), ("99999999", LONGEST_WAIT)],
)
def test_a_receiver_may_ask_for_a_longer_wait(receiver: Any, asked: str, waits: timedelta) -> None:
    one = Shop("sqlite://", CALL, empty=True, HOOK=receiver((503, {"Retry-After": asked}, b"")))
    one.entering()
    one.errands.run(instant(AT))
    (row,) = one.rows
    assert waits <= row.due_at - instant(AT) <= waits * (1 + JITTER)


def test_a_receiver_that_wants_no_more_is_not_called_again(receiver: Any) -> None:
    hook = receiver(410)
    one = Shop("sqlite://", CALL, empty=True, HOOK=hook)
    one.entering()
    assert len(one.run_all()) == len(hook.heard) == 1
    assert states(one) == [("failed", "answered 410", 1)]


def test_errands_of_a_stopped_campaign_go_for_they_were_decided(receiver: Any) -> None:
    hook = receiver()
    one = Shop("sqlite://", CALL, NOTE, empty=True, HOOK=hook)
    one.entering()
    with one.running.database.write() as connection:
        operations.order(connection, "f", "stopped", "", instant(AT))
    one.running.start(AT, shop())
    one.run_all()
    assert [state for state, _, _ in states(one)] == ["done", "done"]
    assert one.post.accepted[0].subject == "f: note"


def test_the_errands_of_whom_is_erased_are_struck(database_url: str, receiver: Any) -> None:
    hook = receiver()
    one = Shop(database_url, CALL, NOTE, HOOK=hook)
    one.entering("c1", "c2")
    (begun,) = one.errands.begin(instant(AT), 1)
    assert begun.row.customer_id == "c1"
    with one.running.database.write() as connection:
        erase.erase(connection, "c1", instant(AT), KEY)
    one.errands.finish(begun, instant(AT))
    one.run_all()
    assert {row.customer_id for row in one.rows} == {"c2"}
    about = [json.loads(heard.body)["data"]["customer"]["id"] for heard in hook.heard]
    assert about == ["c1", "c2"]


def test_a_receiver_that_is_down_is_left_alone_and_costs_no_tries(
    database_url: str, receiver: Any
) -> None:
    down, well = receiver(*[503] * 3), receiver()
    one = Shop(database_url, CALL, OTHER, HOOK=down, ELSEWHERE=well)
    one.entering(*(f"c{number}" for number in range(6)))
    tried = 0
    while one.errands.next_due() == instant(AT):
        tried += one.errands.run(instant(AT), 1)
    assert (tried, len(down.heard), len(well.heard)) == (7, 1, 6)
    waiting = [row for row in one.rows if row.state == "waiting"]
    assert sorted(row.tries for row in waiting) == [0, 0, 0, 0, 0, 1]
    one.run_all()
    assert {state for state, _, _ in states(one)} == {"done"}


def test_ticks_neither_make_errands_nor_wait_for_them(database_url: str, receiver: Any) -> None:
    hook = receiver()
    one = Shop(database_url, CALL, step(), HOOK=hook)
    one.entering()
    assert one.running.engine.next_due() is None
    assert (one.running.states(), hook.heard) == ({"accepted": 1}, [])
    assert one.errands.next_due() == instant(AT)


def test_a_replay_records_errands_and_makes_none(
    database_url: str, receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, post = receiver(), Post()
    monkeypatch.setenv("HOOK", f"http://{hook.place}/")
    monkeypatch.setenv(MAY_REACH, hook.place)
    world = World(entered(CALL, NOTE), Registry(), post, database_url=database_url)
    try:
        lines = [read_event(event(AT, "cart_updated", cart="k1"), received=None, live=False)]
        people = [read_customer(person("c1"), at=instant(AT))]
        world.run(people, lines, instant("2027-01-01"))
        told = [(one["at"][:16], one["what"], one["step"]) for one in world.decisions()]
        assert ("2026-05-04T10:00", "called", "tell") in told
        assert ("2026-05-04T10:00", "notified", "note") in told
        with world.database.read() as connection:
            assert errands.counts(connection) == {"waiting": 0, "again": 0, "failed": 0}
        assert world.engine.next_due() is None
    finally:
        world.close()
    assert (hook.heard, post.accepted) == ([], [])


def test_an_errand_that_is_over_goes_when_its_letters_go() -> None:
    said = settings('[retention]\nmessages = "90 days"\n')
    campaigns = {"f": flow('when = "cart_updated"', CALL)}
    for until, left in (("2026-08-02T03:59", 1), ("2026-08-03T04:00", 0)):
        world = World(shop(campaigns, said=said), Registry(), database_url="sqlite://")
        try:
            lines = [read_event(event(AT, "cart_updated"), received=None, live=False)]
            world.run([read_customer(person("c1"), at=instant(AT))], lines, instant(until))
            with world.database.read() as connection:
                assert len(connection.execute(errands.ERRAND.select()).all()) == left
        finally:
            world.close()
