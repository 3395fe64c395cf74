"""What a process noted before it died tells which of its letters had never begun."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle.clock import SystemClock
from lifecycle.core.message import Letter, Outcome
from lifecycle.send import starts
from lifecycle.send.handing import hand_over
from lifecycle.send.outbox import Outbox
from lifecycle.send.ses import Ses
from lifecycle.send.starts import NotedGate, Starts, boot_id, never_left, strike_old
from lifecycle.send.transport import OpenGate, Transport
from tests.send.in_bulk import MakeLetter, Start, letters, start_ses

__all__ = ["start_ses"]

IDS = [f"{number:032x}" for number in range(5)]

pytestmark = pytest.mark.skipif(not boot_id(), reason="nothing here tells one boot from another")


def test_what_was_not_noted_never_left(tmp_path: Path) -> None:
    notes = Starts(tmp_path)
    notes.note(IDS[:2])
    notes.note(IDS[2:3])
    assert never_left(tmp_path, notes.token, IDS) == {IDS[3], IDS[4]}


def test_two_processes_keep_notes_apart_though_their_number_is_one(tmp_path: Path) -> None:
    first, second = Starts(tmp_path), Starts(tmp_path)
    first.note(IDS[:1])
    assert first.token != second.token
    assert never_left(tmp_path, first.token, IDS[:1]) == set()
    assert never_left(tmp_path, second.token, IDS[:1]) == {IDS[0]}


@pytest.mark.parametrize(
    "token", ["", "another-boot.5.7", "../../etc/passwd", f"{boot_id()}.5.7", f"{boot_id()}"]
)
def test_without_notes_everything_is_in_doubt(tmp_path: Path, token: str) -> None:
    assert never_left(tmp_path, token, IDS) == set()


def test_notes_from_before_the_machine_went_down_are_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Starts(tmp_path)
    monkeypatch.setattr(starts, "boot_id", lambda: "another")
    assert never_left(tmp_path, notes.token, IDS) == set()


def test_a_note_that_was_cut_off_counts_as_begun(tmp_path: Path) -> None:
    notes = Starts(tmp_path)
    notes.note(IDS[:2])
    file = tmp_path / notes.token
    file.write_bytes(file.read_bytes()[:-3])
    assert never_left(tmp_path, notes.token, [IDS[1], "f" * 32]) == {"f" * 32}


def test_nothing_is_ever_struck_for_a_restored_database_asks_again(tmp_path: Path) -> None:
    notes = Starts(tmp_path)
    notes.note(IDS[:3])
    notes.turn()
    notes.note(IDS[3:4])
    notes.close()
    assert never_left(tmp_path, notes.token, IDS) == {IDS[4]}


def test_a_file_that_has_grown_is_followed_by_another_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starts, "FILE_BYTES", 60)
    notes = Starts(tmp_path)
    first = notes.token
    notes.note(IDS[:2])
    notes.turn()
    notes.note(IDS[2:3])
    assert notes.token != first
    assert never_left(tmp_path, first, IDS[:3]) == {IDS[2]}
    assert never_left(tmp_path, notes.token, IDS[:3]) == set(IDS[:2])


def test_notes_that_cannot_be_written_leave_everything_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = Starts(tmp_path)
    notes.note(IDS[:1])

    def full(*_: object) -> int:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr("lifecycle.send.starts.os.write", full)
    notes.note(IDS[1:2])
    monkeypatch.undo()
    notes.note(IDS[2:3])
    assert never_left(tmp_path, notes.token, IDS) == set()


def test_notes_go_that_are_old_or_of_before_the_machine_went_down(tmp_path: Path) -> None:
    ours = Starts(tmp_path)
    for name in ("another-boot.1.1", f"{boot_id()}.99999999.1"):
        (tmp_path / name).touch()
    now = SystemClock().now()
    strike_old(tmp_path, now)
    assert {path.name for path in tmp_path.iterdir()} == {ours.token, f"{boot_id()}.99999999.1"}
    strike_old(tmp_path, now + timedelta(days=46))
    assert not list(tmp_path.iterdir())


def test_a_transport_notes_each_letter_before_it_goes(
    tmp_path: Path, letter: Callable[..., Letter]
) -> None:
    notes = Starts(tmp_path / "notes")
    gate = NotedGate(OpenGate(), notes)
    hand_over(Outbox(tmp_path / "outbox"), [letter()], gate)
    assert never_left(tmp_path / "notes", notes.token, [letter().attempt_id]) == set()
    assert (tmp_path / "notes" / notes.token).read_text().split() == [letter().attempt_id]


class Looking:
    """A gate that looks into the notes whenever letters may begin."""

    def __init__(self, notes: Path) -> None:
        self.notes, self.begun = notes, 0
        self.unnoted: list[int] = []

    def begin(self, wanted: int) -> int:
        """Let all begin; how many of them were not noted yet?"""
        self.begun += wanted
        self.unnoted.append(self.begun - len(set(self.notes.read_text().split())))
        return wanted

    def starts(self, attempt_ids: Sequence[str]) -> None:
        """It keeps no notes of its own."""

    def heard(self, sender: str, outcomes: Sequence[Outcome]) -> None:
        """It does not listen."""


@pytest.mark.parametrize("mode", ["single", "bulk", "bulk, alone"])
def test_nothing_may_begin_that_is_not_noted(
    tmp_path: Path, start: Start, letter: MakeLetter, mode: str
) -> None:
    notes = Starts(tmp_path / "notes")
    looking = Looking(tmp_path / "notes" / notes.token)
    endpoint, bulk = start()
    transport: Transport = Ses("eu-central-1", None, endpoint.url) if mode == "single" else bulk
    odd: dict[str, Any] = {"headers": (("X-Odd", "ä"),)} if mode == "bulk, alone" else {}
    outcomes = hand_over(transport, letters(letter, 3, **odd), NotedGate(looking, notes))
    transport.close()
    assert len(outcomes) == looking.begun == 3
    assert max(looking.unnoted) <= 0
