"""Every limit of SES, row by row: one step below it is accepted, one beyond it refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sim.fake_ses_clients import Start, Started, bulk, entry, header, refused, single, tags

MEGABYTE = 1024 * 1024


def headers(number: int) -> dict[str, Any]:
    return {"Headers": [header(f"X-{place}", "a") for place in range(number)]}


def attached(name: str) -> dict[str, Any]:
    return {"Attachments": [{"FileName": name, "RawContent": b"%PDF-"}]}


def to(number: int) -> dict[str, Any]:
    return {"Destination": {"BccAddresses": [f"a{one}@x.example" for one in range(number)]}}


WITHIN = {
    "50 recipients": to(50),
    "a recipient with a name": {"Destination": {"ToAddresses": ["Ann <ann@x.example>"]}},
    "a punycode domain": {"Destination": {"ToAddresses": ["ann@xn--4ca.example"]}},
    "15 headers": {"simple": headers(15)},
    "a header of 996": {"simple": {"Headers": [header("N" * 100, "v" * 896)]}},
    "a tag of 256": {"EmailTags": tags(**{"n" * 256: "v" * 256})},
    "an attachment": {"simple": attached("invoice.pdf")},
    "a set's name of 64": {"ConfigurationSetName": "s" * 64},
    "text alone": {"simple": {"Body": {"Text": {"Data": "Hello"}}}},
    "template data of 262,144": {
        "Content": {
            "Template": {
                "TemplateContent": {"Subject": "a", "Text": "{{x}}"},
                "TemplateData": '{"x": "' + "y" * (262_144 - 9) + '"}',
            }
        }
    },
}

BEYOND = {
    "no recipient": {"Destination": {}},
    "51 recipients": to(51),
    "a recipient beyond ASCII": {"Destination": {"ToAddresses": ["\u00e4@x.example"]}},
    "a second recipient in one": {"Destination": {"ToAddresses": ["a@x.example,b@x.example"]}},
    "a recipient that is none": {"Destination": {"ToAddresses": ["nobody"]}},
    "a sender that is none": {"FromEmailAddress": "Shop"},
    "a line break in the sender": {"FromEmailAddress": "Shop\r\nBcc: x <a@shop.example>"},
    "a reply address that is none": {"ReplyToAddresses": ["nobody"]},
    "16 headers": {"simple": headers(16)},
    "a header of 997": {"simple": {"Headers": [header("N" * 100, "v" * 897)]}},
    "a header's name of 127": {"simple": {"Headers": [header("N" * 127, "v")]}},
    "a header's value of 996": {"simple": {"Headers": [header("N", "v" * 996)]}},
    "a line break in a header": {"simple": {"Headers": [header("X", "a\r\nBcc: b@x.example")]}},
    "a colon in a header's name": {"simple": {"Headers": [header("X:", "a")]}},
    "a header beyond ASCII": {"simple": {"Headers": [header("X", "\u00e4")]}},
    "a header twice": {"simple": {"Headers": [header("X-A", "a"), header("x-a", "b")]}},
    "a tag with a dot": {"EmailTags": tags(a="b.c")},
    "a tag with an at sign": {"EmailTags": tags(a="b@c")},
    "an empty tag": {"EmailTags": tags(a="")},
    "a tag of 257": {"EmailTags": tags(a="v" * 257)},
    "a set's name of 65": {"ConfigurationSetName": "s" * 65},
    "a line break in the subject": {"simple": {"Subject": {"Data": "a\r\nBcc: b@x.example"}}},
    "no body": {"simple": {"Body": {}}},
    "two contents": {"Content": {**single()["Content"], "Raw": {"Data": b"a: b\n\nc"}}},
    "no content": {"Content": {}},
    "a letter of 40 MB": {"simple": {"Body": {"Text": {"Data": "a" * 31 * MEGABYTE}}}},
    "a file's name of 256": {"simple": attached("n" * 252 + ".pdf")},
    "raw data without a body": {"Content": {"Raw": {"Data": b"From: a@shop.example"}}},
    "a raw line of 1,001": {
        "Content": {"Raw": {"Data": b"From: a@shop.example\r\n\r\n" + b"a" * 1001}}
    },
    "a raw header twice": {
        "Content": {"Raw": {"Data": b"From: a@x.example\r\nSubject: a\r\nSubject: b\r\n\r\nc"}}
    },
    "template data of 262,145": {
        "Content": {
            "Template": {
                "TemplateContent": {"Subject": "a", "Text": "{{x}}"},
                "TemplateData": '{"x": "' + "y" * (262_145 - 9) + '"}',
            }
        }
    },
    "template data that is no object": {
        "Content": {
            "Template": {
                "TemplateContent": {"Subject": "a", "Text": "b"},
                "TemplateData": "[1]",
            }
        }
    },
}

BULK_BEYOND = {
    "no entries": bulk(),
    "51 entries": bulk(*[entry(f"a{one}@x.example") for one in range(51)]),
    "51 recipients in two entries": bulk(
        {"Destination": {"ToAddresses": [f"a{one}@x.example" for one in range(50)]}},
        entry("b@x.example"),
    ),
    "16 headers": bulk(entry("a@x.example", ReplacementHeaders=headers(16)["Headers"])),
    "a line break in a header": bulk(
        entry("a@x.example", ReplacementHeaders=[header("X", "a\r\nb")])
    ),
    "a tag with a dot": bulk(entry("a@x.example", ReplacementTags=tags(a="b.c"))),
    "data of 262,145": bulk(entry("a@x.example", {"x": "y" * (262_145 - 9)})),
    "1 MB in all": bulk(*[entry(f"a{one}@x.example", {"x": "y" * 200_000}) for one in range(6)]),
    "no subject": bulk(entry("a@x.example"), template={"TemplateContent": {"Text": "a"}}),
    "no body": bulk(entry("a@x.example"), template={"TemplateContent": {"Subject": "a"}}),
    "two templates": bulk(entry("a@x.example"), template={"TemplateName": "stored"}),
    "no template": {**bulk(entry("a@x.example")), "DefaultContent": {}},
}


@pytest.fixture
def stand_in(start: Start) -> Started:
    return start()


@pytest.mark.parametrize("limit", WITHIN)
def test_what_ses_takes_is_accepted(stand_in: Started, limit: str) -> None:
    stand_in.send(**WITHIN[limit])
    assert len(stand_in.fake.accepted()) == 1


@pytest.mark.parametrize("limit", BEYOND)
def test_what_ses_refuses_of_one_letter_is_refused(stand_in: Started, limit: str) -> None:
    request = single(**BEYOND[limit])
    assert refused(stand_in.ses.send_email, **request)[:2] == (400, "BadRequestException")
    assert stand_in.fake.accepted() == []


@pytest.mark.parametrize("limit", BULK_BEYOND)
def test_what_ses_refuses_of_a_bulk_call_is_refused_whole(stand_in: Started, limit: str) -> None:
    request = BULK_BEYOND[limit]
    assert refused(stand_in.ses.send_bulk_email, **request)[:2] == (400, "BadRequestException")
    assert stand_in.fake.accepted() == []


def test_50_entries_of_together_just_below_1_mb_are_accepted(stand_in: Started) -> None:
    entries = [entry(f"a{one}@x.example", {"name": "y" * 20_000}) for one in range(50)]
    assert {one["Status"] for one in stand_in.send_bulk(*entries)} == {"SUCCESS"}


def test_a_stored_template_is_not_there(stand_in: Started) -> None:
    request = bulk(entry("a@x.example"))
    request["DefaultContent"] = {"Template": {"TemplateName": "stored"}}
    assert refused(stand_in.ses.send_bulk_email, **request)[:2] == (404, "NotFoundException")


def test_a_program_as_attachment_is_rejected(stand_in: Started) -> None:
    request = single(simple=attached("game.exe"))
    assert refused(stand_in.ses.send_email, **request)[:2] == (400, "MessageRejected")
