"""The commands that ask: why, segment, preview, customer, message, report, doctor, replay, test."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call
from tests.cli.shop import write_lines

CASE = """\
campaign = "hello"

[[case]]
name = "whoever asks is greeted"
customer = { agreed_to = ["offers"] }
happens = [ { at = 2026-03-02T14:00:00, event = "greeting_asked", greeting_id = "g1" } ]
expect = [ { at = 2026-03-02T14:00:00, sent = "hello" } ]
"""
EVENTS: list[dict[str, Any]] = [
    {"id": "e1", "at": "2026-03-02T10:00:00Z", "event": "greeting_asked", "customer": "c1"},
    {"id": "e2", "at": "2026-03-02T11:00:00Z", "event": "greeting_asked", "customer": "c2"},
    {"id": "e3", "at": "2026-03-03T10:00:00Z", "event": "message_clicked", "customer": "c1"},
    {"id": "e4", "at": "2026-03-03T12:00:00Z", "event": "order_placed", "customer": "c1"},
]


@pytest.fixture
def replayed(shop: Path, call: Call) -> str:
    """The address of a database that a replay left: c1 was greeted, clicked and bought; c2 was
    not written to, for want of consent."""
    rows: list[dict[str, Any]] = [
        {**one, "properties": {"greeting_id": one["id"], "total": 50}} for one in EVENTS
    ]
    rows[2]["properties"] = {"campaign": "hello", "step": "hello", "url": "https://shop.example"}
    people: list[dict[str, Any]] = [
        {"id": "c1", "email": "c1@shop.example", "agreed_to": ["offers"]},
        {"id": "c2", "email": "c2@shop.example"},
        {"id": "c3", "email": "c3@shop.example"},
    ]
    answered = call(
        *("replay", "--json", "--until", "2026-03-05", "--keep", shop / "kept.db"),
        *("--events", write_lines(shop / "e.jsonl", rows), "--decisions", shop / "d.jsonl"),
        *("--customers", write_lines(shop / "c.jsonl", people), "--outbox", shop / "letters"),
        *("--memberships", shop / "m.jsonl"),
    )
    assert answered.code == 0, answered.err
    assert answered.data["segments"] == {"buyers": 1}
    return f"sqlite:///{shop / 'kept.db'}"


def test_a_replay_leaves_decisions_memberships_and_letters(shop: Path, replayed: str) -> None:
    decisions = [json.loads(line) for line in (shop / "d.jsonl").open()]
    told = [(one["customer"], one["what"], one["reason"]) for one in decisions]
    assert ("c1", "sent", "") in told
    assert ("c2", "dropped", "no_consent") in told
    turned = [json.loads(line) for line in (shop / "m.jsonl").open()]
    assert [(one["customer"], one["what"]) for one in turned] == [("c1", "joined")]
    assert len(list((shop / "letters").glob("*.eml"))) == 1
    assert not (shop / "shop.db").exists()


def test_a_replay_names_each_bad_line(shop: Path, call: Call) -> None:
    (shop / "e.jsonl").write_text("nonsense\n")
    answered = call("replay", "--events", "e.jsonl", "--until", "2026-03-05")
    assert answered.code == 1
    assert "e.jsonl:1" in answered.err


def test_why_tells_each_decision_in_order(call: Call, replayed: str) -> None:
    data = call("why", "c1", "hello", "--json", "--database", replayed).data
    assert [one["what"] for one in data["decisions"]] == ["entered", "sent", "finished"]
    assert data["not_entered"] == []
    plain = call("why", "c2", "--database", replayed)
    assert "there is no consent to the campaign's topic" in plain.out


def test_why_tells_what_a_campaign_waits_for(call: Call, replayed: str) -> None:
    (waiting,) = call("why", "c3", "--json", "--database", replayed).data["not_entered"]
    assert waiting["waits_for"] == "It waits for greeting_asked, which has not happened"
    assert waiting["in_the_way"] == ["there is no consent to offers"]
    assert call("why", "nobody", "--database", replayed).code == 2
    assert "hello" in call("why", "c1", "helo", "--database", replayed).err


def test_a_segment_is_told_in_numbers_and_explained(call: Call, replayed: str) -> None:
    found = call("segment", "buyers", "--json", "--database", replayed).data
    assert (found["size"], found["sample"]) == (1, ["c1"])
    told = call("segment", "buyers", "--explain", "c2", "--json", "--database", replayed).data
    assert told["holds"] is False
    assert told["rule"]["asks"]
    assert (
        "c1 is in buyers"
        in call("segment", "buyers", "--explain", "c1", "--database", replayed).out
    )


def test_reports_agree_with_what_happened(call: Call, replayed: str) -> None:
    report = call("report", "campaign", "hello", "--json", "--database", replayed).data
    (letters,) = report["letters"]
    assert (letters["sent"], letters["clicked"]["met"], letters["goals"]["met"]) == (1, 1, 1)
    assert float(letters["revenue"]) == 50
    assert report["dropped"] == {"no_consent": 1}
    for name in ("send-time", "deliverability", "rewards"):
        assert call("report", name, "--database", replayed).code == 0
    assert call("report", "experiment", "hello", "--json", "--database", replayed).data == []


def test_a_customer_is_shown_exported_and_erased(shop: Path, call: Call, replayed: str) -> None:
    on = ("--database", replayed)
    shown = call("customer", "show", "c1", *on).out
    assert "c1@shop.example" in shown
    assert "orders.count = 1" in shown
    exported = call("customer", "export", "c1", "--to", shop / "c1.json", *on)
    assert exported.code == 0
    assert stat.S_IMODE((shop / "c1.json").stat().st_mode) == 0o600
    assert json.loads((shop / "c1.json").read_text())["id"] == "c1"
    assert call("customer", "erase", "c1", *on).code == 2
    assert call("customer", "erase", "c1", "--yes", *on).code == 0
    assert call("customer", "show", "c1", *on).code == 2
    assert b"c1@shop.example" not in (shop / "kept.db").read_bytes()


def test_a_customer_is_suppressed_by_hand(any_shop: Path, call: Call) -> None:
    people = [{"id": "c1", "email": "c1@shop.example"}, {"id": "c2"}]
    call("import", "customers", write_lines(any_shop / "c.jsonl", people))
    assert call("customer", "suppress", "c1", "--reason", "asked").code == 0
    assert call("customer", "show", "c1", "--json").data["suppressed"] == "asked"
    assert "no address" in call("customer", "suppress", "c2").err
    assert "no such customer" in call("customer", "suppress", "c3").err


@pytest.mark.parametrize(
    "said",
    [
        "customer show nobody",
        "customer suppress nobody",
        "customer suppress nobody --lift",
        "customer erase nobody --yes",
        "customer merge nobody nobody2 --yes",
        "message show nothing",
        "message resolve nothing --as sent",
    ],
)
def test_who_is_not_there_is_wrong_usage_everywhere(any_shop: Path, call: Call, said: str) -> None:
    call("apply")
    answered = call(*said.split())
    assert answered.code == 2
    assert "there is no such" in answered.err and "no" in answered.err.split("(")[1]


def test_two_customers_become_one(call: Call, replayed: str) -> None:
    on = ("--database", replayed)
    assert call("customer", "merge", "c1", "c2", "--yes", *on).code == 0
    assert call("customer", "show", "c2", "--json", *on).data["id"] == "c1"


def test_keys_are_made_listed_and_revoked(shop: Path, call: Call) -> None:
    made = call("key", "create", "--scope", "events:write", "--json").data["key"]
    call("apply")
    (listed,) = call("key", "list", "--json").data
    assert (listed["scopes"], listed["revoked_at"]) == (["events:write"], None)
    assert made.startswith(f"lk_{listed['id']}_")
    assert call("key", "revoke", made).code == 0
    assert call("key", "list", "--json").data[0]["revoked_at"]
    assert call("key", "revoke", made).code == 1
    assert call("key", "create", "--scope", "everything").code == 2


def test_a_pause_outlasts_apply_until_resume(any_shop: Path, call: Call) -> None:
    call("apply")
    assert call("pause", "hello", "--json").data["ordered"] == "paused"
    flow = any_shop / "campaigns" / "hello.toml"
    flow.write_text(flow.read_text().replace('"Hello"', '"Good day"'))
    call("apply")
    assert call("stop", "hello", "--json").data["before"] == "paused"
    assert call("resume", "hello", "--json").data["before"] == "stopped"
    assert "hello" in call("pause", "helo").err


def test_preview_shows_steps_and_templates_and_sends_for_a_look(shop: Path, call: Call) -> None:
    step = call("preview", "hello/hello", "--json").data
    assert (step["campaign"], step["subject"]) == ("hello", "Hello Alex")
    assert "greeting_id" in step["text"]
    template = call("preview", "hello.mjml", "--lint", "--json").data
    assert template["template"] == "hello"
    assert {one["severity"] for one in template["problems"]} == {"warning"}
    assert call("preview", "hello", "--send-to", "me@shop.example").code == 0
    (sent,) = (shop / "outbox").glob("*.eml")
    assert b"To: me@shop.example" in sent.read_bytes()
    assert call("preview", "hello", "--send-to", "nonsense").code == 2


def test_preview_of_a_customer_shows_what_they_would_get(call: Call, replayed: str) -> None:
    on = ("--json", "--database", replayed)
    assert "greeting e1" in call("preview", "hello/hello", "--customer", "c1", *on).data["text"]
    assert call("preview", "hello", "--customer", "nobody", *on).code == 2


def test_cases_pass_or_tell_the_difference(shop: Path, call: Call) -> None:
    cases = shop / "tests" / "campaigns" / "hello.toml"
    cases.parent.mkdir(parents=True)
    cases.write_text(CASE)
    assert call("test", "--json").data["passed"] == 1
    cases.write_text(CASE.replace("T14:00:00, sent", "T15:00:00, sent"))
    failed = call("test", "hello")
    assert failed.code == 1
    assert "tests/campaigns/hello.toml:3" in failed.out
    assert "came 1 hour earlier" in failed.out
    assert call("test", "helo").code == 2


def test_doctor_looks_at_everything(any_shop: Path, call: Call) -> None:
    call("apply")
    found = {one["about"]: one["state"] for one in call("doctor", "--json").data}
    assert found["database"] == "ok"
    assert found["clock"] == "ok"
    assert found["transport"] == "ok"
    call("pause", "hello")
    assert "hello is paused" in call("doctor").out


def test_doctor_names_what_is_wrong(shop: Path, call: Call) -> None:
    with (shop / "settings.toml").open("a") as settings:
        settings.write('\n[transport]\nkind = "smtp"\n[smtp]\npassword = "env:NOT_SET_HERE"\n')
    answered = call("doctor")
    assert answered.code == 1
    assert "NOT_SET_HERE" in answered.out


def test_upgrade_shows_before_it_does(shop: Path, call: Call) -> None:
    shown = call("upgrade", "--json")
    assert shown.data["pending"]
    assert shown.data["carried_out"] == []
    done = call("upgrade", "--yes", "--json").data
    assert done["carried_out"] == done["pending"]
    assert call("upgrade", "--json").data["pending"] == []
