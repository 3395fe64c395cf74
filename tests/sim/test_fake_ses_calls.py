"""The stand-in for SES as boto3 sees it: each call answers as Amazon's own does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from lifecycle.sim.fake_ses_limits import Limits
from tests.sim.fake_ses_clients import Start, SteppedClock, bulk, entry, header, refused, tags

RAW = (
    b"From: =?utf-8?q?Sh=C3=B6p?= <news@shop.example>\r\nTo: Ann <ann@customer.example>\r\n"
    b"Cc: bo@customer.example\r\nSubject: =?utf-8?q?H=C3=A9?=\r\n"
    b"X-SES-CONFIGURATION-SET: other\r\nX-SES-MESSAGE-TAGS: attempt_id=a9, message_id=m9\r\n"
    b"X-Lifecycle-Attempt: a8\r\n\r\nbody\r\n"
)


def test_each_entry_of_a_bulk_call_is_answered_in_its_place_and_logged_by_itself(
    start: Start,
) -> None:
    stand_in = start()
    results = stand_in.send_bulk(
        entry("a@x.example", {"name": "A"}, ReplacementTags=tags(attempt_id="1", message_id="m1")),
        entry("\u00e4@x.example", {"name": "B"}),
        entry("c@x.example", {"name": "C"}, ReplacementTags=tags(attempt_id="3", message_id="m3")),
    )
    statuses = ["SUCCESS", "INVALID_PARAMETER", "SUCCESS"]
    assert [one["Status"] for one in results] == statuses
    truth = stand_in.fake.accepted()
    assert [one.ses_message_id for one in truth] == [
        results[0]["MessageId"],
        results[2]["MessageId"],
    ]
    assert [(one.attempt_id, one.message_id, one.to, one.by) for one in truth] == [
        ("1", "m1", "a@x.example", "bulk"),
        ("3", "m3", "c@x.example", "bulk"),
    ]
    assert stand_in.fake.control()["syncs"] == 1


def test_a_bulk_letter_is_its_template_with_its_own_values_headers_and_tags(start: Start) -> None:
    stand_in = start()
    data = {"name": '<b>{{name}}</b> & \u00e9\n"quoted"', "number": 7}
    template = {
        "TemplateContent": {
            "Subject": "Hi {{ name }}",
            "Text": "{{name}}|{{{name}}}|{{number}}",
            "Html": "<p>{{name}}</p>",
        },
        "TemplateData": '{"name": "you", "number": 1}',
        "Headers": [header("X-One", "default"), header("X-Two", "default")],
    }
    stand_in.send_bulk(
        entry(
            "a@x.example",
            data,
            ReplacementHeaders=[header("x-one", "own")],
            ReplacementTags=tags(step="b", variant="v"),
        ),
        entry("b@x.example"),
        template=template,
        DefaultEmailTags=tags(campaign="c", step="a"),
    )
    second, first = (one.letter for one in stand_in.fake.letters())
    assert first.subject == f"Hi {data['name']}"
    assert first.bodies == (f"{data['name']}|{data['name']}|7", f"<p>{data['name']}</p>")
    assert first.headers == (("X-Two", "default"), ("x-one", "own"))
    assert first.tags == {"campaign": "c", "step": "b", "variant": "v"}
    assert second.bodies[0] == "you|you|1"
    assert second.headers == (("X-One", "default"), ("X-Two", "default"))


@pytest.mark.parametrize("html", ["{{other}}", "{{#if name}}x{{/if}}", "a {{ name"])
def test_what_a_template_cannot_fill_in_is_accepted_and_never_delivered(
    start: Start, html: str
) -> None:
    stand_in = start(events="queue")
    content = {"Subject": "Hi", "Html": html}
    (result,) = stand_in.send_bulk(
        entry("a@x.example", {"name": "A"}, ReplacementTags=tags(attempt_id="1")),
        template={"TemplateContent": content},
    )
    assert result["Status"] == "SUCCESS"
    (body,) = stand_in.bodies(2, seconds=1)
    assert body["eventType"] == "Rendering Failure"
    assert "not present in the rendering data" in body["failure"]["errorMessage"]
    assert body["mail"]["tags"]["attempt_id"] == ["1"]


def test_a_raw_message_tells_its_recipients_tags_and_set_by_its_headers(start: Start) -> None:
    stand_in = start()
    stand_in.ses.send_email(Content={"Raw": {"Data": RAW}})
    (truth,) = stand_in.fake.accepted()
    assert (truth.attempt_id, truth.message_id, truth.by) == ("a9", "m9", "raw")
    assert (truth.to, truth.recipients) == ("ann@customer.example,bo@customer.example", 2)
    letter = stand_in.fake.letters()[0].letter
    assert letter.configuration_set == "other"
    assert letter.subject == "H\u00e9"
    assert not [name for name, _ in letter.headers if name.lower().startswith("x-ses-")]


def test_what_the_call_says_goes_before_what_a_raw_message_says(start: Start) -> None:
    stand_in = start()
    stand_in.ses.send_email(
        Content={"Raw": {"Data": RAW}},
        Destination={"ToAddresses": ["cy@customer.example"]},
        EmailTags=tags(attempt_id="a1"),
        ConfigurationSetName="lifecycle",
    )
    letter = stand_in.fake.letters()[0].letter
    assert letter.recipients == ("cy@customer.example",)
    assert letter.tags == {"attempt_id": "a1"}
    assert letter.configuration_set == "lifecycle"


def test_without_tags_the_header_tells_the_attempt(start: Start) -> None:
    stand_in = start()
    headers = {"Headers": [header("X-Lifecycle-Attempt", "a7")]}
    stand_in.send(EmailTags=[], simple=headers)
    assert stand_in.fake.accepted()[0].attempt_id == "a7"


def test_the_account_tells_all_that_ses_tells(start: Start) -> None:
    stand_in = start(limits=Limits(per_second=14.0, per_day=200.0))
    stand_in.send()
    told = stand_in.ses.get_account()
    assert told["SendQuota"] == {
        "Max24HourSend": 200.0, "MaxSendRate": 14.0, "SentLast24Hours": 1.0,
    }  # fmt: skip
    assert told["EnforcementStatus"] == "HEALTHY"
    assert told["ProductionAccessEnabled"] and told["SendingEnabled"]
    assert told["SuppressionAttributes"]["SuppressedReasons"] == ["BOUNCE", "COMPLAINT"]
    assert {"Details", "VdmAttributes", "DedicatedIpAutoWarmupEnabled"} <= set(told)
    stand_in.ses.put_account_sending_attributes(SendingEnabled=False)
    assert not stand_in.ses.get_account()["SendingEnabled"]
    assert refused(stand_in.send)[1] == "SendingPausedException"


def test_the_suppression_list_is_put_got_listed_by_pages_and_taken_off(start: Start) -> None:
    clock = SteppedClock()
    ses = start(clock).ses
    for number in range(5):
        reason = "BOUNCE" if number % 2 else "COMPLAINT"
        ses.put_suppressed_destination(EmailAddress=f"Ann{number}@x.example", Reason=reason)
        clock.instant += timedelta(hours=1)
    found = ses.get_suppressed_destination(EmailAddress="ann1@x.example")["SuppressedDestination"]
    assert found["Reason"] == "BOUNCE"
    assert found["LastUpdateTime"] == datetime(2026, 1, 1, 1, tzinfo=UTC)
    first = ses.list_suppressed_destinations(PageSize=3)
    rest = ses.list_suppressed_destinations(PageSize=3, NextToken=first["NextToken"])
    pages = [first, rest]
    addresses = [
        one["EmailAddress"] for page in pages for one in page["SuppressedDestinationSummaries"]
    ]
    assert addresses == [f"Ann{number}@x.example" for number in range(5)]
    assert "NextToken" not in rest
    bounced = ses.list_suppressed_destinations(Reasons=["BOUNCE"])
    assert len(bounced["SuppressedDestinationSummaries"]) == 2
    begin, end = datetime(2026, 1, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 3, tzinfo=UTC)
    between = ses.list_suppressed_destinations(StartDate=begin, EndDate=end)
    assert len(between["SuppressedDestinationSummaries"]) == 2
    ses.delete_suppressed_destination(EmailAddress="ANN1@x.example")
    gone = {"EmailAddress": "ann1@x.example"}
    assert refused(ses.get_suppressed_destination, **gone)[1] == "NotFoundException"
    assert refused(ses.delete_suppressed_destination, **gone)[1] == "NotFoundException"
    assert refused(ses.list_suppressed_destinations, NextToken="%%")[1] == (
        "InvalidNextTokenException"
    )


def test_identities_are_verified_and_can_be_lost_and_come_back(start: Start) -> None:
    stand_in = start(limits=Limits(sender_domains=frozenset({"shop.example", "me@else.example"})))
    identity = stand_in.ses.get_email_identity(EmailIdentity="shop.example")
    assert identity["VerifiedForSendingStatus"]
    assert identity["DkimAttributes"]["Status"] == "SUCCESS"
    stand_in.send(FromEmailAddress="news@mail.shop.example")
    stand_in.send(FromEmailAddress="me@else.example")
    with pytest.raises(ClientError, match="not verified"):
        stand_in.send(FromEmailAddress="you@else.example")
    stand_in.fake.control({"remove_identity": "shop.example"})
    lost = {"EmailIdentity": "shop.example"}
    assert refused(stand_in.ses.get_email_identity, **lost)[1] == "NotFoundException"
    assert refused(stand_in.send)[:2] == (400, "MessageRejected")
    stand_in.fake.control({"restore_identity": "shop.example"})
    stand_in.send()


def test_the_sandbox_writes_to_verified_addresses_and_the_simulator_alone(start: Start) -> None:
    limits = Limits(sandbox=True, sender_domains=frozenset({"shop.example", "me@else.example"}))
    stand_in = start(limits=limits)
    stand_in.send("me@else.example")
    stand_in.send("success+1@simulator.amazonses.com")
    assert refused(stand_in.send)[:2] == (400, "MessageRejected")
    results = stand_in.send_bulk(entry("me@else.example"), entry("ann@customer.example"))
    assert [one["Status"] for one in results] == ["SUCCESS", "MESSAGE_REJECTED"]
    assert not stand_in.ses.get_account()["ProductionAccessEnabled"]
    listed = {"EmailAddress": "a@x.example", "Reason": "BOUNCE"}
    assert refused(stand_in.ses.put_suppressed_destination, **listed)[0] == 400


def test_a_configuration_set_must_be_there(start: Start) -> None:
    stand_in = start(limits=Limits(configuration_sets=frozenset({"other"})))
    assert refused(stand_in.send)[:2] == (404, "NotFoundException")
    request = bulk(entry("a@x.example"))
    assert refused(stand_in.ses.send_bulk_email, **request)[:2] == (404, "NotFoundException")
