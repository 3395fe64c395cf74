"""The house rules, enforced by reading syntax trees; each failure names file, line and remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pytest

from tests.house import grain, layers, time_and_chance, words
from tests.house.sources import Finding, Source, project_sources

Check = Callable[[Sequence[Source]], Iterable[Finding]]

CHECKS: dict[str, Check] = {
    "a room imports only from the levels below it": layers.breaches_of_the_levels,
    "no modules import each other in a ring": layers.cycles,
    "a package with a home is used there alone": layers.breaches_of_the_homes,
    "the core is pure": layers.impurities_of_the_core,
    "one module reads the wall clock": time_and_chance.readings_of_the_wall_clock,
    "chance comes from the keyed hash": time_and_chance.throws_of_dice,
    "now has no default": time_and_chance.defaults_for_now,
    "SQL asks no clock": time_and_chance.clocks_inside_sql,
    "one word means one thing": words.banned_words,
    "a module is named after what it holds": words.empty_module_names,
    "nothing names one machine or a registry": words.signs_of_one_machine,
    "files and functions are short": grain.sizes,
    "lines are short": grain.long_lines,
    "modules and public things say what they are": grain.missing_docstrings,
}


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    return project_sources()


@pytest.mark.parametrize("rule", CHECKS)
def test_the_house_rule_holds(rule: str, sources: list[Source]) -> None:
    findings = sorted(map(str, CHECKS[rule](sources)))
    assert not findings, "\n".join([f"{rule}:", *findings])


def test_the_checks_read_the_whole_project(sources: list[Source]) -> None:
    paths = {source.path for source in sources}
    assert {"lifecycle/clock.py", "tests/test_house.py", "pyproject.toml", "Makefile"} <= paths
    assert not any(path.startswith(".venv/") for path in paths)


def test_each_exception_has_a_reason() -> None:
    reasons = [
        *grain.EXCEPTIONS.values(),
        *words.FOREIGN_WORDS.values(),
        *time_and_chance.KEY_MAKERS.values(),
    ]
    assert all(len(reason.split()) > 2 for reason in reasons)
