"""`in_campaign` and `was_sent`: whether a customer is in a campaign now, and what was sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lifecycle.core.enrollment import Enrollment, EnrollmentState
from lifecycle.core.event import Event
from lifecycle.core.rule.problem import RuleRefused
from lifecycle.core.rule.read import read_rule
from lifecycle.core.rule.tree import View
from tests.core.rule.asking import MICRO, NOW, ago, happened, holds, view


def enrolled(campaign: str, state: EnrollmentState = EnrollmentState.ACTIVE) -> Enrollment:
    ended = None if state is EnrollmentState.ACTIVE else ago("1 day")
    return Enrollment(
        id=f"{campaign} {state}",
        campaign=campaign,
        version="1",
        entry="e",
        key={},
        visit=1,
        entered_at=ago("2 days"),
        event_id="e",
        event_name="seen",
        event_at=ago("2 days"),
        properties={},
        state=state,
        ended_at=ended,
    )


@pytest.mark.parametrize("state", EnrollmentState)
def test_a_customer_is_in_a_campaign_while_an_enrollment_runs(state: EnrollmentState) -> None:
    rule = {"in_campaign": "welcome"}
    runs = state is EnrollmentState.ACTIVE
    assert holds(rule, enrollments=[enrolled("welcome", state)]) is runs
    assert not holds(rule, enrollments=[enrolled("other", state)])
    both = [enrolled("welcome", state), enrolled("welcome")]
    assert holds(rule, enrollments=both)


def test_one_whose_letters_alone_are_out_still_runs() -> None:
    waits = replace(enrolled("welcome"), step=None, due_at=None, open_messages=("m",))
    assert holds({"in_campaign": "welcome"}, enrollments=[waits])


def test_why_says_since_when_or_how_it_ended() -> None:
    rule = read_rule({"in_campaign": "welcome"})
    assert rule.needs().running
    assert rule.may_turn_at(view()) is None
    running = view(enrollments=[enrolled("welcome")])
    assert rule.why(running).saw == "since 2026-05-02T12:00:00Z"
    left = view(enrollments=[enrolled("welcome", EnrollmentState.HELD_OUT)])
    assert rule.why(left).saw == "held out at 2026-05-03T12:00:00Z"
    assert rule.why(view()).saw == "never entered"


def sent(at: datetime, campaign: str = "welcome", step: str = "first") -> Event:
    return happened("message_sent", at, campaign=campaign, step=step, variant="")


CASES: list[tuple[str, dict[str, Any], list[Event], bool]] = [
    ("ever", {"was_sent": "welcome"}, [sent(ago("9 days"))], True),
    ("another campaign", {"was_sent": "other"}, [sent(ago("9 days"))], False),
    ("that step", {"was_sent": "welcome/first"}, [sent(ago("9 days"))], True),
    ("another step", {"was_sent": "welcome/last"}, [sent(ago("9 days"))], False),
    ("inside", {"was_sent": "welcome", "within": "9 days"}, [sent(ago("9 days", MICRO))], True),
    ("at the far edge", {"was_sent": "welcome", "within": "9 days"}, [sent(ago("9 days"))], False),
    (
        "between",
        {"was_sent": "welcome", "between": ["9 days ago", "2 days ago"]},
        [sent(ago("1 day")), sent(ago("2 days"))],
        True,
    ),
    ("until", {"was_sent": "welcome", "until": "2026-05-01"}, [sent(ago("2 days"))], False),
    ("since", {"was_sent": "welcome", "since": "2026-05-01"}, [sent(ago("2 days"))], True),
    ("today", {"was_sent": "welcome", "during": "today"}, [sent(NOW)], True),
    ("yesterday", {"was_sent": "welcome", "during": "today"}, [sent(ago("1 day"))], False),
    ("not yet", {"was_sent": "welcome"}, [sent(NOW + MICRO)], False),
    ("nothing", {"was_sent": "welcome"}, [], False),
]


@pytest.mark.parametrize(
    ("rule", "events", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_a_letter_was_sent(rule: dict[str, Any], events: list[Event], wanted: bool) -> None:
    assert holds(rule, events) is wanted


def test_since_entry_counts_from_the_entry_event() -> None:
    rule = {"was_sent": "welcome", "since_entry": True}
    letters = [sent(ago("2 days"))]
    assert holds(rule, letters, entry=happened("seen", ago("3 days")))
    assert not holds(rule, letters, entry=happened("seen", ago("1 day")))
    assert read_rule(rule).needs().entry


def test_it_turns_when_the_last_letter_inside_leaves() -> None:
    letters = [sent(ago("5 days")), sent(ago("4 days"), "other"), sent(ago("1 day"))]
    rule = read_rule({"was_sent": "welcome", "within": "9 days"})
    turns = ago("1 day") + timedelta(days=9)
    assert rule.may_turn_at(view(letters)) == turns
    assert rule.matches(View(view(letters).facts, turns - MICRO))
    assert not rule.matches(View(view(letters).facts, turns))
    enters = read_rule({"was_sent": "welcome", "between": ["9 days ago", "6 days ago"]})
    assert enters.may_turn_at(view(letters)) == ago("5 days") + timedelta(days=6)


def test_it_reads_what_was_sent_as_far_back_as_its_window() -> None:
    needs = read_rule({"was_sent": "welcome", "within": "9 days"}).needs()
    assert [(name, reach.back) for name, reach in needs.reaches] == [
        ("message_sent", timedelta(days=9))
    ]
    assert read_rule({"was_sent": "welcome", "within": "2 x gap"}).needs().attributes == {("gap",)}


def test_why_says_when_the_last_one_was_sent() -> None:
    rule = read_rule({"was_sent": "welcome/first", "within": "9 days"})
    told = rule.why(view([sent(ago("1 day")), sent(ago("2 days"))]))
    assert (told.asks, told.saw) == (
        "was sent welcome/first within 9 days",
        "last at 2026-05-03T12:00:00Z",
    )
    assert rule.why(view()).saw == "nothing sent"
    own = read_rule({"was_sent": "welcome", "within": "2 x gap"})
    assert own.why(view([sent(NOW)])).saw == "the length of the window is unknown"
    assert not own.matches(view([sent(NOW)]))


@pytest.mark.parametrize("said", ["", "/first", "welcome/", 5, ["welcome"]])
def test_what_names_no_campaign_is_refused(said: Any) -> None:
    with pytest.raises(RuleRefused, match="campaign"):
        read_rule({"was_sent": said})
