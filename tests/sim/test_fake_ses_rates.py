"""How fast the stand-in for SES lets letters through, and what it has measured."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lifecycle.sim.fake_ses_limits import Limits
from lifecycle.sim.fake_ses_rates import FastestSecond
from tests.sim.fake_ses_clients import Start, SteppedClock, entry, refused

THROTTLED = (429, "TooManyRequestsException", "Maximum sending rate exceeded.")
QUOTA = (400, "ThrottlingException", "Daily message quota exceeded.")


def test_a_bucket_is_emptied_and_refills_at_the_rate(start: Start) -> None:
    clock = SteppedClock()
    stand_in = start(clock, limits=Limits(per_second=4))
    for _ in range(4):
        stand_in.send()
    assert refused(stand_in.send) == THROTTLED
    clock.instant += timedelta(seconds=0.25)
    stand_in.send()
    assert refused(stand_in.send) == THROTTLED
    assert stand_in.fake.control()["throttled"] == 2


def test_a_bulk_call_goes_through_whole_and_its_debt_is_repaid_before_the_next(
    start: Start,
) -> None:
    clock = SteppedClock()
    stand_in = start(clock, limits=Limits(per_second=2))
    results = stand_in.send_bulk(*[entry(f"a{one}@x.example") for one in range(8)])
    assert {one["Status"] for one in results} == {"SUCCESS"}
    clock.instant += timedelta(seconds=3)
    assert refused(stand_in.send) == THROTTLED
    clock.instant += timedelta(seconds=0.5)
    stand_in.send()


def test_bulk_calls_may_have_a_limit_of_their_own(start: Start) -> None:
    clock = SteppedClock()
    stand_in = start(clock, limits=Limits(bulk_calls_per_second=1))
    stand_in.send_bulk(entry("a@x.example"))
    stand_in.send()
    with pytest.raises(Exception, match="rate exceeded"):
        stand_in.send_bulk(entry("a@x.example"))
    clock.instant += timedelta(seconds=1)
    stand_in.send_bulk(entry("a@x.example"))


def test_the_day_counts_recipients_and_entries_beyond_it_are_refused_by_themselves(
    start: Start,
) -> None:
    clock = SteppedClock()
    stand_in = start(clock, limits=Limits(per_day=3))
    stand_in.send("success@simulator.amazonses.com")
    stand_in.send(Destination={"ToAddresses": ["a@x.example", "b@x.example"]})
    results = stand_in.send_bulk(entry("c@x.example"), entry("d@x.example"))
    statuses = ["SUCCESS", "ACCOUNT_DAILY_QUOTA_EXCEEDED"]
    assert [one["Status"] for one in results] == statuses
    assert refused(stand_in.send) == QUOTA
    assert stand_in.ses.get_account()["SendQuota"]["SentLast24Hours"] == 3.0
    clock.instant += timedelta(days=1, seconds=1)
    stand_in.send()


def test_a_stand_in_started_again_remembers_the_day(start: Start) -> None:
    clock = SteppedClock()
    stand_in = start(clock, limits=Limits(per_day=2))
    stand_in.send()
    stand_in.send()
    stand_in.fake.stop()
    clock.instant += timedelta(hours=23)
    again = start(clock, limits=Limits(per_day=2))
    assert refused(again.send) == QUOTA
    assert again.fake.control()["duplicates_by_attempt"] == 1


def test_the_fastest_second_is_found_wherever_it_begins() -> None:
    seconds = FastestSecond()
    for at in (0.0, 0.5, 0.9, 1.4, 1.7, 1.8, 2.6):
        seconds.add(1, at)
    assert seconds.most == 4
    seconds.add(9, 10.0)
    assert seconds.most == 9


def test_what_was_refused_has_begun_and_was_not_accepted(start: Start) -> None:
    clock = SteppedClock()
    stand_in = start(clock, limits=Limits(per_second=2))
    stand_in.send()
    stand_in.send()
    refused(stand_in.send)
    told = stand_in.fake.control()
    assert (told["most_begun_in_a_second"], told["most_accepted_in_a_second"]) == (3, 2)
    assert stand_in.fake.control({"measure": True})["most_begun_in_a_second"] == 0
