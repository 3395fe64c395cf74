"""`lifecycle check` and `lifecycle init`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Call

KEYS = {"file", "line", "column", "key", "severity", "problem", "hint"}


def test_check_lists_every_problem_and_ends_with_1(shop: Path, call: Call) -> None:
    flow = shop / "campaigns" / "hello.toml"
    flow.write_text(flow.read_text().replace("[[step]]", "[[step]]\nafterr = 1"))
    (shop / "segments" / "more.toml").write_text('name = "More"\n[match]\ndid = 3\n')
    (shop / "hooks").mkdir()
    (shop / "hooks" / "mine.py").write_text("x = 1 +\n")
    answered = call("check", "--json")
    assert answered.code == 1
    assert all(set(one) == KEYS for one in answered.data)
    errors = [(one["file"], one["line"]) for one in answered.data if one["severity"] == "error"]
    assert errors == [("campaigns/hello.toml", 19), ("hooks/mine.py", 1), ("segments/more.toml", 3)]
    plain = call("check")
    assert plain.code == 1
    assert "campaigns/hello.toml:19" in plain.out
    assert "afterr = 1" in plain.out


def test_warnings_alone_end_with_0(shop: Path, call: Call) -> None:
    answered = call("check", "--json")
    assert answered.code == 0
    assert {one["severity"] for one in answered.data} == {"warning"}


def test_check_writes_the_schemas_that_editors_read(shop: Path, call: Call) -> None:
    call("check")
    assert (shop / ".lifecycle" / "campaign.schema.json").is_file()


def test_check_of_no_project_leaves_nothing_behind(tmp_path: Path, call: Call) -> None:
    answered = call("check", "--project", tmp_path)
    assert answered.code == 1
    assert list(tmp_path.iterdir()) == []


def test_check_needs_no_secret_and_makes_no_database(shop: Path, call: Call) -> None:
    with (shop / "settings.toml").open("a") as settings:
        settings.write('\n[database]\nurl = "env:NOT_SET_ANYWHERE"\n')
        settings.write('\n[secrets]\nkey = "env:NOT_SET_EITHER"\n')
    assert call("check").code == 0
    assert call("preview", "hello").code == 0
    assert not (shop / "shop.db").exists()


def test_init_makes_a_project_without_problems(tmp_path: Path, call: Call) -> None:
    folder = tmp_path / "new"
    assert call("init", folder).code == 0
    assert call("check", "--json", "--project", folder).data == []
    again = call("init", folder)
    assert (again.code, "is not empty" in again.err) == (2, True)
    assert not list(folder.rglob("__pycache__"))


def test_each_folder_of_definitions_may_be_empty(tmp_path: Path, call: Call) -> None:
    folder = tmp_path / "new"
    call("init", folder)
    for name in ("campaigns", "segments", "hooks", "tests/campaigns"):
        for file in (folder / name).iterdir():
            file.unlink()
    answered = call("check", "--json", "--project", folder)
    assert not [one for one in answered.data if one["severity"] == "error"]
    assert answered.code == 0
