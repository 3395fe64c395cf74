"""MIME by hand, judged by the standard library's own parser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.core.message import Attachment, Letter
from lifecycle.send.envelope import LetterRefused
from lifecycle.send.mime import mime_bytes

MakeLetter = Callable[..., Letter]

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)
SUBJECTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=250
)


def parsed(whole: bytes) -> EmailMessage:
    return BytesParser(policy=policy.default).parsebytes(whole)


def body(message: EmailMessage, kind: str) -> str:
    part = cast(EmailMessage, message.get_body((kind,)))
    decoded = cast(bytes, part.get_payload(decode=True))
    return decoded.decode(part.get_content_charset("?"))


def canonical(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def test_a_letter_is_a_multipart_alternative_with_text_before_html(letter: MakeLetter) -> None:
    message = parsed(mime_bytes(letter()))
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    assert body(message, "plain") == "Hello Ann"
    assert body(message, "html") == "<p>Hello Ann</p>"
    assert [part.defects for part in message.walk()] == [[], [], []]


def test_all_headers_are_there_once(letter: MakeLetter) -> None:
    message = parsed(mime_bytes(letter()))
    assert dict(message.items()) == {
        "From": "Shop <news@mail.shop.example>",
        "To": "ann@customer.example",
        "Reply-To": "help@shop.example",
        "Subject": "Your cart",
        "Date": "Wed, 04 Mar 2026 05:06:07 +0000",
        "Message-ID": "<msg_01@mail.shop.example>",
        "MIME-Version": "1.0",
        "List-Unsubscribe": "<https://shop.example/u/t0k3n>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "X-Lifecycle-Attempt": "att_01",
        "Content-Type": message["Content-Type"],
    }
    assert message["Date"].datetime == datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def test_names_and_subjects_beyond_ascii_are_encoded(letter: MakeLetter) -> None:
    whole = mime_bytes(
        letter(subject="Grüße, José 🎁 " * 12, sender="Käse & Söhne <news@käse.example>")
    )
    head = whole.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    message = parsed(whole)
    assert message["Subject"].strip() == ("Grüße, José 🎁 " * 12).strip()
    sender = message["From"].addresses[0]
    assert (sender.display_name, sender.domain) == ("Käse & Söhne", "xn--kse-qla.example")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=SUBJECTS, html=TEXTS, text=TEXTS)
def test_whatever_goes_in_comes_out_of_a_parser(
    letter: MakeLetter, subject: str, html: str, text: str
) -> None:
    whole = mime_bytes(letter(subject=subject, html=html + ".", text=text + "."))
    message = parsed(whole)
    assert body(message, "html") == canonical(html + ".")
    assert body(message, "plain") == canonical(text + ".")
    assert len(message.get_all("Subject", [])) == 1
    assert "".join(str(message["Subject"]).split()) == "".join(subject.split())
    lines = whole.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert not any(b"\n" in line or b"\r" in line for line in lines)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("lines ending in lone carriage returns", "a\rb\r\nc\nd"),
        ("a line of 999 characters", "a" * 999),
        ("dots and dashes", ".\n--=_\n..\n"),
        ("From at a line's beginning", "From me\nto you"),
        ("beyond ASCII", "čaj ☕"),
    ],
)
def test_bodies_that_mail_is_known_to_hurt_arrive_unhurt(
    letter: MakeLetter, kind: str, text: str
) -> None:
    whole = mime_bytes(letter(text=text, html=text))
    assert max(map(len, whole.split(b"\r\n"))) <= 998
    message = parsed(whole)
    assert body(message, "plain") == canonical(text), kind
    assert body(message, "html") == canonical(text), kind


def test_a_body_that_spells_the_boundary_does_not_end_the_part(letter: MakeLetter) -> None:
    boundary = parsed(mime_bytes(letter())).get_boundary()
    text = f"before\n--{boundary}--\nafter"
    assert body(parsed(mime_bytes(letter(text=text))), "plain") == canonical(text)


@pytest.mark.parametrize(
    "other",
    [{"html": "", "text": ""}, {"html": "\ud800"}, {"text": "a\udfff"}, {"subject": "a\nb"}],
)
def test_what_cannot_be_a_message_is_refused(letter: MakeLetter, other: dict[str, Any]) -> None:
    with pytest.raises(LetterRefused):
        mime_bytes(letter(**other))


def test_one_body_alone_will_do(letter: MakeLetter) -> None:
    message = parsed(mime_bytes(letter(text="")))
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/html"]


NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"], exclude_characters="/\\"),
    min_size=1,
    max_size=200,
).filter(lambda name: name.strip() == name and name.strip("."))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES, content=st.binary(max_size=400))
def test_a_file_arrives_byte_by_byte_under_its_name(
    letter: MakeLetter, name: str, content: bytes
) -> None:
    whole = mime_bytes(letter(attachments=(Attachment(name, "application/pdf", content),)))
    message = parsed(whole)
    (file,) = message.iter_attachments()
    assert file.get_filename() == name
    assert file.get_content_type() == "application/pdf"
    assert file.get_payload(decode=True) == content
    assert body(message, "html") == "<p>Hello Ann</p>"
    assert max(map(len, whole.split(b"\r\n"))) <= 998
    assert whole.isascii()


def test_files_come_after_the_letter_in_their_order(letter: MakeLetter) -> None:
    files = tuple(Attachment(f"{n}.txt", "text/plain", b"x") for n in range(3))
    message = parsed(mime_bytes(letter(attachments=files)))
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds[:4] == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html"]
    assert [part.get_filename() for part in message.iter_attachments()] == [
        "0.txt", "1.txt", "2.txt",
    ]  # fmt: skip
    assert not any(part.defects for part in message.walk())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "text/plain"),
        ("..", "text/plain"),
        ("a/b.txt", "text/plain"),
        ("a\\b.txt", "text/plain"),
        ("a\r\nBcc: eve@evil.example.txt", "text/plain"),
        ("a" * 256, "text/plain"),
        ("a.txt", "text"),
        ("a.txt", "text/plain\r\nX: y"),
        ("a.txt", "text/plain; x=y"),
        ("a.eml", "message/rfc822"),
        ("a.txt", "multipart/mixed"),
    ],
)
def test_a_file_that_could_break_the_letter_is_refused(
    letter: MakeLetter, name: str, kind: str
) -> None:
    with pytest.raises(LetterRefused):
        mime_bytes(letter(attachments=(Attachment(name, kind, b"x"),)))


def test_a_text_that_spells_either_boundary_ends_no_part(letter: MakeLetter) -> None:
    files = (Attachment("a.txt", "text/plain", b"x"),)
    outer = parsed(mime_bytes(letter(attachments=files))).get_boundary()
    text = f"before\n--{outer}--\nafter"
    message = parsed(mime_bytes(letter(text=text, attachments=files)))
    assert body(message, "plain") == canonical(text)
