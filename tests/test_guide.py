"""The guide for marketers shows nothing that `check` would refuse."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from lifecycle.catalog.load import load
from lifecycle.core.kept import LEAVES
from lifecycle.core.rule.compare import OPS
from lifecycle.core.rule.problem import RuleRefused
from lifecycle.core.rule.read import LEAF_KEYS, read_rule
from lifecycle.core.rule.window import WINDOW_KEYS

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs" / "marketers.md").read_text("utf-8")
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ((?:campaigns|segments)/\w+\.toml)")
LISTS = {"segments/press.csv": "customer_id,name\nada,Ada\n"}
"""Files beside those that are shown."""


def files() -> dict[str, str]:
    """The files that are shown whole, by path."""
    shown = [text for kind, text in FENCED.findall(GUIDE) if kind == "toml"]
    return {match[1]: text for text in shown if (match := FILE.match(text))}


def rules() -> list[str]:
    """The rules shown in a line: what stands in braces between backticks and begins as a leaf."""
    lines = re.findall(r"`(\{ (\w+)[^`]*\})`", FENCED.sub("", GUIDE))
    return sorted(
        {line for line, first in lines if first in (*LEAF_KEYS, "not") and "…" not in line}
    )


def kept_names() -> list[str]:
    """The attributes that the engine keeps."""
    return [f"{name}.{leaf}" for name, leaves in LEAVES.items() for leaf in leaves]


def test_each_file_that_is_shown_passes_check(tmp_path: Path) -> None:
    shutil.copy(ROOT / "settings.toml", tmp_path)
    for folder in ("campaigns", "segments", "templates", "hooks"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shown = files()
    assert len(shown) >= 8
    for path, text in {**shown, **LISTS}.items():
        (tmp_path / path).write_text(text, "utf-8")
    told = [one for one in load(tmp_path).problems if one.file in shown]
    assert [one for one in told if "uses this segment" not in one.problem] == []


@pytest.mark.parametrize("line", rules())
def test_each_rule_that_is_shown_is_a_rule(line: str) -> None:
    try:
        read_rule(tomllib.loads(f"rule = {line}")["rule"])
    except RuleRefused as refused:
        pytest.fail(f"{line}: {refused}")


@pytest.mark.parametrize("word", sorted({*LEAF_KEYS, *OPS, *WINDOW_KEYS, *kept_names()}))
def test_each_word_of_rules_is_told(word: str) -> None:
    assert re.search(rf"[`{{ ]{re.escape(word)}( =|`)", GUIDE)
