"""Promise 6 of broadcasts and series: the size of a page changes no byte of what is decided."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.test_occasion import best, recurring
from tests.core.test_series import series, step
from tests.simulation.shop import broadcast, event, person, play, segment, settings, shop

TESTED = (
    '[[variant]]\nname = "a"\nsubject = "A"\n[[variant]]\nname = "b"\nsubject = "B"\n'
    '[winner]\nby = "click_rate"\ntest_percent = "auto"\ndecide_after = "4 hours"\nat_least = 2'
)
FILES = {
    "waves": broadcast(
        "2026-05-04T09:00:00",
        more='[waves]\npercent = [20, 30, 50]\ngap = "3 hours"\n'
        "stop_if = { bounce_rate = 50.0 }\n" + TESTED,
    ),
    "best": best(on="2026-05-05"),
    "daily": recurring("day at 08:00", more=TESTED),
    "series": series(
        step("one", "T-1 day 09:00"),
        step("two", "T 22:00", 'only_if = { not = { in_segment = "buyers" } }'),
        anchor="2026-05-05",
        audience='not = { did = "order_placed", within = "12 hours" }',
    ),
}
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Pacific/Auckland", "nowhere", None)


@pytest.mark.parametrize("size", [1, 7])
def test_the_size_of_a_page_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    segments = {"buyers": segment('{ did = "order_placed" }')}
    catalog = shop(FILES, segments, settings(zone="Europe/Berlin", quiet="21:00-08:00"))
    people = [
        person(f"c{n:02}", **({"timezone": zone} if (zone := ZONES[n % 6]) else {}))
        for n in range(25)
    ]
    people += [person("late", timezone="Pacific/Niue", at="2026-05-04T12:00:00Z")]
    lines = [event("2026-05-03T12:00:00", "x", "c00")]
    for n in range(0, 25, 3):
        lines += [
            event(f"2026-05-0{4 + n % 2}T{n % 24:02}:30:00", "order_placed", f"c{n:02}"),
            event(f"2026-05-04T1{n % 10}:10:00", "message_clicked", f"c{n:02}", campaign="waves"),
        ]
    until = "2026-05-07T00:00:00Z"
    whole = play(tmp_path, catalog, lines, until, people)
    for module in ("occasion_page", "broadcasts"):
        monkeypatch.setattr(f"lifecycle.engine.{module}.SIZE", size)
    assert play(tmp_path, catalog, lines, until, people).raw == whole.raw
    counts = {name: sum(one["campaign"] == name for one in whole.decisions) for name in FILES}
    assert all(counts.values())
