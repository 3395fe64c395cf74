"""The request to SES: what it carries, and what is refused before it is ever made."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Callable
from email import policy
from email.header import decode_header, make_header
from email.parser import BytesParser
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.message import Attachment, Letter
from lifecycle.send.envelope import LetterRefused
from lifecycle.send.ses_rules import body_of, check_configuration_set, request_of, tag_text

MakeLetter = Callable[..., Letter]
FILE = Attachment("film.mp4", "video/mp4", bytes(16 * 1024 * 1024))


def test_a_request_carries_one_recipient_our_headers_and_our_tags(letter: MakeLetter) -> None:
    assert request_of(letter(), "lifecycle") == {
        "FromEmailAddress": "Shop <news@mail.shop.example>",
        "Destination": {"ToAddresses": ("ann@customer.example",)},
        "ReplyToAddresses": ("help@shop.example",),
        "ConfigurationSetName": "lifecycle",
        "Content": {
            "Simple": {
                "Subject": {"Data": "Your cart", "Charset": "UTF-8"},
                "Body": {
                    "Text": {"Data": "Hello Ann", "Charset": "UTF-8"},
                    "Html": {"Data": "<p>Hello Ann</p>", "Charset": "UTF-8"},
                },
                "Headers": [
                    {"Name": "List-Unsubscribe", "Value": "<https://shop.example/u/t0k3n>"},
                    {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
                    {"Name": "X-Lifecycle-Attempt", "Value": "att_01"},
                ],
            }
        },
        "EmailTags": [
            {"Name": "attempt_id", "Value": "att_01"},
            {"Name": "message_id", "Value": "msg_01"},
            {"Name": "campaign", "Value": "abandoned_cart"},
            {"Name": "step", "Value": "reminder"},
            {"Name": "variant", "Value": "a"},
        ],
    }


def test_a_name_and_a_domain_beyond_ascii_travel_as_ascii(letter: MakeLetter) -> None:
    request = request_of(letter(sender="Käse <news@käse.example>", to="ann@bücher.example"), None)
    assert request["FromEmailAddress"] == "=?utf-8?b?S8Okc2U=?= <news@xn--kse-qla.example>"
    assert request["Destination"] == {"ToAddresses": ("ann@xn--bcher-kva.example",)}


def test_an_empty_variant_is_no_tag(letter: MakeLetter) -> None:
    names = [tag["Name"] for tag in request_of(letter(variant=""), None)["EmailTags"]]
    assert names == ["attempt_id", "message_id", "campaign", "step"]


@pytest.mark.parametrize(
    ("limit", "other"),
    [
        ("a header's name", {"headers": (("X" * 127, "a"),)}),
        ("a header's value", {"headers": (("X", "a" * 996),)}),
        ("name and value together", {"headers": (("XXX", "a" * 994),)}),
        ("no line break in a header", {"headers": (("X", "a\r\nBcc: b"),)}),
        ("a mailbox of one line", {"sender": f"{'ä' * 400} <news@shop.example>"}),
        ("one recipient", {"to": "ann@customer.example, bob@customer.example"}),
        ("one address to reply to", {"reply_to": "a@shop.example, b@shop.example"}),
        ("an attempt id that a tag carries", {"attempt_id": "att:01"}),
        ("a message id that a tag carries", {"message_id": "msg.01"}),
        ("an id that is there", {"message_id": ""}),
        ("an id of 256 characters", {"message_id": "m" * 257}),
        ("an ASCII local part", {"to": "jörg@customer.example"}),
        ("40 MB once encoded", {"html": "x" * (30 * 1024 * 1024)}),
        ("40 MB once encoded, whatever its letters", {"html": "é" * (15 * 1024 * 1024)}),
        ("40 MB with its files", {"attachments": (FILE, FILE)}),
        ("500 parts", {"attachments": (Attachment("a.txt", "text/plain", b""),) * 497}),
        ("no lone surrogate", {"html": "\ud800"}),
        ("no lone surrogate in a text", {"text": "\udfff"}),
        ("no NUL", {"html": "a\0b"}),
        ("no NUL in a text", {"text": "\0"}),
        ("a body", {"html": "", "text": ""}),
        ("no line break in a subject", {"subject": "a\nb"}),
    ],
)
def test_each_limit_of_ses_is_checked_by_us(
    letter: MakeLetter, limit: str, other: dict[str, Any]
) -> None:
    with pytest.raises(LetterRefused):
        body_of(letter(**other), "lifecycle")


def test_what_is_just_within_the_limits_goes(letter: MakeLetter) -> None:
    headers = (*((f"X-{n}", "a") for n in range(13)), ("X", "a" * 995))
    assert len(request_of(letter(headers=headers), None)["Content"]["Simple"]["Headers"]) == 15


@pytest.mark.parametrize(
    ("why", "other"),
    [
        ("a file", {"attachments": (Attachment("terms.pdf", "application/pdf", b"%PDF"),)}),
        ("more than 15 headers", {"headers": tuple((f"X-{n}", "a") for n in range(15))}),
        ("a header beyond ASCII", {"headers": (("X", "grün"),)}),
    ],
)
def test_what_simple_content_cannot_carry_goes_raw(
    letter: MakeLetter, why: str, other: dict[str, Any]
) -> None:
    request = json.loads(body_of(letter(**other), "lifecycle"))
    assert list(request["Content"]) == ["Raw"], why
    whole = b64decode(request["Content"]["Raw"]["Data"])
    message = BytesParser(policy=policy.default).parsebytes(whole)
    assert message["X-Lifecycle-Attempt"] == "att_01"
    assert max(map(len, whole.split(b"\r\n"))) <= 998
    assert len(request["EmailTags"]) == 5
    assert request["Destination"] == {"ToAddresses": ["ann@customer.example"]}


def test_subjects_and_names_travel_as_they_are_written(letter: MakeLetter) -> None:
    odd = letter(subject="Grüße 🎁 שלום", sender="Café “Zürich” <news@käse.example>")
    request = json.loads(body_of(odd, None))
    assert request["Content"]["Simple"]["Subject"] == {
        "Data": "Grüße 🎁 שלום", "Charset": "UTF-8",
    }  # fmt: skip
    shown, address = parseaddr(request["FromEmailAddress"])
    assert str(make_header(decode_header(shown))) == "Café “Zürich”"
    assert address == "news@xn--kse-qla.example"


@given(st.text(max_size=400))
def test_any_name_becomes_a_legal_tag(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,256}", tag_text(text))


def test_names_that_must_be_mapped_stay_apart() -> None:
    names = ["a b", "a.b", "a_b", "ä b", "x" * 256, "x" * 257, "x" * 258]
    assert len({tag_text(name) for name in names}) == len(names)
    assert tag_text("a_b") == "a_b"


@pytest.mark.parametrize("name", ["", "a b", "a" * 65, "set\n"])
def test_a_configuration_set_that_cannot_be_is_refused_at_the_start(name: str) -> None:
    with pytest.raises(ValueError, match="a configuration set is named"):
        check_configuration_set(name)
