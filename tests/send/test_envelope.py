"""The outside of a letter: mailboxes, headers, and everything that must not get into them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.core.message import Letter
from lifecycle.send.envelope import LetterRefused, encoded_words, envelope_of, mailbox, wire_address

MakeLetter = Callable[..., Letter]


@pytest.mark.parametrize(
    ("address", "on_the_wire"),
    [
        ("ann@shop.example", "ann@shop.example"),
        ("ann+tag@Shop.Example", "ann+tag@Shop.Example"),
        ("ann@münchen.example", "ann@xn--mnchen-3ya.example"),
        ("ann@straße.example", "ann@xn--strae-oqa.example"),
        ("ann@例え.テスト", "ann@xn--r8jz45g.xn--zckzah"),
    ],
)
def test_an_address_travels_with_its_domain_in_punycode(address: str, on_the_wire: str) -> None:
    assert wire_address(address) == on_the_wire


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@shop.example",
        "ann@",
        "añn@shop.example",
        "ann@shop..example",
        "a b@x.example",
        "ann@shop.example>",
        "ann@-shop.example",
        "a" * 65 + "@shop.example",
        "a@b@shop.example",
        "ann@" + "a" * 64 + ".example",
        '"a b"@shop.example',
        "ann@shop.example,bob@shop.example",
        "ann@[127.0.0.1]",
        "ann@☃\u0000.example",
        "ann@" + ".".join(["abcdefgh"] * 30),
    ],
)
def test_an_address_that_mail_cannot_reach_is_refused(address: str) -> None:
    with pytest.raises(LetterRefused) as refused:
        wire_address(address)
    assert "@" not in refused.value.reason


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("news@shop.example", "news@shop.example"),
        ("Shop <news@shop.example>", "Shop <news@shop.example>"),
        ("Shop, Inc. <news@shop.example>", '"Shop, Inc." <news@shop.example>'),
        ('"Shop, Inc." <news@shop.example>', '"Shop, Inc." <news@shop.example>'),
        ('"A \\"B\\"" <news@shop.example>', '"A \\"B\\"" <news@shop.example>'),
        ("Bob <x@y.example> <news@shop.example>", '"Bob <x@y.example>" <news@shop.example>'),
        ("Käse <news@shop.example>", "=?utf-8?b?S8Okc2U=?= <news@shop.example>"),
        ("=?utf-8?q?x?= <a@b.example>", "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@b.example>"),
    ],
)
def test_a_mailbox_is_written_as_one_mailbox(text: str, header: str) -> None:
    assert mailbox(text).header() == header


@pytest.mark.parametrize(
    "other",
    [
        {"subject": "Hello\r\nBcc: eve@evil.example"},
        {"subject": "Hello\n"},
        {"subject": "Hello\0"},
        {"subject": "Hello\x85there"},
        {"subject": "Hello\u2028there"},
        {"subject": "Hello \ud800"},
        {"sender": "Shop\r\nBcc: eve@evil.example <news@shop.example>"},
        {"sender": "a@shop.example, b@shop.example"},
        {"sender": "Shop <news@shop.example"},
        {"sender": f"{'ä' * 400} <news@shop.example>"},
        {"to": "ann@customer.example\r\nBcc: eve@evil.example"},
        {"to": "ann@customer.example, eve@evil.example"},
        {"to": "Ann <ann@customer.example>"},
        {"reply_to": "help@shop.example\n"},
        {"attempt_id": "att\r\nX: y"},
        {"attempt_id": ""},
        {"headers": (("X-Good", "a\r\nBcc: eve@evil.example"),)},
        {"headers": (("X-Good", "a\0b"),)},
        {"headers": (("X-Bad\r\nBcc", "eve@evil.example"),)},
        {"headers": (("X Bad", "a"),)},
        {"headers": (("X-Bad:", "a"),)},
        {"headers": (("", "a"),)},
        {"headers": (("X-Empty", " "),)},
        {"headers": (("X-Wide", "grün\u2028"),)},
        {"headers": (("X-Long", "a" * 996),)},
        {"headers": (("X" * 127, "a"),)},
        {"headers": (("bcc", "eve@evil.example"),)},
        {"headers": (("X-SES-Configuration-Set", "other"),)},
        {"headers": (("X-Lifecycle-Attempt", "other"),)},
        {"headers": (("Content-Type", "text/plain"),)},
        {"headers": (("X-Twice", "a"), ("x-twice", "b"))},
        {"at": datetime(2026, 1, 1)},
    ],
)
def test_a_letter_that_could_smuggle_or_break_a_header_is_refused(
    letter: MakeLetter, other: dict[str, object]
) -> None:
    with pytest.raises(LetterRefused) as refused:
        envelope_of(letter(**other))
    assert "@" not in refused.value.reason


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_encoded_words_are_short_and_say_the_text_again(text: str) -> None:
    from email.header import decode_header, make_header

    words = encoded_words(text, "\r\n ")
    assert all(len(line) <= 76 for line in words.split("\r\n"))
    assert words.isascii()
    assert str(make_header(decode_header(words))) == text
