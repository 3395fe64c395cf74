"""Deeds that change facts, by replay: what they change is seen at the very same instant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulation.shop import event, flow, play, segment, settings, shop, step

POINTS = """
[points]
earn   = [ { when = "order_placed", per_amount = 1, points = 1 } ]
expire = "365 days"
tiers  = [ { name = "silver", from = 500 } ]
"""
AT = "2026-05-04T10:00:00"
SIGNED_UP = 'when = "signed_up"'


def does(name: str, deed: str, more: str = "") -> str:
    """A step that does something beside writing."""
    return f'[[step]]\nname = "{name}"\n{deed}\n{more}\n'


def test_what_is_set_turns_segments_and_their_flows_at_the_same_instant(tmp_path: Path) -> None:
    campaigns = {
        "marks": flow(
            SIGNED_UP,
            does("mark", 'after = "1 hour"\nset = { "status.level" = "vip", since = 2026-05-04 }'),
            step("after", 'only_if = { in_segment = "vip" }'),
        ),
        "greets": flow('joins = "vip"', step("welcome")),
    }
    segments = {"vip": segment('{ customer = "status.level", is = "vip" }')}
    played = play(tmp_path, shop(campaigns, segments), [event(AT, "signed_up")])
    assert played.turns() == ["05-04 11:00 joined vip"]
    assert played.sent() == ["05-04 11:00 greets/welcome", "05-04 11:00 marks/after"]


def test_what_is_set_reaches_into_tables_and_leaves_the_rest(tmp_path: Path) -> None:
    campaigns = {
        "marks": flow(
            SIGNED_UP,
            does("one", 'set = { prefs = { colour = "red" } }'),
            does("two", 'set = { "prefs.size" = 42 }'),
        )
    }
    segments = {
        "both": segment(
            '{ all = [ { customer = "prefs.colour", is = "red" }, '
            '{ customer = "prefs.size", is = 42 }, { customer = "prefs.old", is = true } ] }'
        ),
        "lasting": segment('{ customer = "prefs.colour", is = "red", held_for = "2 days" }'),
    }
    people = [{"id": "c1", "attributes": {"prefs": {"old": True}}}]
    played = play(tmp_path, shop(campaigns, segments), [event(AT, "signed_up")], people=people)
    assert played.turns() == ["05-04 10:00 joined both", "05-06 10:00 joined lasting"]


def test_an_award_is_seen_by_rules_and_leads_to_a_tier_at_the_same_instant(tmp_path: Path) -> None:
    campaigns = {
        "bonus": flow(
            SIGNED_UP,
            does("points", "award = 500"),
            step("told", 'only_if = { customer = "points.balance", at_least = 500 }'),
        ),
        "tiers": flow(
            'when = "tier_reached"\nonly_if = { event = "tier", is = "silver" }', step("silver")
        ),
        "earned": flow('when = "points_earned"\nper = "source"', step("thanks")),
    }
    segments = {"rich": segment('{ customer = "points.tier", is = "silver" }')}
    catalog = shop(campaigns, segments, settings(POINTS))
    played = play(tmp_path, catalog, [event(AT, "signed_up")])
    assert "05-04 10:00 awarded points" in played.told("bonus")
    assert played.sent() == [
        "05-04 10:00 bonus/told",
        "05-04 10:00 earned/thanks",
        "05-04 10:00 tiers/silver",
    ]
    assert played.turns() == ["05-04 10:00 joined rich"]


@pytest.mark.parametrize(
    ("offer", "rule"),
    [
        ('kind = "percent_off", percent = 10', '{ customer = "incentives.open", at_least = 1 }'),
        ('kind = "points", points = 70', '{ customer = "points.balance", is = 70 }'),
    ],
)
def test_an_issue_is_seen_by_rules_and_by_flows(tmp_path: Path, offer: str, rule: str) -> None:
    campaigns = {
        "gift": flow(
            SIGNED_UP,
            does("give", f"issue = {{ {offer} }}"),
            step("told", f"only_if = {rule}"),
        ),
        "given": flow(
            'when = "incentive_issued"\nonly_if = { event = "campaign", is = "gift" }',
            step("hint", 'after = "1 day"'),
        ),
    }
    catalog = shop(campaigns, {}, settings(POINTS))
    played = play(tmp_path, catalog, [event(AT, "signed_up")])
    assert "05-04 10:00 issued give" in played.told("gift")
    assert played.sent() == ["05-04 10:00 gift/told", "05-05 10:00 given/hint"]


def test_what_is_not_given_is_skipped(tmp_path: Path) -> None:
    offer = 'kind = "free_shipping", given_if = { event = "total", at_least = 50 }'
    campaigns = {"gift": flow(SIGNED_UP, does("give", f"issue = {{ {offer} }}"))}
    played = play(tmp_path, shop(campaigns), [event(AT, "signed_up", total=20)])
    assert "05-04 10:00 skipped give not_applicable" in played.told("gift")


def suppressing(until: str) -> dict[str, str]:
    return {
        "silence": flow(
            'when = "complained_by_phone"\nagain = "always"',
            does("quiet", f"suppress = {{ {until} }}"),
        ),
        "daily": flow('when = "asked"\nper = "n"', step("letter")),
        "receipt": flow(
            'when = "asked"\nper = "n"', step("bill", "transactional = true"), topic=""
        ),
    }


def test_marketing_is_dropped_until_what_ends_the_silence_and_bills_go(tmp_path: Path) -> None:
    lines = [
        event("2026-05-04T09:00:00", "asked", n=1),
        event("2026-05-04T10:00:00", "complained_by_phone"),
        event("2026-05-04T11:00:00", "asked", n=2),
        event("2026-05-04T12:00:00", "order_placed"),
        event("2026-05-04T12:00:00", "asked", n=3),
    ]
    catalog = shop(suppressing('until = ["order_*", "message_clicked"]'))
    played = play(tmp_path, catalog, lines)
    assert "05-04 10:00 suppressed quiet" in played.told("silence")
    whats = [one for one in played.told("daily") if "letter" in one]
    assert whats == [
        "05-04 09:00 sent letter",
        "05-04 11:00 dropped letter suppressed",
        "05-04 12:00 sent letter",
    ]
    assert len([one for one in played.sent() if "receipt" in one]) == 3
    assert [one["detail"] for one in played.decisions if one["reason"] == "suppressed"] == [
        "a step stopped marketing"
    ]


def test_the_last_letter_before_a_silence_goes_even_if_it_is_held(tmp_path: Path) -> None:
    steps = (step("goodbye"), does("quiet", "suppress = {}"), step("never", 'after = "1 day"'))
    campaigns = {
        "sunset": flow(SIGNED_UP, *steps, top="priority = 9"),
        "other": flow(SIGNED_UP, step("one")),
    }
    for hour, sent in (("10", "05-04 10:00"), ("22", "05-05 08:00")):
        catalog = shop(campaigns, {}, settings(quiet="21:00-08:00"))
        played = play(tmp_path, catalog, [event(f"2026-05-04T{hour}:00:00", "signed_up")])
        assert played.sent() == [f"{sent} sunset/goodbye"]
        assert "suppressed" in " ".join(played.told("other"))


CLICK = {"campaign": "daily", "step": "letter"}


@pytest.mark.parametrize(
    ("click", "received", "ends"),
    [
        ({}, "2026-05-04T10:30:00Z", True),
        ({"machine": True}, "2026-05-04T10:30:00Z", False),
        ({"at": "2026-05-04T09:30:00"}, "2026-05-04T10:30:00Z", False),
    ],
)
def test_only_a_person_ends_a_silence_and_only_after_it_began(
    tmp_path: Path, click: dict[str, Any], received: str, ends: bool
) -> None:
    said = {"at": "2026-05-04T10:30:00", **click}
    lines = [
        event("2026-05-04T09:00:00", "asked", n=1),
        event("2026-05-04T10:00:00", "complained_by_phone"),
        event(name="message_clicked", received_at=received, **CLICK, **said),
        event("2026-05-04T11:00:00", "asked", n=2),
    ]
    played = play(tmp_path, shop(suppressing('until = "message_clicked"')), lines)
    assert ("05-04 11:00 daily/letter" in played.sent()) is ends


def test_a_silence_without_an_end_is_for_good(tmp_path: Path) -> None:
    lines = [
        event("2026-05-04T10:00:00", "complained_by_phone"),
        event("2026-11-04T11:00:00", "asked", n=2),
    ]
    played = play(tmp_path, shop(suppressing("")), lines)
    assert "11-04 11:00 dropped letter suppressed" in played.told("daily")
