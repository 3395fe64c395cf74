"""Campaigns as models: what they default to, and what they refuse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from lifecycle.core.campaign import Broadcast, Flow
from lifecycle.core.enter import Enter
from lifecycle.core.step import Step

STEP: dict[str, Any] = {"name": "a", "template": "x", "subject": "s"}
FLOW: dict[str, Any] = {
    "name": "f",
    "kind": "flow",
    "topic": "offers",
    "enter": {"when": "order_placed"},
    "step": [STEP, {**STEP, "name": "b", "was": "old"}, {**STEP, "name": "c"}],
}
BROADCAST: dict[str, Any] = {
    "name": "b",
    "kind": "broadcast",
    "topic": "offers",
    "at": "2027-04-14T09:00:00",
    "template": "x",
    "subject": "s",
    "audience": {"everyone": True},
}


def problem(said: dict[str, Any], model: type[Any] = Flow) -> str:
    """The first problem of a definition that is refused."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(said)
    found = caught.value.errors()[0]
    return str(found.get("ctx", {}).get("problem", found["msg"]))


def test_what_is_unsaid_has_its_default():
    flow = Flow.model_validate(FLOW)
    assert (flow.status, flow.priority, flow.klass) == ("draft", 50, "triggered")
    assert (flow.enter.repeat, flow.enter.existing) == ("ignore", "skip")
    assert flow.enter.too_late == timedelta(days=1)
    assert flow.sending.stale_after == timedelta(days=7)
    assert not flow.sending.says_quiet_hours
    assert Broadcast.model_validate(BROADCAST).klass == "campaign"


@pytest.mark.parametrize(
    ("enter", "expected"),
    [
        ({"when": "x"}, "never"),
        ({"when": "x", "per": "id"}, "once per key"),
        ({"when": "x", "again": "always"}, "always"),
        ({"when": "x", "per": "id", "again": "after 7 days"}, timedelta(days=7)),
    ],
)
def test_entering_again_depends_on_the_key_if_unsaid(enter: dict[str, Any], expected: object):
    assert Enter.model_validate(enter).again_said == expected


@pytest.mark.parametrize(
    "enter",
    [
        {},
        {"when": "x", "joins": "y"},
        {"joins": "y", "per": "id"},
        {"when": "x", "existing": "enroll"},
        {"when": "x", "yearly": True},
        {"when": "x", "at_most": 3},
        {"when": []},
        {"when": "x", "per": ""},
        {"when": "x", "per": ["a", 5]},
    ],
)
def test_a_way_in_that_makes_no_sense_is_refused(enter: dict[str, Any]):
    problem(enter, Enter)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"template": None}, "names its `template`"),
        ({"subject": None}, "needs a `subject`"),
        ({"variant": [{"name": "a"}, {"name": "a"}]}, "taken twice"),
        ({"variant": [{"name": "a"}], "winner": {"by": "click_rate"}}, "two variants or more"),
        ({"variant": [{"name": "a", "at": "10:00"}, {"name": "b"}]}, "all variants carry `at`"),
        ({"incentive": {"kind": "percent_off"}}, "says its `percent`"),
        ({"incentive": {"kind": "shared_code"}}, "says its `code`"),
        ({"variant": [{"name": "a", "share": 0}]}, "greater than 0"),
    ],
)
def test_a_letter_that_cannot_be_made_is_refused(change: dict[str, Any], expected: str):
    assert expected in problem({**STEP, **change}, Step)


def test_a_step_may_leave_subject_and_template_to_all_its_variants():
    variants = [{"name": one, "template": "x", "subject": "s"} for one in "ab"]
    assert Step.model_validate({"name": "a", "variant": variants}).template is None


def test_steps_follow_one_another_and_answer_to_their_old_names():
    flow = Flow.model_validate(FLOW)
    order = [flow.way.after(name) for name in (None, "a", "old", "b", "c", "gone")]
    assert [step.name if step else None for step in order] == ["a", "b", "c", "c", None, None]


@pytest.mark.parametrize("topic", [None])
def test_a_topic_is_needed_unless_all_is_transactional(topic: str | None):
    assert "topic" in problem({**FLOW, "topic": topic})
    service = {**STEP, "transactional": True}
    assert Flow.model_validate({**FLOW, "topic": topic, "step": [service]}).topic is None
    assert "topic" in problem({**FLOW, "topic": topic, "step": [service, {**STEP, "name": "b"}]})
    assert "topic" in problem({**BROADCAST, "topic": topic}, Broadcast)


def test_more_steps_than_a_flow_may_have_are_refused():
    steps = [{**STEP, "name": f"s{number}"} for number in range(101)]
    assert "100" in problem({**FLOW, "step": steps})


def test_a_broadcast_is_one_letter():
    letter = Broadcast.model_validate(BROADCAST).letter()
    assert (letter.name, letter.template, letter.subject) == ("letter", "x", "s")
    assert "subject" in problem({**BROADCAST, "subject": None}, Broadcast)
