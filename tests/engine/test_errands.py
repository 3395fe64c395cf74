"""Calls and notes: when they are tried, how often, with what, and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.message import OutcomeKind
from lifecycle.engine.errands import DELAYS, JITTER, LONGEST_WAIT, UNKNOWN, Errands
from lifecycle.hooks import Registry
from lifecycle.send.webhook_call import MAY_REACH, Caller
from lifecycle.sim.world import World
from lifecycle.sources.customer_line import read_customer
from lifecycle.sources.event_line import read_event
from lifecycle.store import claims, erase, errands, operations
from tests.faults.running import KEY, Crash, CrashAt, Post, Running
from tests.receiver import Receiver
from tests.simulation.shop import event, flow, instant, person, settings, shop, step
from tests.store.prepared import with_tables

AT = "2026-05-04T10:00:00"
CALL = '[[step]]\nname = "tell"\ncall = { url = "env:HOOK" }\n'
OTHER = CALL.replace("tell", "other").replace("HOOK", "ELSEWHERE")
NOTE = """[[step]]
name = "note"
notify = { to = "crm@shop.example", text = "Cart {{ event.cart }} of {{ customer.email }}" }
"""
Answers = tuple[int, Mapping[str, str], bytes]


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    """Start receivers, and stop them after the test."""
    started: list[Receiver] = []

    def start(*answers: int | Answers) -> Receiver:
        said = [one if isinstance(one, tuple) else (one, {}, b"") for one in answers]
        started.append(Receiver(said))
        return started[-1]

    yield start
    for one in started:
        one.stop()


def entered(*steps: str, more: str = "") -> Catalog:
    """A shop whose one flow does these steps when a cart is updated."""
    return shop({"f": flow('when = "cart_updated"', *steps, top=more)})


class Shop:
    """A shop on a database, c1 in its flow, and what runs its errands."""

    def __init__(self, url: str, *steps: str, empty: bool = False, **receivers: Receiver) -> None:
        self.running = Running(url, entered(*steps), Post(), empty=empty)
        self.running.start(AT)
        self.receivers = receivers
        self.errands = self.new_errands()

    def new_errands(self) -> Errands:
        """What runs errands, in a process that has just begun."""
        named = {name: f"http://{one.place}/" for name, one in self.receivers.items()}
        listed = ",".join(one.place for one in self.receivers.values())
        caller = Caller(KEY, {**named, MAY_REACH: listed})
        return Errands(lambda: self.running.engine.parts, caller)

    def entering(self, *customers: str, at: str = AT) -> None:
        """Let customers in, and tick."""
        self.running.say(*(person(one) for one in customers or ("c1",)), at=at)
        self.running.hear(
            *(event(at, "cart_updated", one, cart="k1") for one in customers or ("c1",))
        )
        self.running.run(at)

    def run_all(self) -> list[datetime]:
        """Run errands at each instant at which one falls due, and give the instants."""
        instants: list[datetime] = []
        while (due := self.errands.next_due()) is not None:
            assert due not in instants, "what is due stays due"
            instants.append(due)
            self.errands.run(due)
        return instants

    @property
    def rows(self) -> list[Any]:
        """The errands by step."""
        return self.running.rows("errand", "customer_id", "step")

    @property
    def post(self) -> Post:
        """The transport."""
        assert isinstance(self.running.transport, Post)
        return self.running.transport


def states(one: Shop) -> list[tuple[str, str, int]]:
    return [(row.state, row.problem, row.tries) for row in one.rows]


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


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("where", ["before", "within", "after"])
def test_a_process_killed_anywhere_leaves_a_call_that_is_made_with_the_same_id(
    database_url: str, receiver: Any, number: int, where: str
) -> None:
    """Three transactions: the claim, the count of the try, what came of it."""
    hook = receiver()
    one = Shop(database_url, CALL, HOOK=hook)
    one.entering()
    crash = CrashAt(one.running.database, number, where)
    with pytest.raises(Crash):
        one.errands.run(instant(AT))
    crash.over()
    one.running.start(AT)
    one.errands = one.new_errands()
    one.run_all()
    assert one.rows[0].state == "done"
    assert len({(heard.headers["webhook-id"], heard.body) for heard in hook.heard}) == 1
    unrecorded = number == 3 and where != "after"
    assert len(hook.heard) == 1 + unrecorded


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("where", ["before", "within", "after"])
def test_a_process_killed_anywhere_writes_no_note_twice(
    database_url: str, number: int, where: str
) -> None:
    one = Shop(database_url, NOTE)
    one.entering()
    crash = CrashAt(one.running.database, number, where)
    with pytest.raises(Crash):
        one.errands.run(instant(AT))
    crash.over()
    one.running.start(AT)
    one.errands = one.new_errands()
    one.run_all()
    counted = (number, where) == (2, "after") or number == 3
    known = (number, where) == (3, "after") or not counted
    assert states(one)[0][:2] == (("done", "") if known else ("failed", UNKNOWN))
    assert len(one.post.accepted) == (number == 3 or not counted)


def test_a_note_is_a_plain_letter_to_the_shop(database_url: str) -> None:
    one = Shop(database_url, NOTE)
    one.entering()
    one.run_all()
    (letter,) = one.post.accepted
    (row,) = one.rows
    assert (letter.to, letter.html) == ("crm@shop.example", "")
    assert letter.subject == "F: note"
    assert letter.text == "Cart k1 of c1@x.example"
    assert letter.sender == "Shop <news@mail.shop.example>"
    assert letter.headers == (("Auto-Submitted", "auto-generated"),)
    assert letter.attempt_id == letter.message_id == row.errand_id
    assert (row.state, row.body) == ("done", None)
    assert one.running.rows("message") == []


def test_a_note_in_doubt_is_not_repeated_and_one_that_never_left_is() -> None:
    doubt = Shop("sqlite://", NOTE, empty=True)
    doubt.post.script = [OutcomeKind.UNCERTAIN]
    doubt.entering()
    doubt.run_all()
    assert states(doubt) == [("failed", UNKNOWN, 1)]
    again = Shop("sqlite://", NOTE, empty=True)
    again.post.script = [OutcomeKind.NEVER_LEFT, OutcomeKind.SLOW_DOWN]
    again.entering()
    assert len(again.run_all()) == 3
    assert states(again) == [("done", "", 3)]
    refused = Shop("sqlite://", NOTE, empty=True)
    refused.post.script = [OutcomeKind.REFUSED]
    refused.entering()
    refused.run_all()
    assert states(refused) == [("failed", "refused", 1)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ nobody.knows }}", "nothing is known under the name nobody"),
        ("{{ customer.__class__.mro() }}", "not safely callable"),
        ("{% for n in range(999999999) %}x{% endfor %}", ""),
        ("{{ ", "end"),
        ("{{ '' }}", "empty"),
    ],
)
def test_a_note_that_cannot_be_written_fails_for_good_and_says_why(
    text: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    said = NOTE.replace("Cart {{ event.cart }} of {{ customer.email }}", text)
    one = Shop("sqlite://", said, empty=True)
    one.entering()
    with caplog.at_level("WARNING", "lifecycle"):
        one.run_all()
    (row,) = one.rows
    assert (row.state, row.tries) == ("failed", 0)
    assert problem in row.problem
    assert one.post.accepted == []
    assert [record.getMessage() for record in caplog.records] == ["errand_failed"]


def test_no_subject_of_a_note_breaks_its_line() -> None:
    said = NOTE.replace("notify = {", 'notify = { subject = "{{ event.cart }}\\nBcc: x@y.example",')
    one = Shop("sqlite://", said, empty=True)
    one.entering()
    one.run_all()
    assert one.post.accepted[0].subject == "k1 Bcc: x@y.example"


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


def test_two_workers_share_what_is_due_and_nobody_is_called_twice(
    database_url: str, receiver: Any
) -> None:
    hook = receiver()
    one = Shop(database_url, CALL, HOOK=hook)
    one.entering(*(f"c{number}" for number in range(9)))
    other = one.new_errands()
    first, second = one.errands.begin(instant(AT), 4), other.begin(instant(AT), 9)
    assert (len(first), len(second)) == (4, 5)
    for begun in first:
        one.errands.finish(begun, instant(AT))
    for begun in second:
        other.finish(begun, instant(AT))
    assert len({heard.headers["webhook-id"] for heard in hook.heard}) == len(hook.heard) == 9
    assert one.errands.next_due() is None


def test_a_worker_whose_lease_was_taken_over_records_nothing(receiver: Any) -> None:
    one = Shop("sqlite://", CALL, empty=True, HOOK=receiver(500, 204))
    one.entering()
    (slow,) = one.errands.begin(instant(AT), 1)
    one.running.start(AT)
    later = instant(AT) + claims.LEASE
    assert one.errands.run(later) == 1
    one.errands.finish(slow, later)
    assert states(one) == [("waiting", "answered 500", 2)]


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


def test_what_kills_its_worker_again_and_again_is_put_aside(
    database_url: str, receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Shop(database_url, CALL, HOOK=receiver())
    one.entering("c1", "c2")
    work = Errands.carry_out

    def poisoned(self: Errands, begun: Any, now: datetime) -> Any:
        if begun.row.customer_id == "c2":
            raise Crash
        return work(self, begun, now)

    monkeypatch.setattr(Errands, "carry_out", poisoned)
    now = instant(AT)
    for _ in range(3 * claims.ATTEMPTS_BEFORE_QUARANTINE):
        one.running.start(AT)
        now += claims.LEASE
        try:
            one.errands.run(now)
        except Crash:
            continue
    assert [(row.state, row.quarantined_at is not None) for row in one.rows] == [
        ("done", False), ("trying", True),
    ]  # fmt: skip
    assert one.errands.next_due() is None


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
