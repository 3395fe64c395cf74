"""Templates compiled in a process of their own: the same as here, and none takes this one along."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lifecycle.render import compiling_aside
from lifecycle.render.compile import (
    CompiledTemplate,
    Source,
    afresh,
    compile_template,
    compile_text,
)
from lifecycle.render.compiling_aside import CompilingAside
from tests.render.documents import words

FILTERS = {"shout": str.upper}
GOOD = words('{{ "a" | shout }} <a href="https://shop.example/">{{ customer.name }}</a>')
HUGE = words("".join(f"<b>{{{{ item{number} }}}}</b> " for number in range(3_500)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.mjml").write_text(GOOD)
    (tmp_path / "good.de.mjml").write_text(GOOD.replace("shop", "laden"))
    (tmp_path / "broken.mjml").write_text(words("{% if %}"))
    (tmp_path / "huge.mjml").write_text(HUGE)
    return tmp_path


def alike(one: CompiledTemplate, other: CompiledTemplate) -> bool:
    fields = {*CompiledTemplate.__dataclass_fields__} - ({"filters"} if not one.ok else set())
    return all(getattr(one, name) == getattr(other, name) for name in fields)


def test_what_is_compiled_aside_is_what_is_compiled_here(folder: Path) -> None:
    source = Source("good", folder)
    sources = [
        source,
        replace(source, locale="de"),
        replace(source, name="broken"),
        replace(source, name="none"),
        replace(source, name="../up"),
        replace(source, name="campaigns/f#1", markdown="# Hello {{ customer.name | shout }}"),
        replace(source, name="campaigns/f#2", markdown="{{ customer.name | whisper }}"),
    ]
    with CompilingAside() as aside:
        for one in sources:
            here, there = afresh(one, FILTERS)[1], aside(one, FILTERS)[1]
            assert alike(here, there), one
    assert dict(afresh(source, FILTERS)[1].filters) == FILTERS


@pytest.mark.parametrize(
    ("limit", "least", "said"),
    [("COMPILE_SECONDS", 0.05, "takes over 0.05 seconds"), ("COMPILE_MEMORY_MB", 1, "")],
)
def test_a_template_beyond_the_limits_is_an_error_and_the_next_is_compiled(
    limit: str, least: float, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    normal = getattr(compiling_aside, limit)
    monkeypatch.setattr(compiling_aside, limit, least)
    with CompilingAside() as aside:
        failed = compile_template("huge", folder, by=aside)
        text = compile_text("campaigns/f#1", HUGE, folder, by=aside)
    assert not failed.ok and failed.problems[0].file == "huge.mjml"
    assert not text.ok and text.problems[0].file == "campaigns/f#1"
    assert said in failed.problems[0].problem
    monkeypatch.setattr(compiling_aside, limit, normal)
    with CompilingAside() as aside:
        assert compile_template("good", folder, by=aside, filters=FILTERS).ok
        if limit == "COMPILE_SECONDS":
            assert compile_template("huge", folder, by=aside).ok, "what was late is tried again"


def test_what_is_known_needs_no_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with CompilingAside() as aside:
        first = compile_template("good", folder, by=aside, filters=FILTERS)
    monkeypatch.setattr(compiling_aside, "compiling_room", None)
    with CompilingAside() as aside:
        assert compile_template("good", folder, by=aside, filters=FILTERS) is first
