"""A variant may change each part of its letter, and when it goes: each reaches the reader."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from lifecycle.catalog.load import load
from lifecycle.core.message import Letter
from lifecycle.hooks import Registry
from lifecycle.sim.world import World
from lifecycle.sources.customer_line import read_customer
from lifecycle.sources.event_line import EventIn
from tests.cli.shop import HELLO, SETTINGS, TEMPLATE
from tests.engine.changing import BEGIN, Kept
from tests.simulation.shop import person

PEOPLE = 24
FILES = {
    "settings.toml": SETTINGS.replace(
        "[topics]", 'crm = { from = "Ann of Shop <ann@mail.shop.example>" }\n[topics]'
    ),
    "templates/hello.mjml": TEMPLATE.replace(
        "</mj-text>", " {% if incentive %}{{ incentive.percent }} % off{% endif %}</mj-text>", 1
    ),
    "templates/other.mjml": TEMPLATE.replace("Hello", "Good day"),
}


def letters(folder: Path, url: str, one: str, other: str) -> dict[str, list[Letter]]:
    """What readers of two variants were sent, by variant."""
    said = "".join(
        f'[[step.variant]]\nname = "{name}"\n{keys}\n' for name, keys in (("a", one), ("b", other))
    )
    for name, text in {**FILES, "campaigns/hello.toml": HELLO + said}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    loaded = load(folder)
    assert loaded.catalog is not None, loaded.problems
    out = Kept()
    world = World(loaded.catalog, Registry(), out, database_url=url)
    people = [read_customer(person(f"c{one}"), at=BEGIN) for one in range(PEOPLE)]
    asked = [
        EventIn(f"e{one}", BEGIN, "greeting_asked", f"c{one}", {"greeting_id": one}, BEGIN)
        for one in range(PEOPLE)
    ]
    world.run(people, asked, BEGIN + timedelta(days=2))
    world.close()
    found: dict[str, list[Letter]] = {"a": [], "b": []}
    for letter in out.letters:
        found[letter.variant].append(letter)
    assert len(out.letters) == PEOPLE
    assert all(found.values())
    return found


def hour(letter: Letter) -> str:
    return f"{letter.at:%H:%M}"


Reads = Callable[[Letter], str]


@pytest.mark.parametrize(
    ("one", "other", "reads", "first", "second"),
    [
        ('subject = "One"', 'subject = "Two"', lambda it: it.subject, "One", "Two"),
        ('preheader = "See"', 'preheader = "Hear"', lambda it: it.html, "See", "Hear"),
        ('sender = "shop"', 'sender = "crm"', lambda it: it.sender, "Shop <", "Ann of Shop"),
        ('template = "hello"', 'template = "other"', lambda it: it.html, "Hello", "Good day"),
        (
            "[step.variant.incentive]\nkind = 'percent_off'\npercent = 5",
            "[step.variant.incentive]\nkind = 'percent_off'\npercent = 15",
            lambda it: it.html,
            "5 % off",
            "15 % off",
        ),
        ('at = "14:00"', 'at = "19:30"', hour, "14:00", "19:30"),
    ],
)
def test_a_variant_changes_what_it_says(
    tmp_path: Path,
    sqlite_url: str,
    one: str,
    other: str,
    reads: Reads,
    first: str,
    second: str,
) -> None:
    found = letters(tmp_path, sqlite_url, one, other)
    assert {first in reads(letter) for letter in found["a"]} == {True}
    assert {second in reads(letter) for letter in found["b"]} == {True}
    assert {second in reads(letter) for letter in found["a"]} == {False}
