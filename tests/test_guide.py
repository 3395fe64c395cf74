"""The guide for marketers shows nothing that `check` would refuse, and tells what happens."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from lifecycle.catalog.load import load
from lifecycle.core.campaign import Broadcast, Flow, Sending, Series, StopIf, Waves
from lifecycle.core.case import Case, CaseCustomer
from lifecycle.core.deed import DEEDS
from lifecycle.core.enter import Enter, Exit, Goal, Holdout
from lifecycle.core.incentive import KINDS, IncentiveOffer
from lifecycle.core.kept import LEAVES
from lifecycle.core.recurring import PLACEHOLDERS
from lifecycle.core.rule.compare import OPS
from lifecycle.core.rule.problem import RuleRefused
from lifecycle.core.rule.read import LEAF_KEYS, read_rule
from lifecycle.core.rule.window import WINDOW_KEYS
from lifecycle.core.settings import (
    Attribution,
    Breaker,
    Cap,
    ReferralReward,
    SendingPolicy,
    Topic,
    Tracking,
    Utm,
)
from lifecycle.core.step import Step, Variant, Winner
from lifecycle.core.warm_up import WarmUp
from lifecycle.hooks import find
from lifecycle.sim.cases import run_all

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs" / "marketers.md").read_text("utf-8")
CASES = ROOT / "tests" / "guide"
"""What the guide says of its examples, as cases."""
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ((?:campaigns|segments|tests/campaigns)/\w+\.toml)(?::|\n)")
LISTS = {"segments/press.csv": "customer_id,name\nada,Ada\n"}
"""Files beside those that are shown."""
MONTHLY = "newsletter/2027-06.mjml"
"""A template of the recurring letter that is shown."""
OF_ITSELF = ("uses this segment", "nothing else speaks of", "is not there yet", "without [exit]")
"""Doubts about examples that stand alone: nobody uses them, nobody speaks of their events."""
NOT_WRITTEN = {"id", "version", "policy"}
"""Keys that no file says, or none may say yet."""
WORDS = (
    *(Flow, Broadcast, Series, Enter, Exit, Goal, Holdout, Sending, Step, Variant, Winner),
    *(IncentiveOffer, Waves, StopIf, SendingPolicy, Cap, Breaker, Case, CaseCustomer),
    *(Topic, Tracking, Utm, WarmUp, Attribution, ReferralReward),
)


def shown() -> list[str]:
    """Each piece of TOML that is shown."""
    return [text for kind, text in FENCED.findall(GUIDE) if kind == "toml"]


def files() -> dict[str, str]:
    """The files that are shown whole, by path."""
    return {match[1]: text for text in shown() if (match := FILE.match(text))}


def part(first: str) -> str:
    """The one piece of TOML whose first line begins so."""
    (found,) = (text for text in shown() if text.startswith(first))
    return found


def rules() -> list[str]:
    """The rules shown in a line: what stands in braces between backticks and begins as a leaf."""
    lines = re.findall(r"`(\{ (\w+)[^`]*\})`", FENCED.sub("", GUIDE))
    return sorted(
        {line for line, first in lines if first in (*LEAF_KEYS, "not") and "…" not in line}
    )


def kept_names() -> list[str]:
    """The attributes that the engine keeps."""
    return [f"{name}.{leaf}" for name, leaves in LEAVES.items() for leaf in leaves]


def keys_of(model: type[BaseModel]) -> set[str]:
    """The keys that a table of a file may say."""
    return {field.alias or name for name, field in model.model_fields.items()} - NOT_WRITTEN


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The example shop with all that the guide shows."""
    shutil.copy(ROOT / "settings.toml", tmp_path)
    for folder in ("campaigns", "segments", "templates", "hooks"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "tests" / "campaigns").mkdir(parents=True)
    (tmp_path / "templates" / MONTHLY).parent.mkdir()
    shutil.copy(tmp_path / "templates" / "sale" / "spring.mjml", tmp_path / "templates" / MONTHLY)
    for path, text in {**files(), **LISTS}.items():
        (tmp_path / path).write_text(text, "utf-8")
    return tmp_path


def told(shop: Path) -> list[str]:
    """What `check` says of the files that are shown."""
    found = load(shop).problems
    return [
        f"{one.file}:{one.line} {one.problem}"
        for one in found
        if one.file in {*files(), "settings.toml"} and not any(x in one.problem for x in OF_ITSELF)
    ]


def test_each_file_that_is_shown_passes_check(shop: Path) -> None:
    assert len(files()) >= 17
    assert told(shop) == []


def test_the_settings_that_are_shown_pass_check(shop: Path) -> None:
    file = shop / "settings.toml"
    text = file.read_text("utf-8")
    before, mark, after = text.partition("[sending]\n")
    assert mark
    _, mark, after = after.partition("[transport]\n")
    assert mark
    file.write_text(before + part("# settings.toml") + mark + after, "utf-8")
    assert told(shop) == []


@pytest.mark.parametrize("text", [one for one in shown() if one.startswith("# in settings.toml")])
def test_each_part_of_the_settings_that_is_shown_passes_check(shop: Path, text: str) -> None:
    file = shop / "settings.toml"
    rest = file.read_text("utf-8")
    for table in tomllib.loads(text):
        rest = re.sub(rf"(?ms)^\[{table}\]\n.*?(?=^\[)", "", rest)
    file.write_text(f"{text}\n{rest}", "utf-8")
    assert told(shop) == []


def test_the_changed_flow_that_is_shown_passes_check(shop: Path) -> None:
    file = shop / "campaigns" / "how_was_it.toml"
    step, mark, migrate = part("# campaigns/how_was_it.toml, changed").partition("[migrate]\n")
    assert mark
    old = '[[step]]\nname     = "answer"\nwait_for = "survey_answered"\nup_to    = "5 days"\n'
    text = file.read_text("utf-8")
    assert old in text
    changed = step.partition("\n")[2].strip() + "\n"
    file.write_text(f"{text.replace(old, changed)}\n{mark}{migrate}", "utf-8")
    assert told(shop) == []


def test_what_the_guide_tells_of_its_examples_happens(shop: Path) -> None:
    for file in CASES.glob("*.toml"):
        target = shop / "tests" / "campaigns" / file.name
        assert not target.exists()
        shutil.copy(file, target)
    catalog = load(shop).catalog
    assert catalog is not None
    results = list(run_all(catalog, find(shop)[0]))
    assert len(results) >= 8
    assert [f"{one.campaign}: {one.case}" for one in results if not one.passed] == []


@pytest.mark.parametrize("line", rules())
def test_each_rule_that_is_shown_is_a_rule(line: str) -> None:
    try:
        read_rule(tomllib.loads(f"rule = {line}")["rule"])
    except RuleRefused as refused:
        pytest.fail(f"{line}: {refused}")


@pytest.mark.parametrize("word", sorted({*LEAF_KEYS, *OPS, *WINDOW_KEYS, *kept_names()}))
def test_each_word_of_rules_is_told(word: str) -> None:
    assert re.search(rf"[`{{ ]{re.escape(word)}( =|`)", GUIDE)


@pytest.mark.parametrize("word", sorted({*DEEDS, *(key for one in WORDS for key in keys_of(one))}))
def test_each_word_of_campaigns_is_told(word: str) -> None:
    named = rf"(?m)(^|[`{{ \[.,]){re.escape(word)}(\s+=|`|[\] ,}}])"
    assert re.search(named, GUIDE)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_incentive_is_told(kind: str) -> None:
    assert f'`"{kind}"`' in GUIDE


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_each_placeholder_of_a_recurring_template_is_told(placeholder: str) -> None:
    assert f"`{{{placeholder}}}`" in GUIDE
