"""The pace of letters: as the account allows, for all processes together, by turn and quota."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import Any

import pytest

from lifecycle.core.account import Told
from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.core.pace import SECOND
from lifecycle.core.stoppage import Stop
from lifecycle.engine.account import ASK_AGAIN, ASK_EVERY
from lifecycle.engine.engine import Engine
from lifecycle.insight.transport import standing
from lifecycle.send.ses import Ses
from lifecycle.store.database import Database
from tests.core.test_pace import most_in
from tests.engine.paced_shop import BEGIN, CALM, DUTY, URGENT, Open, PacedShop, catalog
from tests.faults.running import Post, Running
from tests.store.prepared import with_tables


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


class Noting(Ses):
    """SES that notes when its calls began, by the machine's steady clock."""

    def __init__(self, endpoint: str, starts: list[int]) -> None:
        super().__init__("eu-central-1", endpoint=endpoint)
        self.starts = starts

    def send(self, letter: Letter) -> Outcome:
        self.starts.append(int(monotonic() * SECOND))
        return super().send(letter)


def test_two_engines_begin_no_more_in_any_second_than_the_account_takes(opened: Open) -> None:
    shop = opened(per_second=30.0)
    shop.happens("go", *shop.people(75))
    shop.go_on(seconds=-1)  # Taken in, and the account asked: nothing is due yet.
    starts: list[int] = []
    shop.transport = Noting(shop.endpoint, starts)
    other = Database(shop.url, durable=False)
    parts = shop.new_engine().parts
    beside = replace(parts, database=other) if not other.is_sqlite else parts
    engines = [Engine(parts), Engine(beside)] if not other.is_sqlite else [Engine(parts)]

    def work(engine: Engine) -> None:
        for _ in range(100):
            engine.tick(shop.now)
            if (engine.next_due() or _LATER) > shop.now:
                return

    shop.now += timedelta(seconds=1)
    threads = [threading.Thread(target=work, args=(one,)) for one in engines]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    shop.go_on(minutes=1)  # What one of them had claimed that was then let go again.
    other.close()
    assert shop.states() == {"accepted": 75}
    assert len(starts) == 75
    assert most_in(starts, SECOND) <= 30


_LATER = BEGIN + timedelta(days=9999)


def test_a_tick_attempts_no_more_than_a_seconds_worth(opened: Open) -> None:
    shop = opened(per_second=7.0)
    shop.happens("go", *shop.people(20))
    shop.engine.tick(shop.now)
    assert len(shop.rows("attempt")) == 7
    assert shop.engine.pacing.more


def test_without_a_rate_there_is_room_for_all(database_url: str) -> None:
    shop = Running(database_url, catalog(), Post())
    assert shop.engine.pacing.room(_LATER, 500).letters == 500
    assert shop.engine.pacing.due_at() is None
    shop.close()


NO = Outcome(OutcomeKind.ACCOUNT, detail="403", stops=Stop.NOT_AUTHORIZED)


def asked_by(shop: PacedShop, answers: list[Told | Outcome]) -> list[Told | Outcome]:
    """Have the account answer so, the last for ever; gives the list of what was answered."""
    given: list[Told | Outcome] = []

    def answer() -> Told | Outcome:
        given.append(answers[min(len(given), len(answers) - 1)])
        return given[-1]

    shop.engine = Engine(replace(shop.engine.parts, account=answer))
    return given


def test_an_account_that_may_not_be_asked_gets_a_letter_a_second_and_is_asked_again(
    opened: Open,
) -> None:
    shop = opened()
    told = Told(50.0, None, 0.0, True, True, "HEALTHY")
    given = asked_by(shop, [NO, NO, told])
    for passes, rate, asked in [
        (timedelta(), 1, 1),
        (ASK_AGAIN / 2, 1, 1),
        (ASK_AGAIN / 2, 1, 2),
        (ASK_AGAIN, 50, 3),
        (ASK_EVERY - timedelta(seconds=1), 50, 3),
        (timedelta(seconds=1), 50, 4),
    ]:
        shop.now += passes
        shop.engine.tick(shop.now)
        assert shop.engine.pacing.room(shop.now, 500).letters == rate
        assert len(given) == asked
    assert shop.kinds() == {}


def test_all_processes_ask_once_an_hour_together(opened: Open) -> None:
    shop = opened()
    given = asked_by(shop, [Told(50.0, None, 0.0, True, True, "HEALTHY")])
    other = Engine(shop.engine.parts)
    for engine in (shop.engine, other, shop.engine, other):
        engine.tick(shop.now)
        engine.pacing.room(shop.now, 500)
    assert len(given) == 1


@pytest.mark.parametrize(("minutes", "asked"), [(59, 1), (60, 2)])
def test_the_account_is_asked_again_after_an_hour(opened: Open, minutes: int, asked: int) -> None:
    shop = opened()
    given = asked_by(shop, [Told(50.0, None, 0.0, True, True, "HEALTHY")])
    for at in (shop.now, shop.now + timedelta(minutes=minutes)):
        shop.engine.tick(at)
        shop.engine.pacing.room(at, 500)
    assert len(given) == asked


def fences(shop: PacedShop) -> dict[str, int]:
    return {row.message_id: row.fence for row in shop.rows("message") if row.reason}


def test_the_days_quota_is_spent_to_the_last_letter_and_a_share_is_for_transactional_ones(
    opened: Open,
) -> None:
    shop = opened({"calm": CALM, "duty": DUTY}, per_day=100.0)
    ids = shop.people(120)
    shop.happens("go", *ids)
    shop.go_on()
    assert shop.accepted() == 98
    assert shop.kinds() == {"marketing": Stop.DAY_QUOTA}
    assert shop.held() == {"quota": 22}
    with shop.database.read() as connection:
        assert standing(connection, "ses").left_today == 2
    shop.happens("ordered", *ids[:3])
    shop.go_on(seconds=1)
    assert shop.accepted() == 100
    assert shop.held() == {"quota": 23}
    assert shop.ses.posts == 100
    before = fences(shop)
    for _ in range(30):
        shop.go_on(minutes=1)
    assert fences(shop) == before
    assert set(shop.told_held().values()) == {1}
    assert {reason for _, reason in shop.told_held()} == {"quota"}
    shop.ses.control({"quota": 1_000})
    shop.go_on(minutes=6)
    shop.go_on(minutes=6)
    assert shop.kinds() == {}
    assert shop.states() == {"accepted": 123}
    assert {(row.attempts, row.quarantined_at) for row in shop.rows("message")} == {(0, None)}


def campaigns_sent(shop: PacedShop) -> list[str]:
    return [
        next(tag["Value"] for tag in one["EmailTags"] if tag["Name"] == "campaign")
        for one in shop.ses.requests()
    ]


def test_what_is_left_goes_by_turn(opened: Open) -> None:
    shop = opened({"calm": CALM, "hurry": URGENT, "duty": DUTY}, per_second=20.0, per_day=51.0)
    ids = shop.people(40)
    shop.happens("go", *ids)
    shop.happens("hurry", *ids[:20])
    shop.happens("ordered", *ids[20:30])
    shop.go_on()
    assert Counter(campaigns_sent(shop)) == {"duty": 10, "hurry": 20, "calm": 20}
    # Twenty a second: what one second hands over is the first twenty in turn.
    assert Counter(campaigns_sent(shop)[:20]) == {"duty": 10, "hurry": 10}


def test_letters_of_other_programs_show_when_it_is_asked_again(opened: Open) -> None:
    shop = opened(per_day=100.0)
    answers = [Told(500.0, 100.0, sent, True, True, "HEALTHY") for sent in (0.0, 95.0)]
    asked_by(shop, list(answers))
    ids = shop.people(10)
    shop.happens("go", ids[0])
    shop.go_on()
    shop.now += ASK_EVERY
    shop.happens("go", *ids[1:])
    shop.go_on()
    assert shop.accepted() == 1 + 3
    assert shop.held() == {"quota": 6}


def test_a_letter_that_did_not_begin_is_due_again_at_once(opened: Open) -> None:
    shop = opened()
    shop.happens("go", *shop.people(8))
    turnstile = shop.engine.parts.turnstile
    assert turnstile is not None
    closed = [True]
    turnstile.stops = lambda: closed[0]
    shop.engine.tick(shop.now)
    assert shop.states() == {"requeued": 8}
    assert {row.due_at for row in shop.rows("message")} == {shop.now}
    assert {row.attempts for row in shop.rows("message")} == {0}
    assert shop.ses.posts == 0
    closed[0] = False
    shop.go_on()
    assert shop.states() == {"accepted": 8}


def test_as_the_window_frees_as_many_are_woken_as_may_go(opened: Open) -> None:
    shop = opened()
    answers = [Told(500.0, 50.0, sent, True, True, "HEALTHY") for sent in (0.0, 40.0, 50.0, 0.0)]
    given = asked_by(shop, list(answers))
    shop.happens("go", *shop.people(100))
    shop.go_on()
    assert shop.accepted() == 49
    assert shop.held() == {"quota": 51}
    before = fences(shop)
    shop.go_on(minutes=1)
    # Ten are free again, of which one is kept: nine are looked at, and no others.
    assert len(given) == 2
    assert shop.accepted() == 49 + 9
    after = fences(shop)
    assert sum(after.get(one, 0) != fence for one, fence in before.items() if one in after) == 0
    for _ in range(3):
        shop.go_on(minutes=10)
    assert shop.states() == {"accepted": 100}
