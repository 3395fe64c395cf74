"""Where those who wait at a step go when their flow's file changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.action import Decided, Keep
from lifecycle.core.campaign import Flow
from lifecycle.core.enrollment import Enrollment
from lifecycle.core.facts import Facts
from lifecycle.core.migration import LEAVES, STAYS, Going, going, moved
from lifecycle.core.policy import Policy
from lifecycle.core.settings import Settings
from tests.simulation.shop import instant

NOW = instant("2026-05-04T12:00")
DAY = timedelta(days=1)


def wrote(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "template": "t", "subject": "s", **more}


def flow(*steps: dict[str, Any], **more: Any) -> Flow:
    said = {"name": "F", "kind": "flow", "topic": "offers", "enter": {"when": "x"}, **more}
    found = Flow.model_validate({**said, "step": list(steps)})
    return found.model_copy(update={"id": "f", "version": "new"})


IN_A_BRANCH = {"branch": [{"if": {"everyone": True}, "template": "t", "subject": "s"}]}


@pytest.mark.parametrize(
    ("new", "step", "expected"),
    [
        (flow(wrote("a")), "a", STAYS),
        (flow(wrote("a")), "b", None),
        (flow(wrote("c", was="b")), "b", Going("moves", "c")),
        (flow(wrote("b"), wrote("c", was="b")), "b", STAYS),
        (flow(wrote("c"), migrate={"b": "c"}), "b", Going("moves", "c")),
        (flow(wrote("c"), wrote("b"), migrate={"b": "b"}), "b", Going("moves", "b")),
        (flow(wrote("c"), migrate={"b": {"stay": True}}), "b", STAYS),
        (flow(wrote("c"), migrate={"b": {"leave": True}}), "b", LEAVES),
        (flow({"name": "w", **IN_A_BRANCH, "was": "v"}), "v#1", Going("moves", "w#1")),
        (flow({"name": "w", **IN_A_BRANCH, "was": "v"}), "v#2", None),
    ],
)
def test_the_new_file_says_who_goes_where(new: Flow, step: str, expected: Going | None) -> None:
    assert going(new, step) == expected


def move(new: Flow, to: str, **waits: Any) -> tuple[Enrollment, Decided]:
    """Move one who has waited at `b` for a day."""
    at = NOW - DAY
    of = Enrollment("i", "f", "old", "e", {}, 1, at, "x1", "x", at, {}, step="b", due_at=NOW)
    of = replace(of, decided_at=at, **waits)
    facts = Facts("c", NOW, ZoneInfo("UTC"), enrollments=[of])
    said: dict[str, Any] = {"shop": {"name": "S", "address": "a", "timezone": "UTC", "seed": "s"}}
    said |= {"senders": {"shop": {"from": "S <a@b.example>"}}, "topics": {"offers": {"about": "o"}}}
    policy = Policy(Settings.model_validate(said), {})
    done = moved(new, of, new.way.places[to], facts, policy, NOW, NOW + DAY)
    (kept,) = (one.enrollment for one in done if isinstance(one, Keep))
    return kept, next(one for one in done if isinstance(one, Decided))


def test_the_moment_counts_from_when_the_step_before_was_decided() -> None:
    kept, told = move(flow(wrote("c", after="3 days", was="b")), "c")
    assert (kept.version, kept.step, kept.due_at) == ("new", "c", NOW + 2 * DAY)
    assert (told.what, told.step, told.detail) == ("moved", "b", "from b to c")


def test_a_moment_that_is_past_comes_when_the_backlog_is_spread_to() -> None:
    kept, _ = move(flow(wrote("c", after="1 hour", was="b")), "c")
    assert kept.due_at == NOW + DAY


def test_a_wait_that_has_begun_goes_on_and_keeps_its_end() -> None:
    new = flow({"name": "w", "wait_for": "paid", "up_to": "5 days", "was": "b"})
    kept, _ = move(new, "w", waiting_since=NOW - 2 * DAY)
    assert (kept.waiting_since, kept.due_at) == (NOW - 2 * DAY, NOW + 3 * DAY)
    written, _ = move(flow(wrote("c", after="3 days")), "c", waiting_since=NOW - DAY)
    assert (written.waiting_since, written.due_at) == (None, NOW + 2 * DAY)


def test_what_was_decided_is_not_done_again_under_its_new_name() -> None:
    new = flow(wrote("first", was="a"), wrote("c", after="3 days"))
    kept, told = move(new, "first", decided_steps=("a",))
    assert (kept.step, kept.decided_steps) == ("c", ("first",))
    assert told.detail == "from b to c"


def test_whoever_has_had_it_all_finishes() -> None:
    kept, told = move(flow(wrote("a")), "a", decided_steps=("a",))
    assert not kept.running
    assert told.detail == "from b to the end"
