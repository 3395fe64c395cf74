"""Feedback events in a history: which message they mean, and what they stop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.simulation.shop import (
    event,
    flow,
    person,
    play,
    segment,
    shop,
    step,
)

FEEDBACK = [
    event("2026-05-04T10:00:00", "a"),
    event("2026-05-05T10:00:00", "a"),
    event("2026-05-06T10:00:00", "message_clicked", campaign="f", step="hello", url="u"),
]


def test_feedback_by_campaign_and_step_means_the_latest_such_message(tmp_path: Path) -> None:
    catalog = shop(
        {"f": flow('when = "a"\nagain = "always"')},
        {
            "clicked": segment(
                '{ did = "message_clicked", where = { campaign = "f", step = "hello" } }'
            )
        },
    )
    kept = tmp_path / "kept.db"
    played = play(tmp_path, catalog, FEEDBACK, keep=kept)
    assert played.turns() == ["05-06 10:00 joined clicked"]
    with create_engine(f"sqlite:///{kept}").connect() as connection:
        rows = connection.execute(
            text("SELECT clicked_at FROM message ORDER BY attempted_at")
        ).all()
        named = connection.execute(
            text("SELECT properties FROM event WHERE name = 'message_clicked'")
        ).scalar()
        latest = connection.execute(
            text("SELECT message_id FROM message ORDER BY attempted_at DESC")
        ).scalar()
    assert [row[0] is not None for row in rows] == [False, True]
    assert json.loads(str(named))["message_id"] == latest


@pytest.mark.parametrize(
    ("feedback", "stops"),
    [
        (("message_bounced", {"kind": "hard"}), "suppressed"),
        (("message_bounced", {"kind": "soft"}), ""),
        (("message_complained", {}), "suppressed"),
        (("message_complained", {"former_address": True}), ""),
        (("message_unsubscribed", {}), "no_consent"),
        (("message_opened", {}), ""),
    ],
)
def test_feedback_in_the_history_stops_letters_as_it_does_live(
    tmp_path: Path, feedback: tuple[str, dict[str, Any]], stops: str
) -> None:
    catalog = shop({"f": flow('when = "a"\nagain = "always"')})
    name, properties = feedback
    lines = [
        event("2026-05-04T10:00:00", "a"),
        event("2026-05-05T10:00:00", name, campaign="f", step="hello", **properties),
        event("2026-05-06T10:00:00", "a"),
    ]
    last = play(tmp_path, catalog, lines).told(but=("entered", "finished"))[-1]
    assert last == (f"05-06 10:00 dropped hello {stops}" if stops else "05-06 10:00 sent hello")


@pytest.mark.parametrize(
    ("feedback", "turns"),
    [
        (("message_bounced", {"kind": "hard"}), ["05-05 10:00 joined out"]),
        (("message_bounced", {"kind": "soft"}), []),
        (("message_complained", {"message_id": "of another tool"}), ["05-05 10:00 joined out"]),
        (("message_unsubscribed", {}), []),
    ],
)
def test_a_bounce_or_complaint_suppresses_also_where_its_letter_is_not_ours(
    tmp_path: Path, feedback: tuple[str, dict[str, str]], turns: list[str]
) -> None:
    name, properties = feedback
    lines = [
        event("2026-05-04T10:00:00", "b"),
        event("2026-05-05T10:00:00", name, **properties),
    ]
    catalog = shop({"f": flow('when = "a"')}, {"out": segment("{ suppressed = true }")})
    assert play(tmp_path, catalog, lines).turns() == turns


def test_a_consent_told_as_an_event_of_the_history_counts(tmp_path: Path) -> None:
    text = flow('when = "a"\nagain = "always"', step())
    lines = [
        event("2026-05-04T10:00:00", "a"),
        event("2026-05-04T11:00:00", "consent_withdrawn", topic="offers"),
        event("2026-05-04T12:00:00", "a"),
        event("2026-05-04T13:00:00", "consent_given", topic="offers"),
        event("2026-05-04T14:00:00", "a"),
    ]
    played = play(tmp_path, shop({"f": text}), lines, people=[person()])
    whats = [row["what"] for row in played.decisions if row["what"] in ("sent", "dropped")]
    assert whats == ["sent", "dropped", "sent"]
