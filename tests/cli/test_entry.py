"""How the command line is called: options in any place, exit codes, and never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle.cli.entry import options_first
from tests.cli.conftest import Call


@pytest.mark.parametrize(
    "said",
    [
        ["--project", "P", "--json", "--database", "D", "why", "c1"],
        ["why", "c1", "--project", "P", "--json", "--database", "D"],
        ["why", "--project", "P", "c1", "--json", "--database", "D"],
    ],
)
def test_shared_options_stand_anywhere(said: list[str]) -> None:
    found = options_first(said)
    assert found == ["--project", "P", "--json", "--database", "D", "why", "c1"]


def test_behind_a_double_dash_nothing_is_an_option() -> None:
    assert options_first(["why", "--", "--json"]) == ["why", "--", "--json"]


def test_an_equals_sign_does_as_well(shop: Path, call: Call) -> None:
    assert call("check", f"--project={shop}", "--json").code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["chek"], "Did you mean 'check'?"),
        (["check", "--wrong"], "No such option"),
        (["report"], "Missing command"),
        (["--project"], "requires an argument"),
        (["import", "happenings", "x.jsonl"], "nothing to import"),
        (["preview", "helo"], "hello"),
        (["replay", "--events", "e.jsonl", "--until", "soon"], "--until is no instant"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(
    shop: Path, call: Call, arguments: list[str], told: str
) -> None:
    answered = call(*arguments)
    assert (answered.code, answered.out) == (2, "")
    assert told in answered.err
    assert len(answered.err.splitlines()) == 1


@pytest.mark.parametrize("command", ["why c1", "segment buyers", "report rewards", "key list"])
def test_without_a_database_reading_ends_with_3(shop: Path, call: Call, command: str) -> None:
    answered = call(*command.split())
    assert answered.code == 3
    assert "there is no database yet" in answered.err


def test_an_unset_secret_is_named(shop: Path, call: Call) -> None:
    answered = call("--database", "env:NO_SUCH_VARIABLE_HERE", "why", "c1")
    assert answered.code == 3
    assert "NO_SUCH_VARIABLE_HERE" in answered.err


def test_a_server_that_does_not_answer_ends_with_3(shop: Path, call: Call) -> None:
    answered = call("--database", "postgresql://127.0.0.1:1/none", "why", "c1")
    assert answered.code == 3
    assert "the database does not answer" in answered.err


def test_a_failure_nobody_foresaw_is_one_line_with_a_hint(
    shop: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken, says someone@shop.example")

    monkeypatch.delenv("LIFECYCLE_DEBUG", raising=False)
    monkeypatch.setattr("lifecycle.cli.project.read_project", broken)
    answered = call("check")
    assert answered.code == 3
    assert len(answered.err.splitlines()) == 1
    assert "--debug" in answered.err
    assert "@shop.example" not in answered.err


def test_help_lists_the_commands(call: Call) -> None:
    told = call("--help").out
    for name in ("init", "check", "plan", "apply", "run", "import", "replay", "simulate", "why"):
        assert f"\n  {name} " in told
    for name in ("backup", "restore", "fake-ses", "doctor"):
        assert f"\n  {name} " in told
