"""The cases in tests/campaigns/: each passes, and together they cover the starter library."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lifecycle.catalog.catalog import Catalog
from lifecycle.cli.project import read_project
from lifecycle.hooks import Registry
from lifecycle.sim.cases import run_all

ROOT = Path(__file__).parents[2]
CAMPAIGNS = sorted(path.stem for path in (ROOT / "campaigns").glob("*.toml"))
CHANGES = {
    "summer time begins": ("2026-03-29", "summer"),
    "summer time ends": ("2026-10-25", "winter"),
}
ONE_DAY = {"spring_sale"}
"""Campaigns that go out on one stated day, on which no clock changes."""


@cache
def shop() -> tuple[Catalog, Registry]:
    """The shop of this folder."""
    project = read_project(ROOT)
    assert project.catalog is not None
    return project.catalog, project.hooks


@cache
def written(campaign: str) -> tuple[dict[str, Any], str]:
    """A campaign as written, and the text of its cases."""
    said = tomllib.loads((ROOT / "campaigns" / f"{campaign}.toml").read_text("utf-8"))
    return said, (ROOT / "tests" / "campaigns" / f"{campaign}.toml").read_text("utf-8")


def expected(campaign: str) -> list[dict[str, Any]]:
    """Everything that the cases of a campaign expect."""
    return [one for case in tomllib.loads(written(campaign)[1])["case"] for one in case["expect"]]


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_every_case_passes(campaign: str) -> None:
    results = list(run_all(*shop(), campaign))
    assert results
    assert [(one.case, one.problem, one.lines) for one in results if not one.passed] == []


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_every_exit_and_every_letter_has_a_case(campaign: str) -> None:
    said, _ = written(campaign)
    leaving = said.get("exit", {})
    when = leaving.get("when", [])
    exits = {when} if isinstance(when, str) else set(when)
    exits |= {"if"} if "if" in leaving else set()
    assert exits <= {one.get("left") for one in expected(campaign)}
    steps = said.get("step", [{"name": "letter", "template": said.get("template")}])
    letters = {step["name"] for step in steps if "suppress" not in step}
    assert letters <= {one.get("sent") for one in expected(campaign)}


@pytest.mark.parametrize("campaign", [one for one in CAMPAIGNS if one not in ONE_DAY])
@pytest.mark.parametrize("change", CHANGES)
def test_both_changes_of_the_clock_have_a_case(campaign: str, change: str) -> None:
    day, season = CHANGES[change]
    text = written(campaign)[1]
    assert day in text or f"{season} time" in text
