"""Letters owed to the end of a flow, by replay: before a way out, and no later than `not_after`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.shop import event, flow, play, settings, shop, step

CAP = '[[sending.cap]]\nclass = "{}"\nat_most = 1\nper = "1 day"\n'
AT = "2026-05-04T10:00:00"
OUT = '[[step]]\nname = "out"\nleave = true\n'
JOINED = 'when = "joined"'
EVERYONE = "[audience]\neveryone = true\n"


def test_letters_before_a_way_out_go_and_then_it_is_left(tmp_path: Path) -> None:
    campaigns = {"f": flow(JOINED, step("a"), OUT, step("never", 'after = "1 day"'))}
    played = play(tmp_path, shop(campaigns), [event(AT, "joined")])
    told = ["05-04 10:00 entered", "05-04 10:00 sent a", "05-04 10:00 left out out"]
    assert sorted(played.told("f")) == sorted(told)


@pytest.mark.parametrize(
    ("exit_at", "told"),
    [
        (None, ["05-05 10:00 left out out", "05-05 10:00 sent b"]),
        ("2026-05-04T20:00:00", ["05-04 20:00 left bought"]),
    ],
)
def test_a_held_letter_before_a_way_out_goes_when_it_may_unless_an_exit_comes(
    tmp_path: Path, exit_at: str | None, told: list[str]
) -> None:
    only_now = OUT.replace("leave", 'only_if = { did = "joined", within = "1 hour" }\nleave')
    steps = (step("a"), step("b"), only_now, step("never"))
    campaigns = {"f": flow(JOINED, '[exit]\nwhen = "bought"', *steps)}
    lines = [event(AT, "joined"), *([event(exit_at, "bought")] if exit_at else [])]
    catalog = shop(campaigns, {}, settings(CAP.format("triggered")))
    played = play(tmp_path, catalog, lines)
    assert sorted(played.told("f"))[-len(told) :] == told
    assert "never" not in " ".join(played.told("f"))


def test_a_held_letter_is_dropped_once_its_not_after_has_passed(tmp_path: Path) -> None:
    late = step("b", "not_after = 2026-05-04T22:00:00")
    around = step("b", 'at = "T 10:00"\nnot_after = "T 22:00"')
    series = (
        'name = "S"\nkind = "series"\nstatus = "live"\ntopic = "offers"\nanchor = 2026-05-04\n'
        + EVERYONE
        + step("a", 'at = "T 09:00"')
        + around
    )
    dated = flow('on_date = "day"', step("a", 'at = "T 09:00"'), around)
    people = [
        {
            "id": "c1",
            "email": "c1@x.example",
            "agreed_to": ["offers"],
            "attributes": {"day": "2026-05-04"},
        }
    ]
    cases = {"triggered": (flow(JOINED, step("a"), late), dated), "campaign": (series,)}
    for klass, texts in cases.items():
        for text in texts:
            catalog = shop({"f": text}, {}, settings(CAP.format(klass)))
            played = play(tmp_path, catalog, [event(AT, "joined")], people=people)
            assert "05-04 10:00 held b capped" in played.told("f")
            assert "05-04 22:00 dropped b late" in played.told("f")


def test_an_event_is_about_the_entries_whose_list_it_carries_whatever_it_is_called(
    tmp_path: Path,
) -> None:
    enter = f'{JOINED}\neach = "order.lines"\nper = "item.sku"'
    campaigns = {"f": flow(enter, '[exit]\nwhen = "back"', step("a", 'after = "2 hours"'))}
    both, one = [{"sku": "p"}, {"sku": "q"}], [{"sku": "p"}]
    lines = [
        event(AT, "joined", order={"lines": both}),
        event("2026-05-04T11:00:00", "back", order={"lines": one}),
        event("2026-05-04T11:30:00", "joined", order={"lines": []}),
    ]
    played = play(tmp_path, shop(campaigns), lines)
    ended = [(row["entry"], row["what"]) for row in played.decisions if row["what"] != "entered"]
    assert ended[0] == ("p", "left")
    assert ("q", "sent") in ended
    assert ("p", "sent") not in ended
    assert played.told("f").count("05-04 11:30 not_entered not_applicable") == 1
