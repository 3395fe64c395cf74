"""Whatever stops the transport stops letters for as long as it lasts: none is lost or burnt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lifecycle.core.stoppage import FIRST_REST, HELD_FOR, LONGEST_REST, MANNERS, Stop
from lifecycle.engine.engine import Engine
from lifecycle.insight.transport import sentences, standing
from tests.engine.paced_shop import CALM, DUTY, OTHER, Open, PacedShop
from tests.store.prepared import with_tables

PEOPLE = 30


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


def not_burnt(shop: PacedShop) -> None:
    """No message is dropped, in doubt or put aside, and none counts a try."""
    rows = shop.rows("message")
    assert {row.state for row in rows} <= {"planned", "requeued", "accepted"}
    assert {(row.attempts, row.quarantined_at) for row in rows} == {(0, None)}


STOPS = [
    ({"paused": True}, {"paused": False}, Stop.SENDING_PAUSED),
    ({"suspended": True}, {"suspended": False}, Stop.ACCOUNT_SUSPENDED),
    ({"credentials": "expired"}, {"credentials": "good"}, Stop.CREDENTIALS),
    ({"credentials": "skewed"}, {"credentials": "good"}, Stop.CLOCK_SKEW),
    (
        {"remove_identity": "mail.shop.example"},
        {"restore_identity": "mail.shop.example"},
        Stop.IDENTITY_LOST,
    ),
    ({"faults": "day_quota=1"}, {"faults": ""}, Stop.DAY_QUOTA),
]


@pytest.mark.parametrize(("breaks", "mends", "kind"), STOPS, ids=[str(one[2]) for one in STOPS])
def test_each_stoppage_holds_letters_burns_none_and_is_over_by_itself(
    opened: Open, breaks: dict[str, Any], mends: dict[str, Any], kind: Stop
) -> None:
    shop = opened()
    first, *others = shop.people(PEOPLE)
    shop.happens("go", first)
    shop.go_on()
    assert shop.accepted() == 1
    shop.ses.control(breaks)
    shop.happens("go", *others)
    shop.go_on(minutes=1)
    assert set(shop.kinds().values()) == {kind}
    assert shop.held() == {MANNERS[kind].reason: PEOPLE - 1}
    assert shop.accepted() == 1
    not_burnt(shop)
    posts = shop.ses.posts
    for _ in range(60):
        shop.go_on(seconds=10)
    # Tried again at growing intervals, with a single letter at most each time.
    assert set(shop.kinds().values()) == {kind}
    assert shop.ses.posts - posts <= 10
    assert set(shop.told_held().values()) == {1}
    shop.ses.control(mends)
    shop.go_on(minutes=6)
    assert shop.kinds() == {}
    assert shop.accepted() == PEOPLE
    assert shop.states() == {"accepted": PEOPLE}
    not_burnt(shop)


def test_an_endpoint_that_cannot_be_reached_is_not_tried_for_each_letter(opened: Open) -> None:
    shop = opened()
    first, *others = shop.people(PEOPLE)
    shop.happens("go", first)
    shop.go_on()
    port = int(shop.endpoint.rpartition(":")[2])
    shop.ses.stop()
    shop.transport.close()
    shop.happens("go", *others)
    shop.go_on(minutes=1)
    assert shop.kinds() == {"account": Stop.UNREACHABLE}
    tried = [row for row in shop.rows("attempt") if "not begun" not in row.detail]
    assert len(tried) <= 1 + 4 + 4
    shop.go_on(minutes=1)
    not_burnt(shop)
    assert shop.held() == {"breaker": PEOPLE - 1}
    shop.ses.start(port)
    shop.go_on(minutes=6)
    assert (shop.kinds(), shop.accepted()) == ({}, PEOPLE)


def test_an_account_that_is_stopped_from_the_first_gets_no_letter_at_all(opened: Open) -> None:
    shop = opened()
    shop.ses.control({"paused": True})
    shop.happens("go", *shop.people(3))
    shop.go_on()
    assert (shop.ses.posts, shop.kinds()) == (0, {"account": Stop.SENDING_PAUSED})
    assert shop.rows("attempt") == []


def test_a_lost_identity_stops_its_own_sender_alone(opened: Open) -> None:
    shop = opened({"calm": CALM, "other": OTHER})
    shop.ses.control({"remove_identity": "mail.shop.example"})
    shop.happens("go", *shop.people(5))
    shop.go_on()
    shop.go_on(seconds=1)
    assert shop.kinds() == {"identity:mail.shop.example": Stop.IDENTITY_LOST}
    assert shop.states()["accepted"] == 5
    assert {row.campaign for row in shop.rows("message") if row.state == "accepted"} == {"other"}
    shop.ses.control({"restore_identity": "mail.shop.example"})
    shop.go_on(minutes=6)
    assert shop.states() == {"accepted": 10}


def test_a_configuration_set_that_is_gone_stops_all_and_a_single_letter_tries(
    opened: Open,
) -> None:
    shop = opened(configuration_sets=frozenset({"other"}))
    shop.transport._configuration_set = "gone"  # type: ignore[attr-defined]
    shop.happens("go", *shop.people(20))
    shop.go_on()
    assert shop.kinds() == {"account": Stop.CONFIGURATION_SET_LOST}
    posts = shop.ses.posts
    shop.go_on(seconds=5)
    assert shop.ses.posts == posts + 1
    shop.transport._configuration_set = "other"  # type: ignore[attr-defined]
    shop.go_on(minutes=6)
    assert shop.states() == {"accepted": 20}


@pytest.mark.parametrize(
    ("breaks", "anew"), [({"credentials": "expired"}, True), ({"paused": True}, False)]
)
def test_expired_credentials_are_read_anew_before_it_is_tried_again(
    opened: Open, monkeypatch: pytest.MonkeyPatch, breaks: dict[str, Any], anew: bool
) -> None:
    shop = opened()
    transport = shop.engine.parts.transport
    closed: list[bool] = []
    close = transport.close

    def closing() -> None:
        closed.append(True)
        close()

    monkeypatch.setattr(transport, "close", closing)
    shop.ses.control(breaks)
    shop.happens("go", *shop.people(1))
    shop.go_on()
    assert closed == []
    shop.go_on(minutes=1)
    assert bool(closed) is anew


def test_intervals_double_up_to_the_longest(opened: Open) -> None:
    shop = opened()
    shop.ses.control({"paused": True})
    shop.happens("go", *shop.people(1))
    shop.go_on()
    rests = []
    for _ in range(9):
        (one,) = shop.stopped().values()
        rests.append(one.until - shop.now)
        shop.go_on(seconds=rests[-1].total_seconds())
    doubled = [FIRST_REST * 2**n for n in range(6)]
    assert rests == [*doubled, *[LONGEST_REST] * 3]


def test_a_slower_pace_is_kept_and_recovers_in_steps(opened: Open) -> None:
    shop = opened()
    shop.happens("go", *shop.people(40))
    shop.ses.control({"script": ["throttled"] * 3})
    shop.go_on()
    (slowed,) = shop.stopped().values()
    assert (slowed.scope, slowed.kind, slowed.tries) == ("rate", Stop.SLOW_DOWN, 1)
    turnstile = shop.engine.parts.turnstile
    assert turnstile is not None
    assert turnstile.rate == pytest.approx(500.0 * 0.7)
    assert shop.held() == {}
    shop.go_on(seconds=20)
    assert shop.states() == {"accepted": 40}
    assert shop.kinds() == {}
    shop.happens("go", "c000")
    shop.go_on(seconds=1)
    assert turnstile.rate == 500.0
    assert shop.told_held() == {}


def test_another_process_knows_of_it_and_one_alone_tries(opened: Open) -> None:
    shop = opened()
    ids = shop.people(10)
    shop.ses.control({"paused": True})
    shop.happens("go", *ids[:5])
    shop.go_on()
    other = shop.new_engine()
    shop.happens("go", *ids[5:])
    other.tick(shop.now)
    assert shop.ses.posts == 0
    assert shop.held() == {"breaker": 10}
    (before,) = shop.stopped().values()
    shop.now += timedelta(seconds=5)
    for engine in (shop.engine, other):
        engine.tick(shop.now)
    (after,) = shop.stopped().values()
    assert after.tries == before.tries + 1
    shop.ses.control({"paused": False})
    shop.now += timedelta(minutes=6)
    engines: list[Engine] = [other, shop.engine]
    for engine in engines * 4:
        engine.tick(shop.now)
    assert shop.states() == {"accepted": 10}


def test_letters_that_grow_stale_meanwhile_are_dropped_as_such(opened: Open) -> None:
    shop = opened(
        {"calm": CALM.replace("[enter]", '[sending]\nstale_after = "30 minutes"\n[enter]')}
    )
    shop.ses.control({"paused": True})
    shop.happens("go", *shop.people(3))
    shop.go_on()
    assert timedelta(minutes=30) < HELD_FOR
    shop.go_on(minutes=30)
    assert shop.states() == {"dropped stale": 3}


def test_transactional_letters_wait_as_well_and_go_first(opened: Open) -> None:
    shop = opened({"calm": CALM, "duty": DUTY})
    ids = shop.people(6)
    shop.ses.control({"paused": True})
    shop.happens("go", *ids)
    shop.happens("ordered", *ids[3:])
    shop.go_on()
    assert shop.held() == {"breaker": 9}
    shop.ses.control({"paused": False})
    shop.go_on(seconds=5)
    assert shop.states() == {"accepted": 9}
    tags = [
        next(tag["Value"] for tag in one["EmailTags"] if tag["Name"] == "campaign")
        for one in shop.ses.requests()
    ]
    assert tags[0] == "duty"


def test_operators_are_told_what_stops_it_since_when_and_what_to_do(opened: Open) -> None:
    shop = opened()
    shop.ses.control({"credentials": "skewed"})
    shop.happens("go", *shop.people(1))
    shop.go_on()
    with shop.database.read() as connection:
        found = standing(connection, "ses")
    (told,) = sentences(found)
    assert "clock is wrong" in told
    assert "attempts burnt: 0" in told
    assert "NTP" in told
    assert found.figures()["transport_stopped_clock_skew"] == 1.0
