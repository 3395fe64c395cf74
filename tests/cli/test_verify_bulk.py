"""`doctor --verify-bulk`: both letters leave as one another, and each damage on the way is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lifecycle.cli import verify_bulk
from lifecycle.clock import SystemClock
from lifecycle.core.message import Letter
from lifecycle.send.bulk_trial import ALONE, BY_SLOTS, compared, trial_letter
from lifecycle.send.mime import mime_bytes
from lifecycle.sim.fake_ses import FakeSes
from lifecycle.sim.fake_ses_faults import Fault, FaultPlan
from tests.cli.conftest import Call

NOW = datetime(2026, 3, 4, tzinfo=UTC)
Standing = Callable[..., FakeSes]


@pytest.fixture
def standing(tmp_path: Path, shop: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standing]:
    """Starts a stand-in that the shop's settings point at; its letters land in tmp_path/out."""
    monkeypatch.setattr(verify_bulk, "BETWEEN_SECONDS", 0.0)
    started: list[FakeSes] = []

    def start(*faults: Fault) -> FakeSes:
        fake = FakeSes(
            tmp_path / "truth.jsonl",
            SystemClock(),
            faults=FaultPlan(script=faults),
            outbox=tmp_path / "out",
        )
        started.append(fake)
        with (shop / "settings.toml").open("a") as file:
            file.write(f'\n[transport]\nkind = "ses"\n[ses]\nendpoint = "{fake.start()}"\n')
        return fake

    yield start
    for fake in started:
        fake.stop()


def test_both_letters_arrive_as_they_left(call: Call, standing: Standing, tmp_path: Path) -> None:
    fake = standing()
    answered = call("doctor", "--verify-bulk", "ann@customer.example", "--json")
    assert answered.code == 0
    assert [one["outcome"] for one in answered.data["letters"]] == ["accepted", "accepted"]
    assert [one.by for one in fake.accepted()] == ["bulk", "single"]
    files = sorted((tmp_path / "out").glob("*.eml"))
    assert len(files) == 2
    received = [part for file in files for part in ("--received", str(file))]
    compared = call("doctor", *received, "--json")
    assert compared.code == 0
    for one in compared.data.values():
        assert one["html_sha256"] == answered.data["html_sha256"]
        assert one["text_sha256"] == answered.data["text_sha256"]
        assert not one["paragraphs"]


def test_a_letter_that_ses_does_not_take_is_an_error(call: Call, standing: Standing) -> None:
    standing(Fault.PAUSED)
    answered = call("doctor", "--verify-bulk", "ann@customer.example", "--json")
    assert answered.code == 1
    assert [one["outcome"] for one in answered.data["letters"]] == ["account", "accepted"]


def test_people_are_told_what_to_compare_and_what_it_means(call: Call, standing: Standing) -> None:
    standing()
    told = call("doctor", "--verify-bulk", "ann@customer.example").out
    for said in ("by slots", "alone", "SHA-256", "--received", "Rendering Failure"):
        assert said in told


def test_without_ses_there_is_nothing_to_verify(call: Call, shop: Path) -> None:
    answered = call("doctor", "--verify-bulk", "ann@customer.example")
    assert answered.code == 2
    assert "nothing to verify" in answered.err


def test_what_is_no_address_is_wrong_usage(call: Call, standing: Standing) -> None:
    fake = standing()
    answered = call("doctor", "--verify-bulk", "nonsense")
    assert answered.code == 2
    assert "--verify-bulk is no address" in answered.err
    assert fake.posts == 0


def test_a_file_that_is_not_there_is_said(call: Call, shop: Path) -> None:
    answered = call("doctor", "--received", "gone.eml")
    assert answered.code == 2
    assert "gone.eml" in answered.err


def arrived(change: Callable[[str], str]) -> tuple[bytes, Letter]:
    sent = trial_letter("Shop <news@shop.example>", "ann@customer.example", BY_SLOTS, NOW)
    return mime_bytes(replace(sent, html=change(sent.html), text=change(sent.text))), sent


@pytest.mark.parametrize(
    ("damage", "old", "new", "paragraph"),
    [
        ("braces read as a template", "{{name}}", "", "braces"),
        ("a backslash lost", "\\\\ ", "\\ ", "backslashes"),
        ("line ends lost", "first line\n", "first line ", "newlines"),
        ("emoji as question marks", "🎁", "?", "emoji"),
        ("right to left turned around", "שלום", "םולש", "right to left"),
        ("a long line broken", "0123456789" * 50, "0123456789" * 50 + "\r\n", "a long line"),
    ],
)
def test_damage_is_told_by_its_paragraph(damage: str, old: str, new: str, paragraph: str) -> None:
    whole, sent = arrived(lambda part: part.replace(old, new))
    found = compared(whole, sent)
    assert found.paragraphs == (paragraph,), damage
    assert not found.whole


def test_values_escaped_once_more_are_seen(tmp_path: Path) -> None:
    whole, sent = arrived(lambda part: part.replace("&lt;", "&amp;lt;"))
    assert "markup" in compared(whole, sent).paragraphs


def test_a_pixel_added_to_the_letter_is_no_paragraphs_damage() -> None:
    whole, sent = arrived(lambda part: part.replace("</body>", "<img src=x></body>"))
    found = compared(whole, sent)
    assert (found.html, found.text, found.paragraphs) == (False, True, ())


def test_another_subject_is_seen() -> None:
    whole, sent = arrived(str)
    assert compared(whole, sent).whole
    other = mime_bytes(replace(sent, subject="&quot;Quotes&quot;"))
    assert not compared(other, sent).subject


def test_something_else_altogether_differs_in_everything() -> None:
    _, sent = arrived(str)
    found = compared(b"Subject: hello\r\n\r\nno letter of ours", sent)
    assert not (found.subject or found.html or found.text)
    assert found.paragraphs


def test_the_two_ways_have_ids_and_subjects_of_their_own_and_one_content() -> None:
    one, other = (trial_letter("a@b.example", "c@d.example", way, NOW) for way in (BY_SLOTS, ALONE))
    assert (one.html, one.text) == (other.html, other.text)
    assert one.attempt_id != other.attempt_id
    assert one.subject != other.subject
