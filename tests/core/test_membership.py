"""Membership: when a wake-up must be written, and when the kept one may stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.action import Wake
from lifecycle.core.event import Event
from lifecycle.core.facts import Facts
from lifecycle.core.membership import ask
from lifecycle.core.rule.quick import Askers
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import View
from lifecycle.core.segment import Segment

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)
RULE = {"did": "a", "within": "10 days"}


@pytest.mark.parametrize(
    ("why", "kept", "written"),
    [
        ("none is kept", None, NOW + 10 * DAY),
        ("the kept one would be late", NOW + 20 * DAY, NOW + 10 * DAY),
        ("the kept one is early, which is cheaper than a write", NOW + DAY, None),
        ("it is the same", NOW + 10 * DAY, None),
        ("the kept one has come", NOW, NOW + 10 * DAY),
    ],
)
def test_a_wake_up_is_written_where_the_kept_one_would_be_late_or_is_over(
    why: str, kept: datetime | None, written: datetime | None
) -> None:
    facts = Facts("c1", NOW, ZoneInfo("UTC"), segments={"s": NOW - DAY})
    facts.add_event(Event(NOW, "e", "a"))
    if kept is not None:
        facts.wakes["s"] = kept
    segment = Segment.model_validate({"name": "s", "match": RULE})
    view = View(facts, NOW)
    actions = ask({"s": segment}, Askers({"s": read_rule(RULE)}), ["s"], view)
    wakes = [one.wake_at for one in actions if isinstance(one, Wake)]
    assert wakes == ([] if written is None else [written]), why
