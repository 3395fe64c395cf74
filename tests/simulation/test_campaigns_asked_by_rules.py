"""Rules that ask who is in a campaign and what was sent turn at the instants at which that does."""

from __future__ import annotations

from pathlib import Path

from tests.simulation.shop import (
    Played,
    broadcast,
    event,
    flow,
    play,
    segment,
    settings,
    shop,
    step,
)

IN = {"in": segment('{ in_campaign = "f" }')}
SEEN = event("2026-05-04T10:00", "seen")
SOON = "2026-06-01T00:00:00Z"


def turns(folder: Path, flow_text: str, *lines: dict[str, object], **segments: str) -> list[str]:
    catalog = shop({"f": flow_text}, segments or IN)
    return play(folder, catalog, [SEEN, *lines], SOON).turns()


def test_from_the_entry_to_the_last_letter(tmp_path: Path) -> None:
    text = flow('when = "seen"', step("one"), step("two", 'after = "2 days"'))
    assert turns(tmp_path, text) == ["05-04 10:00 joined in", "05-06 10:00 left in"]


def test_as_long_as_a_letter_is_held(tmp_path: Path) -> None:
    catalog = shop(
        {"f": flow('when = "seen"', step("one", 'after = "12 hours"'))},
        IN,
        settings(quiet="21:00-08:00"),
    )
    played = play(tmp_path, catalog, [SEEN], SOON)
    assert played.turns() == ["05-04 10:00 joined in", "05-05 08:00 left in"]


def test_until_an_exit_event(tmp_path: Path) -> None:
    text = flow('when = "seen"', '[exit]\nwhen = "bought"', step("one", 'after = "2 days"'))
    over = event("2026-05-05T09:00", "bought")
    assert turns(tmp_path, text, over) == ["05-04 10:00 joined in", "05-05 09:00 left in"]


def test_until_the_exit_rule_holds(tmp_path: Path) -> None:
    ends = '[exit]\nif = { did = "bought" }'
    text = flow('when = "seen"', ends, step("one", 'after = "2 days"'))
    over = event("2026-05-05T09:00", "bought")
    assert turns(tmp_path, text, over) == ["05-04 10:00 joined in", "05-05 09:00 left in"]


def test_until_every_step_was_skipped(tmp_path: Path) -> None:
    skipped = step("one", 'after = "1 day"\nonly_if = { did = "bought" }')
    text = flow('when = "seen"', skipped)
    assert turns(tmp_path, text) == ["05-04 10:00 joined in", "05-05 10:00 left in"]


def test_who_is_held_out_is_not_in_it(tmp_path: Path) -> None:
    text = flow('when = "seen"', step("one"), "[holdout]\npercent = 100")
    assert turns(tmp_path, text) == []


def test_being_in_a_broadcast_lasts_while_its_letter_is_out(tmp_path: Path) -> None:
    files = {"f": broadcast("2026-05-05T23:00:00Z")}
    catalog = shop(files, IN, settings(quiet="21:00-08:00"))
    played = play(tmp_path, catalog, [SEEN], SOON)
    assert played.turns() == ["05-05 23:00 joined in", "05-06 08:00 left in"]


def test_a_flow_entered_by_joining_turns_segments_at_the_same_instant(tmp_path: Path) -> None:
    text = flow('joins = "seers"', step("one", 'after = "1 day"'))
    found = turns(
        tmp_path,
        text,
        seers=segment('{ did = "seen" }'),
        chosen=segment('{ in_campaign = "f" }'),
        others=segment('{ none = [ { in_segment = "chosen" } ] }'),
    )
    assert found[1:] == [
        *("05-04 10:00 joined chosen", "05-04 10:00 left others", "05-04 10:00 joined seers"),
        *("05-05 10:00 left chosen", "05-05 10:00 joined others"),
    ]


def test_another_flows_exit_rule_is_asked_when_one_is_entered_or_ends(tmp_path: Path) -> None:
    files = {
        "f": flow('when = "bought"', step("one", 'after = "1 day"')),
        "meanwhile": flow(
            'when = "seen"', '[exit]\nif = { in_campaign = "f" }', step("two", 'after = "9 days"')
        ),
        "after": flow(
            'when = "bought"',
            '[exit]\nif = { not = { in_campaign = "f" } }',
            step("three", 'after = "9 days"'),
        ),
    }
    catalog = shop(files, {"any": segment("{ everyone = true }")})
    played = play(tmp_path, catalog, [SEEN, event("2026-05-05T10:00", "bought")], SOON)
    assert played.told("meanwhile") == ["05-04 10:00 entered", "05-05 10:00 left if"]
    assert played.told("after") == ["05-05 10:00 entered", "05-06 10:00 left if"]


def circle(folder: Path, wait: str) -> Played:
    """A flow entered by not being in it, whose one step says nothing."""
    skipped = step("one", f'after = "{wait}"\nonly_if = {{ did = "bought" }}')
    text = flow('joins = "out"\nagain = "always"', skipped)
    catalog = shop({"f": text}, {"out": segment('{ none = [ { in_campaign = "f" } ] }')})
    return play(folder, catalog, [SEEN], "2026-05-06T10:00:00Z")


def test_a_circle_of_joining_and_being_in_goes_round_once_an_instant(tmp_path: Path) -> None:
    entered = [told for told in circle(tmp_path, "0 seconds").told("f") if "entered" in told]
    assert entered == ["05-04 09:59:59.999999 entered"]


def test_a_circle_with_time_in_it_goes_on(tmp_path: Path) -> None:
    played = circle(tmp_path, "1 day")
    entered = [told for told in played.told("f") if "entered" in told]
    assert entered == [f"05-{day:02} 09:59:59.999999 entered" for day in (4, 5, 6)]
    assert played.turns()[:3] == [
        "05-04 09:59:59.999999 joined out",
        "05-04 09:59:59.999999 left out",
        "05-05 09:59:59.999999 joined out",
    ]


SENT = segment('{ was_sent = "f/one", within = "3 days" }')


def test_a_letter_turns_was_sent_at_its_instant_and_its_window_again(tmp_path: Path) -> None:
    text = flow(
        'when = "seen"', step("one", 'after = "90 minutes"'), step("two", 'after = "1 day"')
    )
    assert turns(tmp_path, text, sent=SENT, ever=segment('{ was_sent = "f" }')) == [
        "05-04 11:30 joined ever",
        "05-04 11:30 joined sent",
        "05-07 11:30 left sent",
    ]


def test_a_letter_held_by_quiet_hours_counts_when_it_goes(tmp_path: Path) -> None:
    text = flow('when = "seen"', step("one", 'after = "12 hours"'))
    catalog = shop({"f": text}, {"sent": SENT}, settings(quiet="21:00-08:00"))
    assert play(tmp_path, catalog, [SEEN], SOON).turns() == [
        "05-05 08:00 joined sent",
        "05-08 08:00 left sent",
    ]


def test_a_letter_that_is_dropped_was_not_sent(tmp_path: Path) -> None:
    catalog = shop({"f": flow('when = "seen"', step("one"))}, {"sent": SENT})
    nobody = [{"id": "c1", "email": "c1@x.example"}]
    assert play(tmp_path, catalog, [SEEN], SOON, nobody).turns() == []


def test_a_step_is_left_out_for_whom_another_campaign_wrote_to(tmp_path: Path) -> None:
    files = {
        "first": flow('when = "seen"', step("one")),
        "second": flow(
            'when = "seen"',
            step("two", 'after = "1 day"\nonly_if = { not = { was_sent = "first" } }'),
        ),
    }
    lines = [SEEN, event("2026-05-04T10:00", "seen", "c2")]
    played = play(tmp_path, shop(files), lines, SOON)
    of_step = [(one["customer"], one["what"]) for one in played.decisions if one["step"] == "two"]
    assert of_step == [("c1", "skipped"), ("c2", "dropped")]
