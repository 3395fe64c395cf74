"""What the READMEs show is what happens: the session is run, the drawings are compared."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from lifecycle.clock import SystemClock
from lifecycle.core.enrollment import ENROLLMENT_MOVES
from lifecycle.core.message import MESSAGE_MOVES
from lifecycle.send.webhook import derived_secret, secret_bytes
from lifecycle.send.webhook import headers as signed_headers

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
MAP = ROOT / "lifecycle" / "README.md"
SHOP = ("settings.toml", "campaigns", "segments", "templates", "hooks", "demo")
SET_UP = ("make setup", "source .venv/bin/activate")
"""Commands of the session that are not run here: who runs the tests has done so."""
COLUMNS = "118"


def session() -> list[tuple[str, str]]:
    """The commands of README's first session, each with the output that README shows."""
    shown = re.search(r"^```console\n(.*?)^```", README.read_text("utf-8"), re.M | re.S)
    assert shown is not None, "README has no session"
    parts = re.split(r"^\$ ", shown[1], flags=re.MULTILINE)[1:]
    return [(command, output) for command, _, output in (part.partition("\n") for part in parts)]


def run(command: str, folder: Path) -> str:
    """Run one command as a reader would, and give what is shown."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": COLUMNS, "NO_COLOR": "1", "LC_ALL": "C"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def plain(output: str) -> str:
    """Without spaces at the ends of lines and empty lines around: an editor takes them away."""
    return "\n".join(line.rstrip() for line in output.strip("\n").splitlines()).strip("\n")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in SHOP:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name)
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def test_the_session_on_the_first_screen_shows_what_really_happens(folder: Path) -> None:
    ran = 0
    for command, shown in session():
        if command not in SET_UP:
            assert plain(run(command, folder)) == plain(shown), command
            ran += 1
    assert ran >= 4


def test_the_first_screen_fits_on_a_screen() -> None:
    lines = README.read_text("utf-8").splitlines()
    assert lines.index("## What it is") <= 55


def prose(page: Path) -> str:
    """What a page says beside the code that it shows: links in letters lead elsewhere."""
    return re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.M | re.S)


def test_each_file_that_the_readmes_link_to_is_there() -> None:
    for page in (README, MAP, *sorted((ROOT / "docs").glob("*.md"))):
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose(page)):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_each_heading_that_a_page_links_to_is_there() -> None:
    for page in (README, MAP, *sorted((ROOT / "docs").glob("*.md"))):
        for target, anchor in re.findall(r"\]\(([^)#]*)#([^)]+)\)", prose(page)):
            text = prose((page.parent / target) if target else page)
            headings = re.findall(r"^#+ (.*)$", text, re.M)
            known = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
            assert anchor in known, f"{page.name} links to {target}#{anchor}"


def test_readme_names_every_command_and_no_other() -> None:
    from typer.main import get_command

    from lifecycle.cli.commands import app

    table = README.read_text("utf-8").partition("| Command |")[2].partition("\n\n")[0]
    named = {
        word.split()[0]
        for cell in re.findall(r"^\| (.*?) \|", table, re.M)
        for word in re.findall(r"`([^`]+)`", cell)
    }
    assert named == set(get_command(app).commands)  # type: ignore[attr-defined]


def blocks(page: Path, language: str) -> list[str]:
    """The pieces of code of one language that a page shows."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)


def test_the_campaign_and_the_hooks_that_are_shown_pass_check(folder: Path) -> None:
    (campaign,) = (one for one in blocks(README, "toml") if "campaigns/" in one)
    (folder / "campaigns" / "second_order.toml").write_text(campaign, "utf-8")
    (trigger,) = blocks(README, "python")
    (folder / "hooks" / "keen_on_product.py").write_text(trigger, "utf-8")
    shown = blocks(ROOT / "docs" / "developers.md", "python")
    assert len(shown) == 4
    for number, hook in enumerate(shown[1:]):
        (folder / "hooks" / f"shown_{number}.py").write_text(hook, "utf-8")
    assert "no problems" in run("lifecycle check", folder)


def test_the_check_of_a_signature_that_is_shown_takes_our_calls_and_no_others() -> None:
    shown: dict[str, Any] = {}
    (code,) = (one for one in blocks(ROOT / "docs" / "developers.md", "py") if "is_ours" in one)
    exec(code, shown)
    now, body = SystemClock().now(), b'{"type":"lifecycle.a.b"}'
    secret = derived_secret(b"the shop's key", "CRM_HOOK")
    other = derived_secret(b"the shop's key", "OTHER_HOOK")
    both = [secret_bytes(other), secret_bytes(secret)]
    signed = dict(signed_headers(both, "one", now, body))
    assert shown["is_ours"](secret, signed, body)
    assert not shown["is_ours"](secret, signed, body + b" ")
    assert not shown["is_ours"](secret, {**signed, "webhook-id": "two"}, body)
    alone = dict(signed_headers([secret_bytes(other)], "one", now, body))
    assert not shown["is_ours"](secret, alone, body)
    old = dict(signed_headers(both, "one", now - timedelta(hours=1), body))
    assert not shown["is_ours"](secret, old, body)


def drawn(title: str) -> dict[str, set[str]]:
    """The moves that a drawing in the map shows: each line is `from → to, to` or `from → (end)`."""
    text = MAP.read_text("utf-8")
    drawing = re.search(rf"^### {title}\n.*?^```\n(.*?)^```", text, re.M | re.S)
    assert drawing is not None, f"the map has no drawing of {title}"
    moves = {}
    for line in drawing[1].splitlines():
        if "──▶" in line:
            old, _, new = line.partition("──▶")
            targets = [one.strip() for one in new.split("(")[0].split("|")]
            moves[old.strip()] = {one for one in targets if one}
    return moves


@pytest.mark.parametrize(
    ("title", "table"), [("Messages", MESSAGE_MOVES), ("Enrollments", ENROLLMENT_MOVES)]
)
def test_the_drawn_state_machine_is_the_table(
    title: str, table: Mapping[StrEnum, frozenset[StrEnum]]
) -> None:
    assert drawn(title) == {str(old): {str(one) for one in new} for old, new in table.items()}
