"""Waves: shares by hash or segments first, each at the reader's own moment, stopped by rates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lifecycle.core.campaign import StopIf
from lifecycle.core.chance import fraction
from lifecycle.core.waves import Came, tripped
from tests.simulation.shop import Played, broadcast, event, person, play, segment, settings, shop

FIRST = [event("2026-04-01T00:00:00", "x")]
NAMES = [f"c{n}" for n in range(300)]
PEOPLE = [person(name) for name in NAMES]
AT = "2026-04-14T09:00:00"
SHARES = '[waves]\npercent = [10, 30, 60]\ngap = "2 hours"\n'


def drawn(customer: str) -> float:
    return 100 * fraction("s", "wave", "b", "2026-04-14", customer)


def sent(played: Played) -> dict[str, str]:
    return {r["customer"]: r["at"] for r in played.decisions if r["what"] == "sent"}


def feedback(name: str, customers: list[str], at: str, **more: Any) -> list[dict[str, Any]]:
    return [event(at, name, who, campaign="b", step="letter", **more) for who in customers]


def test_each_wave_holds_its_share_of_customers_by_hash(tmp_path: Path) -> None:
    catalog = shop({"b": broadcast(AT, more=SHARES)})
    expected = {
        who: f"2026-04-14T{9 + 2 * (drawn(who) >= 10) + 2 * (drawn(who) >= 40):02}:00:00Z"
        for who in NAMES
    }
    assert sent(play(tmp_path, catalog, FIRST, people=PEOPLE)) == expected
    assert len(set(expected.values())) == 3


def test_a_wave_comes_at_the_readers_own_moment(tmp_path: Path) -> None:
    late = next(who for who in NAMES if drawn(who) >= 40)
    people = [person(late, timezone="America/New_York")]
    catalog = shop({"b": broadcast(AT, more=SHARES)})
    assert sent(play(tmp_path, catalog, FIRST, people=people)) == {late: "2026-04-14T17:00:00Z"}


def test_segments_go_first_and_everybody_else_last(tmp_path: Path) -> None:
    more = '[waves]\nfirst = ["engaged", "buyers"]\ngap = "1 day"\n'
    segments = {
        "engaged": segment('{ customer = "engaged", is = true }'),
        "buyers": segment('{ did = "order_placed" }'),
    }
    people = [
        person("both", attributes={"engaged": True}),
        person("engaged", attributes={"engaged": True}),
        person("buyer"),
        person("none"),
    ]
    lines = [*FIRST, *(event("2026-04-02T00:00:00", "order_placed", w) for w in ("both", "buyer"))]
    catalog = shop({"b": broadcast(AT, more=more)}, segments)
    assert sent(play(tmp_path, catalog, lines, people=people)) == {
        "both": "2026-04-14T09:00:00Z",
        "engaged": "2026-04-14T09:00:00Z",
        "buyer": "2026-04-15T09:00:00Z",
        "none": "2026-04-16T09:00:00Z",
    }


def test_the_audience_is_asked_at_each_wave(tmp_path: Path) -> None:
    """Whoever of an early share joins late gets it with the next wave, who has left does not."""
    first = next(who for who in NAMES if drawn(who) < 10)
    second, last = [next(w for w in NAMES if drawn(w) >= at) for at in (40, 70)]
    people = [person(second, attributes={"out": False}), person(first), person(last)]
    people += [
        {"id": first, "attributes": {"in": True}, "at": "2026-04-14T10:00:00Z"},
        {"id": last, "attributes": {"in": False}, "at": "2026-04-14T12:00:00Z"},
    ]
    people[0]["attributes"] = people[2]["attributes"] = {"in": True}
    text = broadcast(AT, audience='customer = "in"\nis = true', more=SHARES)
    found = sent(play(tmp_path, shop({"b": text}), FIRST, people=people))
    assert found[first] == "2026-04-14T11:00:00Z"
    assert found.get(second) == ("2026-04-14T13:00:00Z" if second != last else None)
    assert last not in found


@pytest.mark.parametrize(
    ("limits", "name", "of", "stops"),
    [
        ("bounce_rate = 3.0", "message_bounced", 2, True),
        ("bounce_rate = 3.0", "message_bounced", 1, False),
        ("bounce_rate = 20.0", "message_bounced", 2, False),
        ("complaint_rate = 0.1", "message_complained", 2, True),
        ("complaint_rate = 0.1", "message_complained", 1, False),
        ("complaint_rate = 0.1", "message_bounced", 5, False),
    ],
)
def test_a_rate_over_the_limit_stops_the_later_waves(
    tmp_path: Path, limits: str, name: str, of: int, stops: bool
) -> None:
    more = SHARES + f"stop_if = {{ {limits} }}\n"
    early = [who for who in NAMES if drawn(who) < 10]
    assert len(early) > 20
    lines = FIRST + feedback(name, early[:of], "2026-04-14T10:00:00", kind="hard")
    found = sent(play(tmp_path, shop({"b": broadcast(AT, more=more)}), lines, people=PEOPLE))
    assert set(found) == (set(early) if stops else set(NAMES))


def test_soft_bounces_stop_nothing(tmp_path: Path) -> None:
    more = SHARES + "stop_if = { bounce_rate = 1.0 }\n"
    early = [who for who in NAMES if drawn(who) < 10]
    lines = FIRST + feedback("message_bounced", early, "2026-04-14T10:00:00", kind="soft")
    found = sent(play(tmp_path, shop({"b": broadcast(AT, more=more)}), lines, people=PEOPLE))
    assert set(found) == set(NAMES)


def test_who_waits_for_the_winner_leaves_when_the_broadcast_is_stopped(tmp_path: Path) -> None:
    more = SHARES + "stop_if = { bounce_rate = 1.0 }\n" + TESTED.format(50)
    early = [who for who in NAMES if drawn(who) < 10]
    tested = [who for who in early if fraction("s", "test", "b", who) < 0.5]
    lines = FIRST + feedback("message_bounced", tested[:4], "2026-04-14T10:00:00", kind="hard")
    played = play(tmp_path, shop({"b": broadcast(AT, more=more)}), lines, people=PEOPLE)
    assert set(sent(played)) == set(tested)
    left = {(r["customer"], r["reason"], r["at"]) for r in played.decisions if r["what"] == "left"}
    assert left == {(w, "stopped", "2026-04-14T13:00:00Z") for w in set(early) - set(tested)}


TESTED = """
[[variant]]
name = "a"
subject = "A"
[[variant]]
name = "b"
subject = "B"
[winner]
by = "click_rate"
test_percent = {}
decide_after = "4 hours"
at_least = 2
"""


def test_the_rest_of_each_wave_waits_for_the_winner_and_no_longer(tmp_path: Path) -> None:
    """The winner is chosen four hours after nine; the last wave comes at one o'clock itself."""
    text = broadcast(AT, more=SHARES + TESTED.format(50))
    rows = play(tmp_path, shop({"b": text}), FIRST, people=PEOPLE).decisions
    assert {(r["customer"], r["at"][11:13]) for r in rows if r["what"] == "sent"} == {
        (who, "09" if tests and drawn(who) < 10 else "11" if tests and drawn(who) < 40 else "13")
        for who in NAMES
        for tests in [fraction("s", "test", "b", who) < 0.5]
    }
    late = {r["variant"] for r in rows if r["what"] == "sent" and "T13" in r["at"]}
    assert late == {"a"}


def test_the_rest_waits_for_the_winner_in_every_zone(tmp_path: Path) -> None:
    """Tokyo's nine o'clock comes seven hours before Berlin's, where the winner is chosen."""
    zones = ("Asia/Tokyo", "Europe/Berlin", "America/New_York")
    people = [
        person(f"{zone}{n:02}", timezone=zone, email=f"c{n}@x.example")
        for zone in zones
        for n in range(20)
    ]
    text = broadcast(AT, more=TESTED.format(0.001))
    catalog = shop({"b": text}, said=settings(zone="Europe/Berlin"))
    found = sent(play(tmp_path, catalog, FIRST, people=people))
    assert {(who[:-2], at) for who, at in found.items()} == {
        ("Asia/Tokyo", "2026-04-14T11:00:00Z"),
        ("Europe/Berlin", "2026-04-14T11:00:00Z"),
        ("America/New_York", "2026-04-14T17:00:00Z"),
    }


def test_rates_are_told_in_words() -> None:
    stop_if = StopIf(bounce_rate=3.0, complaint_rate=0.1)
    assert tripped(stop_if, Came(100, 3, 0)) == ""
    assert tripped(stop_if, Came(100, 4, 0)) == "bounce_rate 4.00 over 3: 4 of 100 letters"
    assert tripped(stop_if, Came(1000, 0, 2)) == "complaint_rate 0.20 over 0.1: 2 of 1000 letters"
    assert tripped(stop_if, Came(0, 0, 0)) == ""
