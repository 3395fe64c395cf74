"""Hooks: found, refused with file and line, asked of what they declare, never raised through."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.facts import Facts as CoreFacts
from lifecycle.hooks import (
    ALL_TIME,
    Event,
    Facts,
    HookFailed,
    HookProblem,
    IncentiveAsked,
    Registry,
    UndeclaredRead,
    answering,
    asked_again,
    find,
    handed_over,
    in_time,
    run_attribute,
    run_incentive,
    run_trigger,
    sample_check,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EXAMPLE = Path(__file__).parents[1] / "hooks" / "keen_on_product.py"
OPENING = (
    '"""Hooks of a test."""\n'
    "from lifecycle.hooks import attribute, incentive, template_filter, trigger\n"
)
HEAD = f'{OPENING}\n@trigger("t", listens_to="seen", also_reads=["bought"])\n'
SECOND = '@trigger("u", listens_to="seen")\ndef u(event, facts):\n    """U."""\n'

Shop = Callable[..., tuple[Registry, list[HookProblem]]]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    def write(*texts: str) -> tuple[Registry, list[HookProblem]]:
        (tmp_path / "hooks").mkdir(exist_ok=True)
        for number, text in enumerate(texts):
            (tmp_path / "hooks" / f"file_{number}.py").write_text(text)
        return find(tmp_path)

    return write


def seen(hours: float, id: str, name: str = "seen", /, **properties: Any) -> Event:
    return Event(NOON + timedelta(hours=hours), id, name, properties)


def facts_of(*events: Event, **attributes: Any) -> CoreFacts:
    facts = CoreFacts("c1", NOON + timedelta(days=9), ZoneInfo("UTC"), attributes=attributes)
    for event in events:
        facts.add_event(event)
    return facts


def test_the_example_hook_tells_the_third_look_within_a_day(tmp_path: Path) -> None:
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / EXAMPLE.name).write_text(EXAMPLE.read_text())
    registry, problems = find(tmp_path)
    assert problems == [] and sample_check(registry) == []
    keen = registry.triggers["keen_on_product"]
    looks = [seen(hour, f"e{hour}", "product_viewed", sku="A", name="Hat") for hour in (0, 1, 2)]
    facts = facts_of(*looks, seen(1, "x", "product_viewed", sku="B"))
    assert [run_trigger(keen, look, facts) for look in looks[:2]] == [None, None]
    made = run_trigger(keen, looks[2], facts)
    assert isinstance(made, Event)
    assert (made.id, made.name, made.at) == (
        "keen_on_product:e2",
        "keen_on_product",
        looks[2].at,
    )
    assert made["sku"] == "A" and made["name"] == "Hat"
    facts.add_event(seen(1.5, "cart", "cart_updated", items=[{"sku": "B"}, {"sku": "A"}]))
    assert run_trigger(keen, looks[2], facts) is None


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (HEAD + "def t(event, facts)\n    pass\n", 5, "cannot be read"),
        (f"{OPENING}raise RuntimeError('no')\n", 3, "raised RuntimeError: no"),
        (f"{OPENING}import sys\nsys.exit(3)\n", 4, "raised SystemExit"),
        (HEAD + "def t(event, facts):\n    return None\n" + SECOND, 4, "has no docstring"),
        (HEAD + 'def t(event, facts):\n    """T."""\n    facts.count("x")\n', 7, "reads “x”"),
        (HEAD + 'async def t(event, facts):\n    """T."""\n', 4, "no plain function"),
        (f'{OPENING}@trigger("t", listens_to=[])\ndef t(a, b): ...\n', 3, "listens to nothing"),
        (
            f'{OPENING}@trigger("t", listens_to="a", looks_back="1 month")\ndef t(a, b): ...\n',
            3,
            "months and years",
        ),
        (
            f'{OPENING}@trigger("t", listens_to=["a", "t"])\ndef t(a, b):\n    """T."""\n',
            3,
            "sets itself off",
        ),
        ("from lifecycle.hooks import trigger\n", 1, "the file has no docstring"),
    ],
)
def test_a_hook_that_is_not_in_order_is_a_problem_with_its_line(
    shop: Shop, text: str, line: int, told: str
) -> None:
    registry, problems = shop(text)
    assert [(one.file, one.line) for one in problems] == [("hooks/file_0.py", line)]
    assert told in problems[0].problem
    assert "t" not in registry.triggers


def test_the_docstring_of_a_file_speaks_for_its_only_hook_and_a_hooks_own_for_itself(
    shop: Shop,
) -> None:
    bare = HEAD + "def t(event, facts):\n    return None\n"
    own = bare.replace("return None", '"""Does nothing."""').removeprefix(
        OPENING.partition("\n")[0]
    )
    for text in (bare, own):
        registry, problems = shop(text)
        assert (problems, list(registry.triggers)) == ([], ["t"])


def test_a_name_taken_twice_is_refused_even_within_one_file(shop: Shop) -> None:
    one = HEAD + 'def t(event, facts):\n    """One."""\n'
    _, problems = shop(one, one)
    assert [problem.file for problem in problems] == ["hooks/file_1.py"]
    assert "already, in hooks/file_0.py:4" in problems[0].problem
    again = '@trigger("t", listens_to="seen")\ndef t(event, facts):\n    """Two."""\n'
    _, problems = shop(one + again, OPENING)
    assert "already, in hooks/file_0.py:4" in problems[0].problem


def test_two_triggers_that_set_each_other_off_are_both_refused(shop: Shop) -> None:
    pair = "".join(
        f'@trigger("{name}", listens_to="{other}")\ndef {name}(e, f):\n    """T."""\n'
        for name, other in (("a", "b"), ("b", "a"), ("c", "a"))
    )
    registry, problems = shop(OPENING + pair)
    assert len(problems) == 2 and set(registry.triggers) == {"c"}


def test_a_file_named_like_a_module_hides_nothing_and_is_read_anew(tmp_path: Path) -> None:
    import json

    (tmp_path / "hooks").mkdir()
    file = tmp_path / "hooks" / "json.py"
    for number in (1, 2):
        file.write_text(
            f'{HEAD}def t(event, facts):\n    """T."""\n    return event.becomes("t", n={number})\n'
        )
        registry, problems = find(tmp_path)
        assert problems == []
        made = run_trigger(registry.triggers["t"], seen(0, "e"), facts_of())
        assert isinstance(made, Event) and made["n"] == number
    assert sys.modules["json"] is json
    assert not list(tmp_path.rglob("*.pyc"))


def test_a_project_without_hooks_has_an_empty_registry(tmp_path: Path) -> None:
    assert find(tmp_path) == (Registry(), [])


def hook(shop: Shop, body: str) -> Any:
    registry, problems = shop(f'{HEAD}def t(event, facts):\n    """T."""\n    {body}\n')
    assert problems == []
    return registry.triggers["t"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise KeyError('sku')", "KeyError: 'sku'"),
        ("raise SystemExit(1)", "SystemExit"),
        ("return t(event, facts)", "RecursionError"),
        ("return 3", "not int"),
        ("return event", "event.becomes"),
        ("return event.becomes('other')", "event.becomes"),
        ("return event.becomes('t', at=event.at)", "no plain value"),
        ("return event.becomes('t', n=float('nan'))", "not finite"),
        ("return event.becomes('t', n='\\ud800')", "half a character"),
        ("return event.becomes('t', n='x' * 40000)", "larger than"),
        ("return event.becomes('t', n=facts.count('sold' + ''))", "“sold” is read"),
    ],
)
def test_a_hook_that_fails_is_told_and_not_raised(shop: Shop, body: str, told: str) -> None:
    failure = run_trigger(hook(shop, body), seen(0, "e1"), facts_of())
    assert isinstance(failure, HookFailed)
    assert (failure.hook, failure.event_id, Path(failure.file).name) == ("t", "e1", "file_0.py")
    assert failure.line in (4, 7)
    assert told in failure.why


def test_a_hook_cannot_change_what_it_is_shown(shop: Shop) -> None:
    body = (
        "event.properties['items'].append(1); facts.first('seen').properties.clear(); "
        "facts.customer['tags'].append('x')"
    )
    event = seen(0, "e1", items=[])
    facts = facts_of(event, tags=["a"])
    assert run_trigger(hook(shop, body), event, facts) is None
    assert event["items"] == [] and facts.attributes == {"tags": ["a"]}


def shown(*events: Event, of: Event, hours: int = 24, **attributes: Any) -> Facts:
    reads = frozenset({"seen", "bought"})
    return Facts(facts_of(*events, **attributes), reads, of.at, timedelta(hours=hours), of)


def test_a_hook_sees_its_window_up_to_and_with_the_event_itself() -> None:
    events = [seen(hour, f"e{hour}") for hour in (-24, -23, 0, 1)]
    same_moment = [seen(0, "a"), seen(0, "z")]
    facts = shown(*events, *same_moment, of=events[2])
    assert [event.id for event in facts.events("seen")] == ["e-23", "a", "e0"]
    assert facts.first("seen") == events[1] and facts.last("seen") == events[2]
    assert facts.count("bought") == 0 and facts.last("bought") is None
    assert facts.now == events[2].at


def test_a_hook_compares_as_rules_do() -> None:
    event = seen(0, "e1", sku="1.0", name="Caf\u00e9", items=[{"a": 1, "b": 1}, {"a": 2, "b": 2}])
    facts = shown(event, of=event)
    assert facts.count("seen", sku=1) == 1
    assert facts.count("seen", name="Cafe\u0301") == 1
    assert facts.count("seen", sku=None) == 0 and facts.count("seen", name="") == 0
    assert facts.count("seen", **{"items.a": 1, "items.b": 1}) == 1
    assert facts.count("seen", **{"items.a": 1, "items.b": 2}) == 0


def test_a_hook_reads_attributes_by_path() -> None:
    event = seen(0, "e1")
    customer = shown(of=event, shipping={"country": "DE"}, children=[{"age": 3}, {"age": 5}])
    assert customer.customer["shipping.country"] == "DE"
    assert customer.customer["children.age"] == [3, 5]
    assert customer.customer["shipping.city"] is None
    assert customer.customer.get("shoe_size", 40) == 40


def test_a_hook_reads_what_the_engine_keeps_of_events_that_it_declares() -> None:
    core = facts_of(
        seen(0, "a", "order_placed", total="10.50"), seen(5, "b", "order_placed", total=5)
    )
    reads, at = frozenset({"order_placed"}), NOON + timedelta(hours=4)
    hook = Facts(core, reads, at, ALL_TIME)
    assert (hook.customer["orders.count"], hook.customer["orders.total"]) == (1, 10.5)
    assert type(hook.customer["orders.total"]) is float
    assert hook.customer["points.balance"] == 0
    for undeclared in (
        Facts(core, frozenset(), at, ALL_TIME),
        Facts(core, reads, at, timedelta(days=30)),
    ):
        with pytest.raises(UndeclaredRead, match="order_placed"):
            _ = undeclared.customer["orders.count"]
    core.attributes = {"orders": {"count": 7}}
    assert Facts(core, frozenset(), at, ALL_TIME).customer["orders.count"] == 7


def test_a_late_event_has_the_later_ones_in_view_asked_again(shop: Shop) -> None:
    trigger = hook(shop, "return None")
    late = seen(0, "late", "bought")
    later = [seen(hour, f"e{hour}") for hour in (24, 23, 1, 0, -1)]
    assert [one.id for one in asked_again(trigger, late, later)] == ["e1", "e23"]
    assert asked_again(trigger, seen(0, "late", "other"), later) == []


def test_the_sample_tells_hooks_that_would_not_replay(shop: Shop) -> None:
    registry, problems = shop(
        f"{OPENING}from itertools import count\nnumbers = count()\n"
        '@trigger("t", listens_to="seen")\ndef t(event, facts):\n    """T."""\n'
        '    return event.becomes("t", n=next(numbers))\n'
        '@attribute("a.b", reads="seen")\ndef a(facts):\n    """A."""\n'
        '    return facts.count("seen")\n'
        '@template_filter("f")\ndef f(value):\n    """F."""\n    return next(numbers)\n'
        '@trigger("u", listens_to="seen")\ndef u(event, facts):\n    """U."""\n    return 1 / 0\n'
        '@incentive("lottery")\ndef i(asked):\n    """I."""\n    return "X"\n'
    )
    assert problems == [] and set(registry.incentives) == {"lottery"}
    found = sample_check(registry)
    assert [(one.severity, one.problem.split("”")[0]) for one in found] == [
        ("error", "“t"),
        ("warning", "the trigger “u"),
        ("error", "“f"),
    ]
    assert run_attribute(registry.attributes["a.b"], facts_of(seen(0, "e"))) == 1


@pytest.mark.parametrize(
    ("body", "given"),
    [
        ('return " WIN-" + asked.key + " "', "WIN-k1"),
        ("return None", ""),
        ("return 7", "TypeError: an incentive hook gives a code as text, not int"),
        ('return "two\\nlines"', "ValueError: a code is a line of 1 to 200 characters"),
        ('return ""', "ValueError: a code is a line of 1 to 200 characters"),
        ("return asked.percent / 0", "ZeroDivisionError: float division by zero"),
        ("raise SystemExit(1)", "SystemExit: 1"),
    ],
)
def test_an_incentive_hook_gives_a_code_none_or_has_failed(
    shop: Shop, body: str, given: str
) -> None:
    registry, problems = shop(
        f'{OPENING}@incentive("lottery")\ndef i(asked):\n    """I."""\n    {body}\n'
    )
    assert problems == []
    asked = IncentiveAsked("k1", "lottery", "c1", "f", percent=10.0)
    made = run_incentive(registry.incentives["lottery"], asked)
    assert (made.why if isinstance(made, HookFailed) else made) == given


def test_a_question_handed_over_is_answered_alike(shop: Shop, tmp_path: Path) -> None:
    trigger = hook(
        shop, 'return event.becomes("t", n=facts.count("seen"), who=facts.customer["v"])'
    )
    events = [seen(hour, f"e{hour}") for hour in (-30, -2, 0, 2)]
    facts = facts_of(*events, seen(0, "x", "other"), v="vip")
    asked = handed_over(trigger, events[2], facts)
    assert [len(asked.facts.events[name]) for name in ("seen", "bought")] == [2, 0]
    answer = answering(tmp_path)(asked)
    assert isinstance(answer, Event)
    assert answer.properties == {"n": 2, "who": "vip"}
    assert answer == run_trigger(trigger, events[2], facts)


def test_a_hook_that_stalls_is_left_behind_and_fails_for_its_event_alone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_time, "SECONDS", 0.2)
    registry, problems = shop(
        HEAD + "def t(event, facts):\n    while event['stuck']:\n        pass\n    return None\n"
    )
    trigger = registry.triggers["t"]
    found = run_trigger(trigger, seen(0, "e1", stuck=True), facts_of())
    assert problems == []
    assert isinstance(found, HookFailed) and "no answer within" in found.why
    assert run_trigger(trigger, seen(1, "e2"), facts_of()) is None
