"""`lifecycle segment` and what `lifecycle plan` says of segments, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lifecycle.insight import overlap
from tests.cli.conftest import Call
from tests.cli.shop import write_lines
from tests.cli.test_import import JOINS

ASKED = 'name = "Asked"\n[match]\ndid = "greeting_asked"\n'
FEW = 'name = "Few"\n[members]\ninclude = "few.csv"\n'
LEAVES = JOINS.replace("joins", "leaves")


def filled(shop: Path, call: Call) -> None:
    """Nine customers: odd ones ordered, those over 5 asked for a greeting."""
    rows: list[dict[str, Any]] = [
        {
            "id": f"{name}{number}",
            "at": f"2026-01-{number + 1:02}T23:30:00Z",
            "event": name,
            "customer": f"c{number}",
            "properties": {},
        }
        for number in range(1, 10)
        for name in ("order_placed", "greeting_asked")
        if (number % 2 if name == "order_placed" else number > 5)
    ]
    call("import", "events", write_lines(shop / "e.jsonl", rows))


def write(shop: Path, **segments: str) -> None:
    for name, text in segments.items():
        (shop / "segments" / f"{name}.toml").write_text(text)


def test_a_segment_is_told_with_its_overlaps(any_shop: Path, call: Call) -> None:
    write(any_shop, asked=ASKED, few=FEW)
    (any_shop / "segments" / "few.csv").write_text("customer\nc1\nc9\nnobody\n")
    call("apply")
    filled(any_shop, call)
    found = call("segment", "buyers", "--json").data
    assert (found["size"], found["sample"]) == (5, ["c1", "c3", "c5", "c7", "c9"])
    assert found["overlaps"] == [
        {"segment": "asked", "count": 2, "share": 0.4, "exact": True},
        {"segment": "few", "count": 2, "share": 0.4, "exact": True},
    ]
    assert call("segment", "few", "--json").data["sample"] == ["c1", "c9"]
    assert "40.0%" in call("segment", "buyers").out


def test_before_anything_is_live_a_segment_is_asked_from_scratch(
    any_shop: Path, call: Call
) -> None:
    filled(any_shop, call)
    write(any_shop, asked=ASKED)
    found = call("segment", "buyers", "--json").data
    assert (found["live"], found["size"], found["sample"][0]) == (False, 5, "c1")
    assert [(one["segment"], one["count"]) for one in found["overlaps"]] == [("asked", 2)]


def test_a_large_segments_overlap_is_scaled_up(
    any_shop: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(any_shop, every='name = "Every"\n[match]\neveryone = true\n')
    call("apply")
    filled(any_shop, call)
    monkeypatch.setattr(overlap, "MOST_COUNTED", 3)
    found = call("segment", "buyers", "--json").data
    assert found["overlaps"] == [{"segment": "every", "count": 5, "share": 1.0, "exact": False}]
    assert "about 5" in call("segment", "buyers").out


def test_who_joined_is_told_by_the_shops_days(any_shop: Path, call: Call) -> None:
    filled(any_shop, call)
    call("apply")
    found = call("segment", "buyers", "--json").data
    assert [(one["joined"], one["left"]) for one in found["days"]] == [(5, 0)]


def test_explaining_somebody_unknown_is_an_error(any_shop: Path, call: Call) -> None:
    call("apply")
    filled(any_shop, call)
    answered = call("segment", "buyers", "--explain", "nobody")
    assert answered.code == 1
    assert "there is no such customer" in answered.err
    assert call("segment", "buyrs").code == 2


def test_an_explanation_is_in_the_customers_zone(any_shop: Path, call: Call) -> None:
    people = [{"id": "c1", "at": "2026-11-21T10:00:00Z", "timezone": "Asia/Tokyo"}]
    assert call("import", "customers", write_lines(any_shop / "c.jsonl", people)).code == 0
    write(any_shop, old='name = "Old"\n[match]\nknown_for = "20000 days"\n')
    call("apply")
    answered = call("segment", "old", "--explain", "c1")
    assert "(times in Asia/Tokyo)" in answered.out
    assert "+09:00" in answered.out
    told = call("segment", "old", "--explain", "c1", "--json").data
    assert (told["timezone"], told["holds"], told["rule"]["exact"]) == ("Asia/Tokyo", False, True)
    assert told["rule"]["until"].endswith("Z")


def test_a_plan_tells_who_would_turn_and_what_comes_of_it(any_shop: Path, call: Call) -> None:
    (any_shop / "campaigns" / "thanks.toml").write_text(JOINS)
    (any_shop / "campaigns" / "bye.toml").write_text(LEAVES)
    write(any_shop, gone=ASKED, few=FEW)
    (any_shop / "segments" / "few.csv").write_text("c1\nc5\n")
    call("apply")
    filled(any_shop, call)
    (any_shop / "segments" / "gone.toml").unlink()
    (any_shop / "segments" / "few.csv").write_text("c5\nc3\n")
    buyers = any_shop / "segments" / "buyers.toml"
    text = buyers.read_text().replace('"order_placed"', '"greeting_asked"')
    buyers.write_text(text.replace("[match]", 'on_change = "enroll"\n[match]'))
    planned = call("plan", "--json").data
    found = planned["segments"]
    assert found["buyers"] == {
        "joined": 2,
        "left": 3,
        "stay": 2,
        "size": 4,
        "joining": ["c6", "c8"],
        "leaving": ["c1", "c3", "c5"],
        "on_change": "enroll",
        "enters": ["thanks"],
        "on_join": ["thanks"],
        "on_leave": ["bye"],
    }
    few, gone = found["few"], found["gone"]
    assert (few["joining"], few["leaving"], few["stay"], few["enters"]) == (["c3"], ["c1"], 1, [])
    assert (gone["joined"], gone["left"], gone["size"], gone["leaving"][0]) == (0, 4, 0, "c6")
    out = call("plan").out
    assert "segment buyers: 2 would join, 3 would leave, 2 stay" in out
    assert "on_change = enroll: those who join would enter thanks" in out
    assert "silently: nobody enters a flow by this change" in out
    assert "later, by leaving it: bye" in out
    assert call("plan", "--json").data == planned


def test_going_live_with_a_list_can_be_taken_back(any_shop: Path, call: Call) -> None:
    write(any_shop, few=FEW)
    file = any_shop / "segments" / "few.csv"
    file.write_text("c1\n")
    call("apply")
    filled(any_shop, call)
    file.write_text("c2\nc6\n")
    assert call("apply", "--json").data["segments"]["few"]["joined"] == 1
    file.write_text("a line\nthat is never applied\n")
    assert call("apply", "--rollback").code == 0
    assert call("segment", "few", "--json").data["sample"] == ["c1"]


def test_what_a_replay_left_is_told_as_of_its_last_instant(shop: Path, call: Call) -> None:
    write(shop, lately='name = "L"\n[match]\ndid = "order_placed"\nwithin = "3 days"\n')
    rows = [
        {"id": f"o{day}", "at": f"2026-01-{day:02}T10:00:00Z", "event": "order_placed",
         "customer": f"c{day}"}
        for day in range(1, 6)
    ]  # fmt: skip
    lines, kept = write_lines(shop / "e.jsonl", rows), f"sqlite:///{shop / 'kept.db'}"
    call("replay", "--events", lines, "--until", "2026-01-05T12:00:00Z", "--keep", shop / "kept.db")
    found = call("segment", "lately", "--json", "--database", kept).data
    assert (found["live"], found["sample"]) == (True, ["c3", "c4", "c5"])
    assert [(day["joined"], day["left"]) for day in found["days"]] == [
        (1, 0), (1, 0), (1, 0), (1, 1), (1, 1),
    ]  # fmt: skip
    told = call("segment", "lately", "--explain", "c3", "--json", "--database", kept).data
    assert (told["holds"], told["rule"]["until"]) == (True, "2026-01-06T10:00:00Z")
    write(shop, lately='name = "L"\n[match]\ndid = "order_placed"\nwithin = "1 day"\n')
    found = call("segment", "lately", "--json", "--database", kept).data
    assert (found["live"], found["sample"]) == (False, ["c5"])
