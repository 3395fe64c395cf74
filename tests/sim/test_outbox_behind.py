"""The outbox of a replay: nothing is waited for, and nothing is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lifecycle.core.message import Letter
from lifecycle.errors import EnvironmentFailed
from lifecycle.sim.outbox_behind import OutboxBehind


def letter(number: int) -> Letter:
    return Letter(
        message_id=f"{number:032x}",
        attempt_id=f"{number:032x}",
        campaign="welcome",
        step="hello",
        variant="",
        sender="Shop <news@shop.example>",
        to="ann@reader.example",
        subject="Hello",
        html="<p>Hello</p>",
        text="Hello",
        at=datetime(2026, 3, 2, 12, tzinfo=UTC),
    )


def test_all_letters_are_there_once_it_is_closed(tmp_path: Path) -> None:
    outbox = OutboxBehind(tmp_path)
    for number in range(3_000):
        outbox.send(letter(number))
    outbox.close()
    assert len(list(tmp_path.glob("*.eml"))) == 3_000


def test_a_letter_that_cannot_be_written_is_told_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file stands where the folder should be")
    outbox = OutboxBehind(tmp_path / "taken")
    outbox.send(letter(1))
    with pytest.raises(EnvironmentFailed):
        outbox.close()
