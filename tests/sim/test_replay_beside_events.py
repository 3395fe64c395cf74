"""What a replay does where nothing is dated, and where joining a segment is no event."""

from __future__ import annotations

from pathlib import Path

from tests.simulation.shop import broadcast, event, flow, person, play, segment, shop


def test_a_broadcast_goes_out_where_no_line_has_a_date(tmp_path: Path) -> None:
    catalog = shop({"b": broadcast("2026-05-10T09:00:00")})
    people = [person("c1"), person("c2", timezone="Pacific/Kiritimati")]
    played = play(tmp_path, catalog, [], people=people)
    assert played.sent() == ["05-09 19:00 b/letter", "05-10 09:00 b/letter"]


def test_joining_is_no_event_where_the_segment_does_not_notify(tmp_path: Path) -> None:
    campaigns = {
        "by_event": flow('when = "segment_joined"'),
        "by_joining": flow('joins = "buyers"'),
        "by_leaving": flow('leaves = "buyers"'),
    }
    buyers = '{ did = "order_placed", within = "3 days" }'
    lines = [event("2026-05-04T10:00:00", "order_placed")]
    quiet = play(tmp_path, shop(campaigns, {"buyers": segment(buyers, "notify = false")}), lines)
    loud = play(tmp_path, shop(campaigns, {"buyers": segment(buyers)}), lines)
    by_segment = ["05-04 10:00 by_joining/hello", "05-07 10:00 by_leaving/hello"]
    assert quiet.sent() == by_segment
    assert sorted(loud.sent()) == ["05-04 10:00 by_event/hello", *by_segment]
