"""Live, on both databases: warming up, soft bounces, addresses to keep away from, wishes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.core.wishes import Often
from lifecycle.store import preferences
from tests.databases import Prepare
from tests.faults.running import Post, Running
from tests.simulation.shop import event, flow, instant, person, play, segment, settings, shop, step
from tests.store.prepared import with_tables

START = "2026-05-04T09:00:00"
NEWS = flow('when = "news"\nagain = "always"')
RECEIPT = flow(
    'when = "ordered"\nagain = "always"', step("receipt", "transactional = true"), topic=""
)
WARM = "[warm_up]\nstart = 2026-05-04\nfirst_day = 2\ngrows_percent = 100\ndays = 3\n"


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


Open = Callable[..., Running]


@pytest.fixture
def opened(database_url: str) -> Iterator[Open]:
    shops: list[Running] = []

    def opening(said: str = "", segments: dict[str, str] | None = None) -> Running:
        catalog = shop({"news": NEWS, "receipt": RECEIPT}, segments, said or settings())
        one = Running(database_url, catalog, Post())
        shops.append(one)
        one.start(START)
        return one

    yield opening
    for one in shops:
        one.close()


def went(one: Running) -> list[str]:
    """To whom letters went, and when, in that order."""
    assert isinstance(one.transport, Post)
    return [f"{letter.at:%d %H:%M} {letter.to}" for letter in one.transport.accepted]


def everybody(*addresses: str) -> list[dict[str, Any]]:
    return [person(f"c{number}", email=one) for number, one in enumerate(addresses, 1)]


def news_for(one: Running, people: int, at: str = "2026-05-04T10:00:00") -> None:
    one.hear(*(event(at, "news", f"c{number}") for number in range(1, people + 1)))


def test_a_new_domain_grows_by_provider_and_day(opened: Open):
    one = opened(settings() + WARM)
    addresses = [f"{name}@gmail.com" for name in "abcdefgh"] + ["i@web.de"]
    one.say(*everybody(*addresses), at=START)
    news_for(one, 9)
    one.run("2026-05-07T12:00:00")
    assert sorted(went(one)) == [
        *("04 10:00 a@gmail.com", "04 10:00 b@gmail.com", "04 10:00 i@web.de"),
        *(f"05 00:00 {name}@gmail.com" for name in "cdef"),
        *(f"06 00:00 {name}@gmail.com" for name in "gh"),
    ]
    days = {(row.provider, row.day): row.letters for row in one.rows("warm_up_day")}
    assert days == {
        ("gmail", "2026-05-04"): 2,
        ("gmx", "2026-05-04"): 1,
        ("gmail", "2026-05-05"): 4,
        ("gmail", "2026-05-06"): 2,
    }
    held = [line for line in one.told("c8") if "warmup" in line]
    assert held[0] == "05-04 10:00 held hello warmup"


def test_what_answers_an_order_is_never_held_and_counts(opened: Open):
    one = opened(settings() + WARM)
    one.say(*everybody(*(f"{name}@gmail.com" for name in "abc")), at=START)
    one.hear(*(event("2026-05-04T10:00:00", "ordered", f"c{n}") for n in (1, 2, 3)))
    one.run("2026-05-04T11:00:00")
    news_for(one, 1, "2026-05-04T12:00:00")
    one.run("2026-05-04T13:00:00")
    assert len(went(one)) == 3
    one.run("2026-05-05T00:00:00")
    assert went(one)[3:] == ["05 00:00 a@gmail.com"]


def test_before_it_begins_nothing_goes_and_the_engaged_go_first(opened: Open):
    said = settings() + WARM.replace("days = 3", 'days = 3\nengaged = "keen"\nengaged_days = 2')
    one = opened(said, {"keen": segment('{ customer = "keen", is = true }')})
    people = everybody("a@gmail.com", "b@gmail.com")
    people[1]["attributes"] = {"keen": True}
    one.say(*people, at="2026-05-03T09:00:00")
    news_for(one, 2, "2026-05-03T10:00:00")
    one.run("2026-05-08T00:00:00")
    assert went(one) == ["04 00:00 b@gmail.com", "06 00:00 a@gmail.com"]


def test_when_the_plan_is_taken_out_what_waits_goes_at_once(opened: Open):
    one = opened(settings() + WARM)
    one.say(*everybody(*(f"{name}@gmail.com" for name in "abc")), at=START)
    news_for(one, 3)
    one.run("2026-05-04T11:00:00")
    assert len(went(one)) == 2
    one.start("2026-05-04T12:00:00", shop({"news": NEWS, "receipt": RECEIPT}, None, settings()))
    one.run("2026-05-04T12:00:00")
    assert went(one)[2:] == ["04 12:00 c@gmail.com"]


def test_two_workers_share_one_room(opened: Open):
    one = opened(settings() + WARM)
    one.say(*everybody(*(f"{name}@gmail.com" for name in "abcd")), at=START)
    news_for(one, 4)
    one.batch = 1
    workers = [one.new_engine() for _ in range(2)]
    for _ in range(3):
        for worker in workers:
            worker.tick(instant("2026-05-04T10:00:00"))
    assert len(went(one)) == 2


def test_another_sender_is_not_warmed_up(opened: Open):
    one = opened(settings() + WARM.replace("first_day", 'domain = "new.shop.example"\nfirst_day'))
    one.say(*everybody(*(f"{name}@gmail.com" for name in "abc")), at=START)
    news_for(one, 3)
    one.run("2026-05-04T11:00:00")
    assert len(went(one)) == 3
    assert one.rows("warm_up_day") == []


def test_a_replay_warms_nothing_up(tmp_path: Any):
    people = everybody(*(f"{name}@gmail.com" for name in "abc"))
    lines = [event("2026-05-04T10:00:00", "news", f"c{number}") for number in (1, 2, 3)]
    catalog = shop({"news": NEWS}, None, settings() + WARM)
    played = play(tmp_path, catalog, lines, "2026-05-04T11:00:00Z", people)
    assert len(played.sent()) == 3


def bounce(day: int, hour: int = 11, kind: str = "soft") -> dict[str, Any]:
    at = f"2026-05-{day:02}T{hour:02}:00:00"
    return event(at, "message_bounced", campaign="news", step="hello", kind=kind)


def delivery(day: int, hour: int = 12) -> dict[str, Any]:
    at = f"2026-05-{day:02}T{hour:02}:00:00"
    return event(at, "message_delivered", campaign="news", step="hello")


@pytest.mark.parametrize(
    ("happens", "suppressed"),
    [
        ([bounce(5), bounce(6), bounce(7)], True),
        ([bounce(5, 10), bounce(5, 11), bounce(5, 12)], False),
        ([bounce(5), bounce(6)], False),
        ([bounce(5), bounce(6), delivery(6), bounce(7)], False),
        ([bounce(5), bounce(6), delivery(6), bounce(7), bounce(8), bounce(9)], True),
        ([bounce(5), bounce(6), bounce(20)], False),
        ([bounce(5), bounce(6), bounce(18)], True),
        ([bounce(5, kind="hard")], True),
    ],
)
def test_soft_bounces_on_three_days_within_two_weeks(
    opened: Open, happens: list[dict[str, Any]], suppressed: bool
):
    one = opened()
    one.say(person(), at=START)
    news_for(one, 1)
    one.run("2026-05-04T10:30:00")
    for line in happens:
        one.hear(line)
        one.run(line["at"].removesuffix("Z"))
    assert bool(one.rows("suppression")) is suppressed


def test_the_order_in_which_bounces_and_deliveries_are_told_does_not_matter(opened: Open):
    one = opened()
    one.say(person(), at=START)
    news_for(one, 1)
    one.run("2026-05-04T10:30:00")
    late = {"received_at": "2026-05-07T15:00:00Z"}
    for line in ({**delivery(6, 12), **late}, {**bounce(6), **late}, {**bounce(5), **late}):
        one.hear(line)
        one.run("2026-05-07T15:00:00")
    one.hear(bounce(8))
    one.run("2026-05-08T15:00:00")
    assert one.rows("suppression") == []
    assert [row.day for row in one.rows("soft_bounce")] == ["2026-05-08"]


@pytest.mark.parametrize("order", [(5, 6, 7), (7, 6, 5), (6, 7, 5), (7, 5, 6)])
@pytest.mark.parametrize("together", [False, True])
def test_bounces_suppress_in_whatever_order_they_are_told(
    opened: Open, order: tuple[int, ...], together: bool
):
    one = opened()
    one.say(person(), at=START)
    news_for(one, 1)
    one.run("2026-05-04T10:30:00")
    told = [{**bounce(day), "received_at": "2026-05-08T15:00:00Z"} for day in order]
    for lines in [told] if together else [[line] for line in told]:
        one.hear(*lines)
        one.run("2026-05-08T15:00:00")
    assert [row.reason for row in one.rows("suppression")] == ["soft_bounced"]


def test_bounces_told_together_after_a_later_delivery_suppress_nobody(opened: Open):
    one = opened()
    one.say(person(), at=START)
    news_for(one, 1)
    one.run("2026-05-04T10:30:00")
    one.hear(delivery(8))
    one.run("2026-05-08T13:00:00")
    late = {"received_at": "2026-05-08T15:00:00Z"}
    one.hear(*({**bounce(day), **late} for day in (5, 6, 7)))
    one.run("2026-05-08T15:00:00")
    assert one.rows("suppression") == []
    assert one.rows("soft_bounce") == []


@pytest.mark.parametrize(("said", "left"), [({}, {"newsletter"}), ({"everything": True}, set())])
def test_an_unsubscription_takes_back_the_letters_topic_or_all_there_are(
    opened: Open, said: dict[str, Any], left: set[str]
):
    one = opened()
    one.say(person(agreed_to=["offers", "newsletter"]), at=START)
    news_for(one, 1)
    one.run("2026-05-04T10:30:00")
    about = {"campaign": "news", "step": "hello", **said}
    one.hear(event("2026-05-04T11:00:00", "message_unsubscribed", **about))
    one.run("2026-05-04T12:00:00")
    assert {row.topic for row in one.rows("consent") if row.agreed} == left


def test_a_bounce_that_ses_did_not_even_try_is_no_mark_against_us(opened: Open):
    one = opened()
    one.say(person(), at=START)
    news_for(one, 1)
    one.run("2026-05-04T10:30:00")
    line = bounce(4, kind="hard")
    line["properties"]["already_suppressed"] = True
    one.hear(line)
    one.run("2026-05-04T12:00:00")
    assert [row.reason for row in one.rows("suppression")] == ["bounced"]
    assert one.rows("letter_harm") == []
    assert [(row.bounced_at is None, row.bounced_hard_at) for row in one.rows("message")] == [
        (False, None)
    ]


@pytest.mark.parametrize(
    ("address", "said", "kept_away"),
    [
        ("postmaster@x.example", "", True),
        ("No-Reply+shop@x.example", "", True),
        ("info@x.example", "", False),
        ("info@x.example", 'no_marketing_to = ["technical", "shared"]', True),
        ("anna@mailinator.com", "", True),
        ("anna@mail.mailinator.com", "", True),
        ("anna@mailinator.com", "no_marketing_to = []", False),
        ("anna@gone.example", 'disposable_domains = ["gone.example"]', True),
        ("anna@x.example", "", False),
    ],
)
def test_marketing_keeps_away_from_some_addresses_and_receipts_do_not(
    opened: Open, address: str, said: str, kept_away: bool
):
    one = opened(settings(said))
    one.say(*everybody(address), at=START)
    one.hear(event("2026-05-04T10:00:00", "news"), event("2026-05-04T10:00:00", "ordered"))
    one.run("2026-05-04T11:00:00")
    told = [line for line in one.told(but=("entered", "left", "finished")) if "suppressed" in line]
    assert bool(told) is kept_away
    assert len(went(one)) == (1 if kept_away else 2)


def choose(one: Running, at: str, often: Often | None = None, pauses: bool | None = None) -> None:
    with one.database.write() as connection:
        preferences.choose(
            connection, "c1", at=instant(at), now=instant(at), often=often, pauses=pauses
        )


def test_a_pause_holds_marketing_for_thirty_days_and_can_be_ended(opened: Open):
    one = opened()
    one.say(person(), at=START)
    choose(one, "2026-05-04T09:30:00", pauses=True)
    one.hear(event("2026-05-04T10:00:00", "news"), event("2026-05-04T10:00:00", "ordered"))
    one.run("2026-05-05T00:00:00")
    assert [line[:8] for line in went(one)] == ["04 10:00"]
    choose(one, "2026-05-05T08:00:00", pauses=False)
    one.run("2026-05-05T09:00:00")
    assert [line[:8] for line in went(one)] == ["04 10:00", "05 08:00"]


def test_what_a_pause_holds_for_too_long_is_dropped(opened: Open):
    one = opened()
    one.say(person(), at=START)
    choose(one, "2026-05-04T09:30:00", pauses=True)
    news_for(one, 1)
    news_for(one, 1, "2026-06-01T10:00:00")
    one.run("2026-06-04T00:00:00")
    assert one.states() == {"dropped stale": 1, "accepted": 1}
    assert went(one) == ["03 09:30 c1@x.example"]


def test_at_most_one_letter_a_week_whatever_the_campaign_says(opened: Open):
    one = opened(settings('[[sending.cap]]\nclass = "triggered"\nat_most = 9\nper = "1 day"\n'))
    one.say(person(), at=START)
    choose(one, START, often="weekly")
    for day in (4, 5, 6):
        news_for(one, 1, f"2026-05-{day:02}T10:00:00")
    one.hear(event("2026-05-05T10:00:00", "ordered"))
    one.run("2026-05-12T00:00:00")
    assert [line[:8] for line in went(one)] == ["04 10:00", "05 10:00", "11 10:00"]


def test_a_wish_that_comes_late_does_not_undo_a_later_one(opened: Open):
    one = opened()
    one.say(person(), at=START)
    choose(one, "2026-05-04T12:00:00", often="monthly", pauses=True)
    choose(one, "2026-05-04T11:00:00", often="all")
    choose(one, "2026-05-04T11:30:00", pauses=False)
    (row,) = one.rows("preference")
    assert (row.at_most, row.per_days) == (1, 30)
    assert row.paused_until == instant("2026-05-04T12:00:00") + timedelta(days=30)
