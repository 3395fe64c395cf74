"""The journal of attempts: what is noted is on disk, torn lines are passed over, old files go."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.errors import EnvironmentFailed
from lifecycle.send import journal
from lifecycle.send.journal import Begun, FileJournal, Line, begun_of, files, last_attempts, read

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)


def begun(number: int, at: datetime = NOW) -> Begun:
    return Begun(f"{number:032x}", f"{number:032x}", 1, at)


def noted(folder: Path) -> list[str]:
    return [begun_of(line)[0][-2:] for path in files(folder) for line in read(path)]


def test_what_was_noted_is_read_again_in_order(tmp_path: Path) -> None:
    kept = FileJournal(tmp_path / "j")
    kept.note([begun(1), begun(2)])
    kept.note([])
    kept.keep([Line(journal.SUPPRESSED, ("ab", "bounced"), NOW)])
    kept.note([Begun("f" * 32, "", 7, NOW + timedelta(microseconds=1))])
    (path,) = files(kept.folder)
    lines = list(read(path))
    assert [line.kind for line in lines] == ["a", "a", "s", "a"]
    assert begun_of(lines[-1]) == ("f" * 32, 7, NOW + timedelta(microseconds=1))
    assert lines[2].words == ("ab", "bounced")
    assert last_attempts(path, 2) == [lines[1], lines[3]]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.folder.stat().st_mode) == 0o700
    kept.close()


@given(cut=st.integers(1, 200), flipped=st.integers(0, 150))
def test_a_torn_or_damaged_line_is_passed_over(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flipped: int
) -> None:
    kept = FileJournal(tmp_path_factory.mktemp("journal"))
    kept.note([begun(number) for number in range(5)])
    kept.close()
    (path,) = files(kept.folder)
    raw = bytearray(path.read_bytes()[:-cut])
    whole = [f"{number:02x}" for number in range(bytes(raw).count(b"\n"))]
    assert noted_of(path, raw) == whole
    if flipped < len(raw):
        raw[flipped] ^= 1
        found = noted_of(path, raw)
        assert set(found) <= set(whole)
        assert len(found) >= len(whole) - 2


def noted_of(path: Path, raw: bytearray) -> list[str]:
    path.write_bytes(raw)
    return noted(path.parent)


def test_files_follow_each_other_by_size_and_age_and_old_ones_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "FILE_BYTES", 100)
    kept = FileJournal(tmp_path)
    for number in range(4):
        kept.note([begun(number)])
    assert len(files(tmp_path)) == 2
    kept.note([begun(4, NOW + timedelta(days=2))])
    assert noted(tmp_path) == ["00", "01", "02", "03", "04"]
    kept.note([begun(5, NOW + timedelta(days=35))])
    assert "00" in noted(tmp_path)
    kept.note([begun(6, NOW + journal.KEPT + timedelta(hours=1))])
    assert noted(tmp_path) == ["04", "05", "06"]
    kept.close()


def test_two_processes_write_files_of_their_own(tmp_path: Path) -> None:
    one, other = FileJournal(tmp_path), FileJournal(tmp_path)
    one.note([begun(1)])
    other.note([begun(2)])
    one.note([begun(3)])
    assert len(files(tmp_path)) == 2
    assert sorted(noted(tmp_path)) == ["01", "02", "03"]


def test_a_disk_that_refuses_is_told_and_leaves_no_half_of_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = FileJournal(tmp_path)
    kept.note([begun(1)])

    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fdatasync", refuse)
        with pytest.raises(EnvironmentFailed, match="No space left"):
            kept.note([begun(2), begun(3)])
        with pytest.raises(EnvironmentFailed):
            kept.note([begun(4)])
    kept.note([begun(5)])
    assert noted(tmp_path) == ["01", "05"]
    assert len(files(tmp_path)) == 2
