"""Replay keeps its file formats and its order of things to the letter."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.simulation.shop import (
    broadcast,
    event,
    flow,
    person,
    play,
    segment,
    settings,
    shop,
    step,
)

DECISION = ["at", "customer", "campaign", "entry", "step", "variant", "what", "reason", "detail"]
WHATS = (
    "entered not_entered held_out sent held dropped skipped left finished emitted awarded issued "
    "called notified suppressed"
).split()
Z = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
BUSY = {
    "cart": flow(
        'when = "cart_updated"\nper = "cart_id"\nrepeat = "start over"\nagain = "always"',
        '[exit]\nwhen = "order_placed"',
        step("first", 'after = "1 hour"'),
        step("second", 'after = "1 day"\nat = "10:00"'),
    ),
    "thanks": flow('when = "order_placed"\nper = "order_id"', step(more='after = "30 minutes"')),
    "joined": flow('joins = "buyers"'),
}
BUYERS = {"buyers": segment('{ did = "order_placed", within = "3 days" }')}


def busy() -> list[dict[str, Any]]:
    return [
        event("2026-05-04T10:00:00", "cart_updated", "c2", cart_id="k1"),
        event("2026-05-04T10:30:00", "cart_updated", "c2", cart_id="k1"),
        event("2026-05-04T10:30:00", "cart_updated", "c1", cart_id="k1"),
        event("2026-05-04T12:00:00.250", "order_placed", "c1", order_id=7, cart_id="k1"),
        event("2026-05-05T12:00:00", "order_placed", "c3", order_id="o2"),
    ]


def test_every_line_of_decisions_has_the_nine_keys_in_their_order(tmp_path: Path) -> None:
    played = play(tmp_path, shop(BUSY, BUYERS), busy(), people=[person("c1"), person("c2")])
    assert len(played.decisions) > 10
    for row in played.decisions:
        assert list(row) == DECISION
        assert all(isinstance(value, str) for value in row.values())
        assert Z.fullmatch(row["at"])
        assert row["what"] in WHATS


def test_decisions_are_sorted_by_at_customer_campaign_and_step(tmp_path: Path) -> None:
    rows = play(tmp_path, shop(BUSY, BUYERS), busy()).decisions
    keys = [(row["at"].rstrip("Z"), row["customer"], row["campaign"], row["step"]) for row in rows]
    assert keys == sorted(keys)


def test_lines_of_memberships_have_four_keys(tmp_path: Path) -> None:
    rows = play(tmp_path, shop(BUSY, BUYERS), busy()).memberships
    assert rows == [
        {"at": at, "customer": customer, "segment": "buyers", "what": what}
        for at, customer, what in [
            ("2026-05-04T12:00:00.250000Z", "c1", "joined"),
            ("2026-05-05T12:00:00Z", "c3", "joined"),
            ("2026-05-07T12:00:00.250000Z", "c1", "left"),
            ("2026-05-08T12:00:00Z", "c3", "left"),
        ]
    ]


def test_lines_need_no_sorting_and_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    people = [person("c1"), person("c2"), person("c3")]
    catalog = shop(BUSY, BUYERS)
    first = play(tmp_path, catalog, busy(), people=people)
    assert play(tmp_path, catalog, busy(), people=people).raw == first.raw
    for seed in range(5):
        lines, others = busy(), list(people)
        random.Random(seed).shuffle(lines)
        random.Random(seed).shuffle(others)
        assert play(tmp_path, catalog, lines, people=others).raw == first.raw


def test_until_is_inclusive(tmp_path: Path) -> None:
    catalog = shop({"f": flow('when = "a"', step(more='after = "1 hour"'))})
    lines = [event("2026-05-04T10:00:00", "a"), event("2026-05-04T11:00:00", "a", id="late")]
    told = play(tmp_path, catalog, lines, "2026-05-04T11:00:00Z").told()
    assert sorted(told) == [
        "05-04 10:00 entered",
        "05-04 11:00 finished",
        "05-04 11:00 not_entered again",
        "05-04 11:00 sent hello",
    ]
    assert play(tmp_path, catalog, lines, "2026-05-04T10:59:59.999999Z").told() == [
        "05-04 10:00 entered"
    ]


def test_a_repeated_id_of_one_customer_is_counted_once_and_is_no_error(tmp_path: Path) -> None:
    catalog = shop(
        {"f": flow('when = "a"\nagain = "always"')}, {"two": segment("{ did = 'a', at_least = 2 }")}
    )
    lines = [
        event("2026-05-04T10:00:00", "a", id="1"),
        event("2026-05-04T11:00:00", "a", id="1"),
        event("2026-05-04T10:00:00", "a", id="1"),
        event("2026-05-04T12:00:00", "a", "c2", id="1"),
    ]
    played = play(tmp_path, catalog, lines, people=[person("c1"), person("c2")])
    assert played.sent() == ["05-04 10:00 f/hello", "05-04 12:00 f/hello"]
    assert played.turns() == []


def test_an_event_counts_from_its_arrival_and_leaves_a_window_by_its_own_instant(
    tmp_path: Path,
) -> None:
    lines = [
        event("2026-05-04T10:00:00", "order_placed", received_at="2026-05-05T10:00:00"),
        event("2026-05-10T10:00:00", "order_placed", received_at="2026-05-14T10:00:00", id="gone"),
    ]
    assert play(tmp_path, shop({}, BUYERS), lines).turns() == [
        "05-05 10:00 joined buyers",
        "05-07 10:00 left buyers",
    ]


def test_an_event_of_the_future_counts_from_its_own_instant(tmp_path: Path) -> None:
    lines = [event("2026-05-06T10:00:00", "order_placed", received_at="2026-05-05T10:00:00")]
    catalog = shop({"f": flow('when = "order_placed"')}, BUYERS)
    played = play(tmp_path, catalog, lines)
    assert played.turns()[0] == "05-06 10:00 joined buyers"
    assert played.sent() == ["05-06 10:00 f/hello"]


def test_at_one_instant_customer_lines_come_before_events(tmp_path: Path) -> None:
    catalog = shop({"f": flow('when = "a"\nonly_if = { customer = "vip", is = true }')})
    at = "2026-05-04T10:00:00Z"
    people = [person(), {"id": "c1", "at": at, "attributes": {"vip": True}}]
    assert play(tmp_path, catalog, [event(at, "a")], people=people).sent() == [
        "05-04 10:00 f/hello"
    ]


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (["cart_updated", "order_placed"], ["entered", "left order_placed"]),
        (["order_placed", "cart_updated"], ["entered", "sent hello", "finished"]),
    ],
)
def test_at_one_instant_events_go_in_the_order_of_the_file(
    tmp_path: Path, order: list[str], told: list[str]
) -> None:
    catalog = shop({"f": flow('when = "cart_updated"', '[exit]\nwhen = "order_placed"', step())})
    lines = [event("2026-05-04T10:00:00", name, id=f"z{9 - n}") for n, name in enumerate(order)]
    found = play(tmp_path, catalog, lines).told()
    assert sorted(one[12:] for one in found) == sorted(told)


def test_at_one_instant_events_come_before_what_falls_due(tmp_path: Path) -> None:
    steps = step(more='after = "1 hour"')
    catalog = shop({"f": flow('when = "cart_updated"', '[exit]\nwhen = "order_placed"', steps)})
    lines = [
        event("2026-05-04T10:00:00", "cart_updated"),
        event("2026-05-04T11:00:00", "order_placed"),
    ]
    assert play(tmp_path, catalog, lines).told() == [
        "05-04 10:00 entered",
        "05-04 11:00 left order_placed",
    ]


def test_membership_is_asked_once_an_instant_after_its_last_line_and_event(tmp_path: Path) -> None:
    segments = {
        "one": segment('{ did = "a", exactly = 1 }'),
        "red": segment('{ customer = "colour", is = "red" }'),
    }
    at = "2026-05-04T10:00:00Z"
    people = [
        person(),
        {"id": "c1", "at": at, "attributes": {"colour": "red"}},
        {"id": "c1", "at": at, "attributes": {"colour": "blue"}},
    ]
    lines = [event(at, "a", id="1"), event(at, "a", id="2")]
    assert play(tmp_path, shop({}, segments), lines, people=people).turns() == []


def entries(played: Any, campaign: str = "f") -> list[str]:
    return [
        r["entry"] for r in played.decisions if r["campaign"] == campaign and r["what"] == "entered"
    ]


@pytest.mark.parametrize(
    ("per", "properties", "entry"),
    [
        ('per = "cart_id"', {"cart_id": "k9"}, "k9"),
        ('per = "cart_id"', {"cart_id": 7}, "7"),
        ('per = ["order_id", "item.sku"]', {"order_id": "o1", "item": {"sku": "s/1"}}, "o1/s/1"),
        ('per = ["order_id", "cart_id"]', {"cart_id": "k", "order_id": 5}, "5/k"),
        ("", {"cart_id": "k9"}, "the event"),
    ],
)
def test_entry_is_the_key_else_the_entering_event(
    tmp_path: Path, per: str, properties: dict[str, Any], entry: str
) -> None:
    catalog = shop({"f": flow(f'when = "a"\n{per}')})
    played = play(
        tmp_path, catalog, [event("2026-05-04T10:00:00", "a", id="the event", **properties)]
    )
    assert entries(played) == [entry]
    assert {row["entry"] for row in played.decisions} == {entry}


def test_entry_of_a_flow_that_joins_is_the_instant_of_joining(tmp_path: Path) -> None:
    catalog = shop({"f": flow('joins = "buyers"\nagain = "always"')}, BUYERS)
    lines = [
        event("2026-05-04T10:00:00", "order_placed"),
        event("2026-05-14T10:00:00.5", "order_placed"),
    ]
    assert entries(play(tmp_path, catalog, lines)) == [
        "2026-05-04T10:00:00Z",
        "2026-05-14T10:00:00.500000Z",
    ]


def test_entry_of_a_broadcast_is_its_date(tmp_path: Path) -> None:
    catalog = shop({"b": broadcast("2026-05-04T09:00:00")})
    played = play(tmp_path, catalog, [event("2026-05-01T10:00:00", "x")])
    assert {row["entry"] for row in played.decisions} == {"2026-05-04"}
    assert [one.split("/")[0] for one in played.sent()] == ["05-04 09:00 b"]


def test_an_event_that_lacks_part_of_the_key_is_told_under_its_own_id(tmp_path: Path) -> None:
    catalog = shop({"f": flow('when = "a"\nper = ["order_id", "sku"]')})
    (row,) = play(
        tmp_path, catalog, [event("2026-05-04T10:00:00", "a", id="e", order_id="o")]
    ).decisions
    assert (row["what"], row["entry"], row["reason"]) == ("not_entered", "e", "not_applicable")


@pytest.mark.parametrize("status", ["draft", "paused", "archived"])
def test_only_live_campaigns_run(tmp_path: Path, status: str) -> None:
    files = {
        "f": flow('when = "a"', status=status),
        "b": broadcast("2026-05-05T09:00:00").replace("live", status),
    }
    assert play(tmp_path, shop(files), [event("2026-05-04T10:00:00", "a")]).decisions == []


def test_existing_applies_to_nobody_and_a_first_line_that_matches_enters(tmp_path: Path) -> None:
    segments = {"all": segment("{ everyone = true }")}
    for existing in ("skip", "enroll"):
        catalog = shop({"f": flow(f'joins = "all"\nexisting = "{existing}"')}, segments)
        played = play(tmp_path, catalog, [event("2026-05-04T10:00:00", "x")])
        assert [row["what"] for row in played.decisions].count("entered") == 1


def test_keep_leaves_the_database(tmp_path: Path) -> None:
    kept = tmp_path / "kept.db"
    played = play(tmp_path, shop(BUSY, BUYERS), busy(), keep=kept)
    with create_engine(f"sqlite:///{kept}").connect() as connection:
        count = connection.execute(text("SELECT count(*) FROM decision")).scalar()
    assert count == len(played.decisions)


def test_the_outbox_gets_a_letter_for_each_that_was_sent(tmp_path: Path) -> None:
    people = [person("c1"), person("c2"), person("c3")]
    played = play(tmp_path, shop(BUSY, BUYERS), busy(), people=people, outbox=tmp_path / "out")
    assert len(list((tmp_path / "out").rglob("*.eml"))) == len(played.sent()) > 0


def test_no_pace_quota_or_warm_up_applies(tmp_path: Path) -> None:
    catalog = shop({"f": flow('when = "a"')}, said=settings())
    people = [person(f"c{n}") for n in range(700)]
    lines = [event("2026-05-04T10:00:00", "a", f"c{n}") for n in range(700)]
    assert len(play(tmp_path, catalog, lines, people=people).sent()) == 700


def test_left_names_the_event_or_the_rule(tmp_path: Path) -> None:
    rule = '{ customer = "gone", is = true }'
    catalog = shop(
        {
            "f": flow(
                'when = "a"\nper = "k"',
                f'[exit]\nwhen = "b"\nif = {rule}',
                step(more='after = "9 days"'),
            )
        }
    )
    people = [person(), {"id": "c1", "at": "2026-05-06T10:00:00Z", "attributes": {"gone": True}}]
    lines = [
        event("2026-05-04T10:00:00", "a", k=1),
        event("2026-05-04T10:00:00", "a", k=2, id="2"),
        event("2026-05-05T10:00:00", "b", k=1),
    ]
    rows = [
        r for r in play(tmp_path, catalog, lines, people=people).decisions if r["what"] == "left"
    ]
    assert [(r["at"], r["entry"], r["reason"]) for r in rows] == [
        ("2026-05-05T10:00:00Z", "1", "left"),
        ("2026-05-06T10:00:00Z", "2", "left"),
    ]
    assert rows[0]["detail"] == "b"
    assert rows[1]["detail"]
