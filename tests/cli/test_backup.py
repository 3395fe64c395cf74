"""`backup`, `restore`, `doctor --restored` and `--canary`, as operators call them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from lifecycle.cli.lock import WriterLock
from tests.cli.conftest import Call
from tests.cli.shop import make_shop, write_lines

PERSON = {"id": "ada", "email": "ada@x.example", "agreed_to": ["offers"]}
ANOTHER = {"id": "bob", "email": "bob@x.example", "agreed_to": ["offers"]}


def people(tmp_path: Path, call: Call, *rows: Mapping[str, object]) -> None:
    """Import customers."""
    file = write_lines(tmp_path / "people.jsonl", rows)
    assert call("import", "customers", file).code == 0


def test_a_backup_comes_back_and_nothing_is_deleted(shop: Path, call: Call, tmp_path: Path) -> None:
    assert call("apply").code == 0
    people(tmp_path, call, PERSON)
    copy = tmp_path / "copy.db"
    assert call("backup", copy).code == 0
    assert copy.stat().st_mode & 0o077 == 0
    again = call("backup", copy)
    assert (again.code, "there is a file already" in again.err) == (3, True)
    people(tmp_path, call, ANOTHER)
    restored = call("restore", copy, "--json")
    assert restored.code == 0, restored.err
    told = restored.data
    assert Path(told["put_aside"]).is_file()
    assert (told["attempts_unknown"], told["messages_in_doubt"]) == (0, 0)
    assert call("customer", "show", "ada").code == 0
    assert call("customer", "show", "bob").code != 0
    waiting = [one for one in call("doctor", "--json").data if one["about"] == "restored"]
    assert len(waiting) == 1
    assert "doctor --restored" in waiting[0]["told"]
    assert call("doctor", "--restored").code == 0
    assert not [one for one in call("doctor", "--json").data if one["about"] == "restored"]


def test_nothing_is_restored_while_somebody_writes(shop: Path, call: Call, tmp_path: Path) -> None:
    assert call("apply").code == 0
    copy = tmp_path / "copy.db"
    assert call("backup", copy).code == 0
    (database,) = (path for path in shop.glob("*.db"))
    lock = WriterLock(database)
    lock.take("the daemon")
    refused = call("restore", copy)
    lock.release()
    assert (refused.code, "the daemon runs" in refused.err) == (3, True)
    (tmp_path / "no.db").write_text("no backup")
    refused = call("restore", tmp_path / "no.db")
    assert (refused.code, "this is no backup" in refused.err) == (3, True)
    assert call("customer", "show", "ada").code != 3


def test_a_database_that_was_never_restored_has_nothing_to_confirm(shop: Path, call: Call) -> None:
    assert call("apply").code == 0
    refused = call("doctor", "--restored")
    assert "never restored" in refused.err


def test_a_canary_flies_by_ses_alone(shop: Path, call: Call) -> None:
    assert "only SES tells" in call("doctor", "--canary").err


def test_postgresql_is_copied_by_its_own_tool(
    postgresql_url: str, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_shop(tmp_path / "shop", database=postgresql_url))
    assert call("upgrade", "--yes").code == 0
    restored = call("restore", tmp_path / "copy")
    assert "pg_restore" in restored.err
    if shutil.which("pg_dump"):
        assert call("backup", tmp_path / "copy").code == 0
        assert (tmp_path / "copy").stat().st_size > 1_000
    monkeypatch.setenv("PATH", "")
    assert "pg_dump --format=custom" in call("backup", tmp_path / "other").err
