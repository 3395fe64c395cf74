"""The outbox folder: what is written, under which names, and how it is shown again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest

from lifecycle.core.message import Letter, OutcomeKind
from lifecycle.send.outbox import Outbox, file_name
from lifecycle.send.outbox_shelf import letters, read_letter

MakeLetter = Callable[..., Letter]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_letter_becomes_two_files_named_after_it(tmp_path: Path, letter: MakeLetter) -> None:
    outcome = Outbox(tmp_path / "outbox").send(letter())
    stem = "20260304T050607.891234Z-abandoned_cart-reminder-msg_01"
    assert names(tmp_path / "outbox") == [f"{stem}.eml", f"{stem}.html"]
    assert (outcome.kind, outcome.provider_id) == (OutcomeKind.ACCEPTED, stem)
    assert (tmp_path / "outbox" / f"{stem}.html").read_text() == "<p>Hello Ann</p>"
    whole = (tmp_path / "outbox" / f"{stem}.eml").read_bytes()
    message = BytesParser(policy=policy.default).parsebytes(whole)
    assert message["List-Unsubscribe"] == "<https://shop.example/u/t0k3n>"
    assert message["X-Lifecycle-Attempt"] == "att_01"


@pytest.mark.parametrize("wild", ["../../etc/passwd", "a/b", "", ".", "..", "ü" * 300, "a\\b:c"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, letter: MakeLetter, wild: str) -> None:
    folder = tmp_path / "outbox"
    outcome = Outbox(folder).send(letter(campaign=wild, step=wild, message_id=wild))
    assert outcome.kind is OutcomeKind.ACCEPTED
    assert [path.name for path in tmp_path.iterdir()] == ["outbox"]
    assert len(names(folder)) == 2
    assert all(len(name) < 255 and name.isascii() for name in names(folder))


def test_messages_whose_ids_look_alike_keep_names_apart(letter: MakeLetter) -> None:
    ids = ["a.b", "a:b", "a_b", "x" * 80, "x" * 81]
    assert len({file_name(letter(message_id=one)) for one in ids}) == len(ids)


def test_a_letter_with_an_unsafe_header_leaves_nothing_behind(
    tmp_path: Path, letter: MakeLetter
) -> None:
    outcome = Outbox(tmp_path).send(letter(subject="Hi\r\nBcc: eve@evil.example"))
    assert outcome.kind is OutcomeKind.REFUSED
    assert names(tmp_path) == []
    outcome = Outbox(tmp_path).send(letter(variant="a\r\nBcc: eve@evil.example"))
    assert outcome.kind is OutcomeKind.REFUSED
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_written_means_never_left(
    tmp_path: Path, letter: MakeLetter
) -> None:
    (tmp_path / "file").write_text("in the way")
    outcomes = Outbox(tmp_path / "file" / "outbox").send_many([letter(), letter()])
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.NEVER_LEFT] * 2


def test_one_bad_letter_does_not_stop_a_batch(tmp_path: Path, letter: MakeLetter) -> None:
    batch = [letter(message_id="one"), letter(subject="\n"), letter(message_id="three")]
    kinds = [outcome.kind for outcome in Outbox(tmp_path).send_many(batch)]
    assert kinds == [OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.ACCEPTED]
    assert len(names(tmp_path)) == 4


def test_a_second_letter_of_the_same_message_is_not_hidden(
    tmp_path: Path, letter: MakeLetter
) -> None:
    outbox = Outbox(tmp_path)
    ids = {outbox.send(letter(attempt_id=attempt)).provider_id for attempt in ("a1", "a2")}
    assert len(ids) == 2
    assert len(letters(tmp_path, 10)) == 2


def test_the_listing_is_newest_first_and_says_what_is_needed(
    tmp_path: Path, letter: MakeLetter
) -> None:
    outbox = Outbox(tmp_path)
    for day in range(5):
        outbox.send(letter(message_id=f"m{day}", at=letter().at + timedelta(days=day)))
    (tmp_path / "stray.eml").write_text("not ours")
    (tmp_path / "notes.txt").write_text("not ours")
    listed = letters(tmp_path, 3)
    assert [one.message_id for one in listed] == ["m4", "m3", "m2"]
    newest = listed[0]
    assert newest.at == letter().at + timedelta(days=4)
    assert (newest.campaign, newest.step, newest.variant) == ("abandoned_cart", "reminder", "a")
    assert (newest.to, newest.subject) == ("ann@customer.example", "Your cart")
    assert newest.attempt_id == "att_01"


def test_a_listed_letter_can_be_opened(tmp_path: Path, letter: MakeLetter) -> None:
    Outbox(tmp_path).send(letter(html="<p>žluťoučký</p>", subject="Käse"))
    page = read_letter(tmp_path, letters(tmp_path, 1)[0].name)
    assert page is not None
    assert (page.html, page.text) == ("<p>žluťoučký</p>", "Hello Ann")
    assert page.letter.subject == "Käse"
    assert ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click") in page.headers


@pytest.mark.parametrize(
    "name", ["", "../secret", "20260304T050607.891234Z-../../x", "/etc/passwd"]
)
def test_a_name_that_is_no_letters_opens_nothing(tmp_path: Path, name: str) -> None:
    assert read_letter(tmp_path / "missing", name) is None
    assert letters(tmp_path / "missing", 5) == []
