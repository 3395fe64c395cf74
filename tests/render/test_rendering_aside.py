"""Letters rendered in worker processes: the same as here, and a bad one harms no other."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lifecycle.hooks import find
from lifecycle.render.compile import CompiledTemplate, compile_template
from lifecycle.render.letter import LetterTexts, Rendered
from lifecycle.render.links import Signer
from lifecycle.render.problems import BrokenTemplate
from lifecycle.render.rendering import Asked, RenderingAside, RenderingHere
from lifecycle.render.room import rendering_room
from lifecycle.workers import Workers
from tests.golden.test_starter_letters import FULL, LETTERS, compiled_letter
from tests.render.documents import words

SIGNER = Signer([b"a key of the tests, no secret"])
SECONDS = 1.0
MEMORY_MB = 100
HOOKS = '''"""Filters that misbehave as they are told."""

import os

from lifecycle.hooks import template_filter


@template_filter("told")
def told(value):
    """Do what the value says."""
    if value == "loop":
        while True:
            pass
    if value == "C loop":
        9 ** 9 ** 9
    if value == "exit":
        os._exit(3)
    if value == "memory":
        return "x" * (1024 * 1024 * 1024)
    if value == "raise":
        raise KeyError("sku")
    return str(value).upper()
'''


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "filters.py").write_text(HOOKS, encoding="utf-8")
    (tmp_path / "templates").mkdir()
    said = "<p>{{ customer.name | told }} {{ customer.name }}</p>"
    (tmp_path / "templates" / "letter.mjml").write_text(words(said), encoding="utf-8")
    return tmp_path


@pytest.fixture
def workers(shop: Path) -> Workers:
    return Workers(partial(rendering_room, shop), seconds=SECONDS, memory_mb=MEMORY_MB)


@pytest.fixture
def aside(shop: Path, workers: Workers) -> Iterator[RenderingAside]:
    rendering = RenderingAside(shop, runs=workers)
    yield rendering
    rendering.close()


def template_of(shop: Path) -> CompiledTemplate:
    filters = {name: one.function for name, one in find(shop)[0].filters.items()}
    return compile_template("letter", shop / "templates", filters=filters)


def letters(template: CompiledTemplate, *names: str) -> list[Asked]:
    return [
        Asked(
            template,
            LetterTexts("Hello {{ customer.name }}", "about you"),
            {"customer": {"name": name}},
            SIGNER.for_message("https://m.example", f"{number:032x}"),
        )
        for number, name in enumerate(names)
    ]


def told(results: list[Rendered | BrokenTemplate]) -> list[Any]:
    return [
        one if isinstance(one, BrokenTemplate) else (one.subject, one.html, one.text, one.links)
        for one in results
    ]


def test_letters_made_aside_are_those_made_here(aside: RenderingAside) -> None:
    asked = [
        Asked(
            compiled_letter(name),
            LetterTexts("Hello", "there"),
            FULL,
            SIGNER.for_message("https://m.example", f"{number:032x}", mode=mode),
        )
        for number, name in enumerate(LETTERS[:5])
        for mode in ("individual", "off")
    ]
    for _ in range(2):
        made = aside.render(asked)
        assert told(made) == told(RenderingHere().render(asked))
    first = [one for one in made if isinstance(one, Rendered)]
    again = [one for one in aside.render(asked) if isinstance(one, Rendered)]
    assert all(a.pieces.shape is b.pieces.shape for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("loop", "not finished within"),
        ("C loop", "not finished within"),
        ("exit", "ended"),
        ("memory", "more than"),
        ("raise", "KeyError"),
    ],
)
def test_a_bad_letter_harms_no_other(
    name: str, problem: str, shop: Path, aside: RenderingAside
) -> None:
    names = [*(f"a{number}" for number in range(15)), name, *(f"b{n}" for n in range(15))]
    made = aside.render(letters(template_of(shop), *names))
    bad = made.pop(15)
    assert isinstance(bad, BrokenTemplate) and problem in bad.problem
    assert bad.file == "letter.mjml"
    good = [one for one in made if isinstance(one, Rendered)]
    assert len(good) == 30
    assert [one.subject for one in good] == [f"Hello {one}" for one in names if one != name]


def test_a_worker_that_was_killed_is_told_its_templates_again(
    shop: Path, workers: Workers, aside: RenderingAside
) -> None:
    asked = letters(template_of(shop), "ann", "bo")
    before = told(aside.render(asked))
    process = workers._workers[0]._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert told(aside.render(asked)) == before


def test_filters_that_changed_are_read_again(shop: Path, aside: RenderingAside) -> None:
    first = aside.render(letters(template_of(shop), "ann"))[0]
    file = shop / "hooks" / "filters.py"
    file.write_text(HOOKS.replace(".upper()", ".title() + '!'"), encoding="utf-8")
    second = aside.render(letters(template_of(shop), "ann"))[0]
    assert isinstance(first, Rendered) and "ANN" in first.html
    assert isinstance(second, Rendered) and "Ann!" in second.html


def test_nothing_is_asked_of_workers_for_no_letters(
    workers: Workers, aside: RenderingAside
) -> None:
    assert aside.render([]) == []
    assert workers._workers[0]._process is None
