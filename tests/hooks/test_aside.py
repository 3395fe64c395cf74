"""Hooks in processes of their own: what gets stuck is told, and nothing here waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.hooks import (
    AskedAside,
    CodeAsked,
    HookFailed,
    IncentiveAsked,
    find,
    find_tried,
    in_time,
    run,
    sample_tried,
)
from lifecycle.hooks import aside as aside_module
from lifecycle.hooks import tried as tried_module
from lifecycle.hooks.here import AskedHere

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TRIGGER = '''"""Makes a thing of what is seen."""

from lifecycle.hooks import attribute, trigger


@attribute("seen_often", reads="seen")
def seen_often(facts):
    """Whether it was seen twice."""
    return facts.count("seen") > 1


@trigger("made", listens_to="other")
def made(event, facts):
    """Tell whether it was seen often; get stuck where it is told to."""
    if event.properties.get("stuck"):
        return 9 ** 9 ** 9
    return event.becomes("made", often=facts.customer["seen_often"])
'''
INCENTIVE = '''"""Makes codes."""

import os
from pathlib import Path

from lifecycle.hooks import incentive


@incentive("lottery")
def lottery(asked):
    """Give the key, or do what the customer's id says."""
    with (Path(__file__).parent / "asked.txt").open("a") as told:
        told.write(asked.key + "\\n")
    if asked.customer_id == "stuck":
        return 9 ** 9 ** 9
    if asked.customer_id == "ends":
        os._exit(3)
    if asked.customer_id == "raises":
        raise ValueError("no")
    return None if asked.customer_id == "none" else f"CODE-{asked.key}"
'''
Put = Callable[[str, str], Path]


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    (tmp_path / "hooks").mkdir()
    monkeypatch.setattr(tried_module, "IMPORT_SECONDS", 1.0)
    monkeypatch.setattr(tried_module, "SAMPLE_SECONDS", 1.5)
    monkeypatch.setattr(aside_module, "GRACE_SECONDS", 0.5)
    monkeypatch.setattr(in_time, "SECONDS", 0.5)

    def write(name: str, text: str) -> Path:
        (tmp_path / "hooks" / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def facts_of(*events: Event) -> Facts:
    facts = Facts("c1", NOW, ZoneInfo("UTC"))
    for event in events:
        facts.add_event(event)
    return facts


@pytest.fixture
def asking(put: Put) -> Iterator[AskedAside]:
    root = put("hook.py", TRIGGER)
    made = AskedAside(root, find(root)[0])
    yield made
    made.close()


def test_a_trigger_asked_aside_says_what_it_says_here(put: Put, asking: AskedAside) -> None:
    registry, problems = find(put("hook.py", TRIGGER))
    assert problems == []
    seen = [Event(NOW - timedelta(hours=hour), f"s{hour}", "seen", {}) for hour in (1, 2)]
    event = Event(NOW, "e1", "other", {"n": 1})
    trigger = registry.triggers["made"]
    for facts in (facts_of(*seen, event), facts_of(event)):
        facts.computed = lambda name, facts=facts: len(facts.events.get("seen", [])) > 1
        answer = asking.trigger(trigger, event, facts)
        assert isinstance(answer, Event)
        here = AskedHere().trigger(trigger, event, facts)
        assert isinstance(here, Event)
        assert (answer, answer.properties) == (here, here.properties)


def test_a_trigger_that_gets_stuck_in_c_fails_for_its_event_alone(
    put: Put, asking: AskedAside
) -> None:
    trigger = find(put("hook.py", TRIGGER))[0].triggers["made"]
    stuck = asking.trigger(trigger, Event(NOW, "e1", "other", {"stuck": True}), facts_of())
    assert isinstance(stuck, HookFailed) and stuck.event_id == "e1" and "stalled" in stuck.why
    event = Event(NOW, "e2", "other", {})
    assert isinstance(asking.trigger(trigger, event, facts_of(event)), Event)


@pytest.fixture
def codes(put: Put, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[AskedAside, Path]]:
    """Somebody who asks for codes aside, and where the keys are told that were asked for."""
    monkeypatch.setattr(run, "INCENTIVE_SECONDS", 3.0)
    root = put("hook.py", INCENTIVE)
    made = AskedAside(root, find(root)[0])
    yield made, root / "hooks" / "asked.txt"
    made.close()


def questions(root: Path, *customers: str) -> list[CodeAsked]:
    hook = find(root)[0].incentives["lottery"]
    return [
        (hook, IncentiveAsked(f"k{place}", "lottery", customer, "f"))
        for place, customer in enumerate(customers)
    ]


def test_codes_asked_for_aside_are_those_given_here(codes: tuple[AskedAside, Path]) -> None:
    asking, told = codes
    asked = questions(told.parent.parent, "c1", "none", "raises", "c2")
    said = asking.incentives(asked)
    assert said == AskedHere().incentives(asked)
    assert said[0::3] == ["CODE-k0", "CODE-k3"] and said[1] == ""
    assert isinstance(said[2], HookFailed) and "no" in said[2].why
    assert sorted(told.read_text().split()) == sorted(["k0", "k1", "k2", "k3"] * 2)
    assert asking.incentives([]) == []
    many = questions(told.parent.parent, *["c1"] * 8)
    for _ in range(3):
        assert asking.incentives(many) == [f"CODE-k{place}" for place in range(8)]


@pytest.mark.parametrize(("how", "why"), [("stuck", "stalled"), ("ends", "crashed")])
def test_a_hook_that_takes_its_process_along_is_without_its_own_code_alone(
    how: str, why: str, codes: tuple[AskedAside, Path]
) -> None:
    asking, told = codes
    one, bad, other = asking.incentives(questions(told.parent.parent, "c1", how, "c2"))
    assert (one, other) == ("CODE-k0", "CODE-k2")
    assert isinstance(bad, HookFailed) and why in bad.why and bad.hook == "lottery"
    assert set(told.read_text().split()) == {"k0", "k1", "k2"}, "a retry has the same key"
    assert asking.incentives(questions(told.parent.parent, "c3")) == ["CODE-k0"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('"""Loops."""\nwhile True:\n    pass\n', "importing it does not end"),
        ('"""Stuck in C."""\n9 ** 9 ** 9 ** 9\nn = 9\nn ** n ** n\n', "importing it does not end"),
        ('"""Ends."""\nimport os\nos._exit(0)\n', "importing it ends the process"),
    ],
)
def test_a_file_that_gets_stuck_at_import_is_told_and_left_out(
    text: str, problem: str, put: Put
) -> None:
    put("bad.py", text)
    root = put("good.py", TRIGGER)
    registry, problems = find_tried(root)
    assert [(one.file, one.severity) for one in problems] == [("hooks/bad.py", "error")]
    assert problem in problems[0].problem
    assert list(registry.triggers) == ["made"]


def test_a_hook_that_gets_stuck_on_the_sample_is_told(put: Put) -> None:
    root = put("hook.py", TRIGGER.replace('event.properties.get("stuck")', "True"))
    registry, problems = find_tried(root)
    assert problems == []
    found = sample_tried(registry, root)
    assert [one.problem for one in found] == ["“made” on a sample does not end"]
    assert found[0].file == "hooks/hook.py" and found[0].line > 0


def test_a_project_without_hooks_starts_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tried_module, "Workers", None)
    registry, problems = find_tried(tmp_path)
    assert (problems, sample_tried(registry, tmp_path)) == ([], [])
