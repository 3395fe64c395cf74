"""What comes of accepted letters: events that our own reader of feedback understands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from lifecycle.send.feedback import BounceKind, Feedback, FeedbackKind, feedback_of
from tests.sim.fake_ses_clients import Start, Started, header, tags

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LINKS = '<a href="https://shop.example/a?x=1&amp;y=2">a</a> <a href="https://shop.example/b">b</a>'


def heard(stand_in: Started, number: int) -> list[Feedback]:
    """The events that have come, oldest first, as we read them."""
    found = [feedback_of(one, NOW) for one in stand_in.bodies(number, seconds=2)]
    return sorted(found, key=lambda one: (one.at, one.kind != FeedbackKind.SENT))


KINDS: dict[str, list[FeedbackKind]] = {
    "success": [FeedbackKind.SENT, FeedbackKind.DELIVERED],
    "ooto+away": [FeedbackKind.SENT, FeedbackKind.DELIVERED],
    "bounce+label": [FeedbackKind.SENT, FeedbackKind.BOUNCED],
    "softbounce": [FeedbackKind.SENT, FeedbackKind.BOUNCED],
    "suppressionlist": [FeedbackKind.SENT, FeedbackKind.BOUNCED],
    "complaint": [FeedbackKind.SENT, FeedbackKind.DELIVERED, FeedbackKind.COMPLAINED],
    "reject": [FeedbackKind.SENT, FeedbackKind.REJECTED],
    "delay": [FeedbackKind.SENT, FeedbackKind.DELIVERED, FeedbackKind.DELAYED],
    "open": [FeedbackKind.SENT, FeedbackKind.DELIVERED, FeedbackKind.OPENED],
    "click": [
        *(FeedbackKind.SENT, FeedbackKind.DELIVERED),
        *(FeedbackKind.OPENED, FeedbackKind.CLICKED),
    ],
    "machine": [
        *(FeedbackKind.SENT, FeedbackKind.DELIVERED, FeedbackKind.OPENED),
        *(FeedbackKind.CLICKED, FeedbackKind.CLICKED),
    ],
}


@pytest.mark.parametrize("address", KINDS)
def test_an_address_of_the_simulator_does_as_it_is_called(start: Start, address: str) -> None:
    stand_in = start(events="queue")
    stand_in.fake.control({"reading_seconds": 1.0})
    to = f"{address}@simulator.amazonses.com"
    body = {"Body": {"Html": {"Data": LINKS}}}
    identity = stand_in.send(to, simple=body, EmailTags=tags(attempt_id="a1", message_id="m1"))
    found = heard(stand_in, len(KINDS[address]))
    assert Counter(one.kind for one in found) == Counter(KINDS[address])
    for one in found:
        assert (one.attempt_id, one.message_id) == ("a1", "m1")
        assert (one.ses_message_id, one.recipients) == (identity, (to,))
        assert one.proves_acceptance
    assert not stand_in.fake.control()["suppressed"]


def test_any_address_may_say_by_its_label_what_comes_of_letters_to_it(start: Start) -> None:
    stand_in = start(events="queue")
    stand_in.send("ann+bounce@customer.example")
    stand_in.send("ann+complaint@customer.example")
    stand_in.send("ann+news@customer.example")
    found = heard(stand_in, 7)
    bounced = [one for one in found if one.kind is FeedbackKind.BOUNCED]
    assert [one.recipients for one in bounced] == [("ann+bounce@customer.example",)]
    assert Counter(one.kind for one in found)[FeedbackKind.COMPLAINED] == 1
    assert stand_in.fake.control()["suppressed"] == 2


def test_bounces_tell_for_good_from_for_now_and_clicks_tell_the_link(start: Start) -> None:
    stand_in = start(events="queue")
    stand_in.fake.control({"reading_seconds": 1.0})
    for one in ("bounce", "softbounce", "suppressionlist", "click"):
        body = {"Body": {"Html": {"Data": LINKS}}}
        stand_in.send(f"{one}@simulator.amazonses.com", simple=body)
    told = {one.recipients[0].partition("@")[0]: one for one in heard(stand_in, 10)}
    assert told["bounce"].bounce is BounceKind.HARD
    assert told["softbounce"].bounce is BounceKind.SOFT
    assert told["suppressionlist"].already_suppressed
    assert told["click"].url in ("https://shop.example/a?x=1&y=2", "https://shop.example/b")
    assert told["click"].user_agent.startswith("Mozilla/5.0 (")


def test_without_a_configuration_set_ses_tells_nothing(start: Start) -> None:
    stand_in = start(events="queue")
    request = {"ConfigurationSetName": "lifecycle"}
    stand_in.send(**request)
    stand_in.ses.send_email(
        FromEmailAddress="news@shop.example",
        Destination={"ToAddresses": ["bo@customer.example"]},
        Content={"Simple": {"Subject": {"Data": "a"}, "Body": {"Text": {"Data": "a"}}}},
    )
    assert {one.recipients for one in heard(stand_in, 3)} == {("ann@customer.example",)}
    assert stand_in.fake.control()["without_configuration_set"] == 1


def test_who_bounced_is_on_the_list_and_is_accepted_counted_and_bounced_again(
    start: Start,
) -> None:
    stand_in = start(events="queue")
    stand_in.fake.control({"bounce": 1.0})
    stand_in.send("Dead@x.example")
    assert stand_in.ses.get_suppressed_destination(EmailAddress="dead@x.example")
    stand_in.fake.control({"bounce": 0.0})
    stand_in.send("dead@x.example")
    assert len(stand_in.fake.accepted()) == 2
    assert stand_in.ses.get_account()["SendQuota"]["SentLast24Hours"] == 2.0
    bounces = [one for one in heard(stand_in, 4) if one.kind is FeedbackKind.BOUNCED]
    assert [one.already_suppressed for one in bounces] == [False, True]
    stand_in.ses.put_account_suppression_attributes(SuppressedReasons=["COMPLAINT"])
    stand_in.fake.control({"bounce": 1.0})
    stand_in.send("other@x.example")
    assert len(stand_in.ses.list_suppressed_destinations()["SuppressedDestinationSummaries"]) == 1


def test_who_complained_is_on_the_list(start: Start) -> None:
    stand_in = start(events="queue")
    stand_in.fake.control({"complaint": 1.0})
    stand_in.send("cross@x.example")
    listed = stand_in.ses.get_suppressed_destination(EmailAddress="cross@x.example")
    assert listed["SuppressedDestination"]["Reason"] == "COMPLAINT"


def test_shares_are_drawn_by_seed(start: Start) -> None:
    def history(seed: int) -> dict[str, int]:
        stand_in = start(events="queue", seed=seed)
        stand_in.fake.control({"bounce": 0.1, "open": 0.5, "machine": 0.2, "event_loss": 0.3})
        for number in range(200):
            stand_in.send(f"a{number}@x.example")
        told = stand_in.fake.control()
        stand_in.fake.stop()
        return {**told["events"], "lost": told["events_lost"]}

    first = history(1)
    assert 8 <= first["Bounce"] <= 34
    assert 70 <= first["Open"] <= 170
    assert 90 <= first["lost"] <= 240
    # Who is drawn depends on the message ids, too, which go on from the log that is there.
    assert first != history(2)


def test_lost_events_never_come_and_copies_come_as_often_as_said(start: Start) -> None:
    stand_in = start(events="queue")
    stand_in.fake.control({"event_loss": 1.0})
    stand_in.send("lost@x.example")
    stand_in.fake.control({"event_loss": 0.0, "event_copies": 5})
    stand_in.send("twice@x.example")
    found = heard(stand_in, 11)
    assert {one.recipients for one in found} == {("twice@x.example",)}
    assert Counter(one.kind for one in found) == {FeedbackKind.SENT: 5, FeedbackKind.DELIVERED: 5}
    assert len({one.dedupe_key for one in found}) == 2
    told = stand_in.fake.control()
    assert (told["events_published"], told["events_lost"], told["events_copied"]) == (2, 2, 8)


def test_delayed_events_wait(start: Start) -> None:
    stand_in = start(events="queue")
    stand_in.fake.control({"event_delay": [0.5, 1.0]})
    stand_in.send()
    assert stand_in.fake.control()["events_to_come"] == 2
    assert stand_in.bodies(1, seconds=0) == []
    assert len(heard(stand_in, 2)) == 2


def test_shuffled_events_come_out_of_order(start: Start) -> None:
    stand_in = start(events="queue")
    stand_in.fake.control({"shuffle": True})
    for number in range(30):
        stand_in.send(f"a{number}@x.example")
    came = [one["mail"]["messageId"] for one in stand_in.bodies(60, seconds=3)]
    assert len(came) == 60
    assert any(later < earlier for earlier, later in pairwise(came))


def test_headers_beyond_10_kb_are_cut_and_the_event_says_so(start: Start) -> None:
    stand_in = start(events="queue")
    long = {"Headers": [header(f"X-{number}", "v" * 900) for number in range(14)]}
    stand_in.send(simple=long)
    body = stand_in.bodies(1)[0]
    assert body["mail"]["headersTruncated"]
    assert sum(len(one["value"]) for one in body["mail"]["headers"]) < 10 * 1024


@pytest.mark.parametrize(
    "said",
    [
        {"event_loss": 2},
        {"event_copies": 0},
        {"event_delay": [2, 1]},
        {"bounce": -0.1},
        {"faults": "nonsense=0.1"},
        {"faults": "throttled"},
        {"faults": "throttled=0.7,suspended=0.7"},
        {"credentials": "lost"},
        {"paused": "yes"},
        {"rate": "fast"},
        {"nothing": 1},
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing(
    start: Start, said: dict[str, object]
) -> None:
    stand_in = start()
    change: Callable[..., object] = stand_in.fake.control
    with pytest.raises((ValueError, TypeError)):
        change({"down": True, **said})
    assert not stand_in.fake.control()["down"]
