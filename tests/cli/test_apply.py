"""`lifecycle plan`, `apply` and `apply --rollback`, on both databases."""

from __future__ import annotations

import tomllib
from pathlib import Path

from sqlalchemy import update

from lifecycle.store import catalog_versions
from lifecycle.store.database import Database
from tests.cli.conftest import Call
from tests.cli.shop import write_lines
from tests.cli.test_import import JOINS, decisions, orders


def names(changes: list[dict[str, str]]) -> set[tuple[str, str, str]]:
    return {(one["kind"], one["name"], one["what"]) for one in changes}


def test_a_plan_changes_nothing_and_apply_does_what_it_said(any_shop: Path, call: Call) -> None:
    planned = call("plan", "--json").data
    assert ("campaign", "hello", "added") in names(planned["changes"])
    assert call("plan", "--json").data == planned
    done = call("apply", "--json").data
    assert (done["number"], names(done["changes"])) == (1, names(planned["changes"]))
    assert call("plan", "--json").data["changes"] == []
    again = call("apply", "--json").data
    assert (again["number"], again["changes"]) == (1, [])


def test_a_changed_rule_turns_members_silently(any_shop: Path, call: Call) -> None:
    (any_shop / "campaigns" / "thanks.toml").write_text(JOINS)
    call("apply")
    call("import", "events", write_lines(any_shop / "e.jsonl", orders(10)))
    segment = any_shop / "segments" / "buyers.toml"
    segment.write_text(segment.read_text().replace('"order_placed"', '"greeting_asked"'))
    planned = call("plan", "--json").data
    found = planned["segments"]["buyers"]
    assert (found["joined"], found["left"], found["stay"], found["size"]) == (5, 5, 0, 5)
    done = call("apply", "--json").data
    assert done["segments"]["buyers"] == {"joined": 5, "left": 5}
    found = call("segment", "buyers", "--json").data
    assert found["sample"] == ["c0", "c2", "c4", "c6", "c8"]
    assert decisions(call, "c0") == []


def test_on_change_enroll_lets_those_who_join_enter(any_shop: Path, call: Call) -> None:
    (any_shop / "campaigns" / "thanks.toml").write_text(JOINS)
    call("apply")
    call("import", "events", write_lines(any_shop / "e.jsonl", orders(4)))
    segment = any_shop / "segments" / "buyers.toml"
    changed = segment.read_text().replace('"order_placed"', '"greeting_asked"')
    segment.write_text(changed.replace("[match]", 'on_change = "enroll"\n[match]'))
    assert call("apply").code == 0
    nobody = write_lines(any_shop / "none.jsonl", [])
    call("import", "events", nobody)
    assert [one["what"] for one in decisions(call, "c0")] == ["entered"]
    assert decisions(call, "c1") == []


def test_existing_enroll_lets_in_who_matches_when_the_flow_goes_live(
    any_shop: Path, call: Call
) -> None:
    call("apply")
    call("import", "events", write_lines(any_shop / "e.jsonl", orders(4)))
    flow = JOINS.replace('joins = "buyers"', 'joins = "buyers"\nexisting = "enroll"')
    (any_shop / "campaigns" / "thanks.toml").write_text(flow)
    assert call("apply", "--json").data["enrolled"] == {"thanks": 2}
    assert [one["what"] for one in decisions(call, "c1")] == ["entered"]
    assert decisions(call, "c0") == []


def test_a_segment_that_is_gone_holds_nobody(any_shop: Path, call: Call) -> None:
    call("apply")
    call("import", "events", write_lines(any_shop / "e.jsonl", orders(4)))
    (any_shop / "segments" / "buyers.toml").unlink()
    assert call("apply", "--json").data["segments"] == {"buyers": {"joined": 0, "left": 2}}
    assert call("customer", "show", "c1", "--json").data["segments"] == []


def test_rollback_puts_back_what_was_live_before(any_shop: Path, call: Call) -> None:
    assert call("apply", "--rollback").code == 1
    call("apply")
    flow = any_shop / "campaigns" / "hello.toml"
    before = flow.read_text()
    flow.write_text(before.replace('"Hello"', '"Good day"'))
    call("apply")
    back = call("apply", "--rollback", "--json").data
    assert back["number"] == 3
    assert [one["name"] for one in back["changes"]] == ["hello"]
    assert call("report", "campaign", "hello", "--json").data["name"] == "Hello"
    flow.write_text(before)
    assert call("plan", "--json").data["changes"] == []


def test_live_files_that_can_no_longer_be_read_are_replaced(any_shop: Path, call: Call) -> None:
    call("apply")
    rewrite_live(any_shop, "campaigns/hello.toml", "nonsense")
    assert call("report", "campaign", "hello").code == 0
    assert call("pause", "hello").code == 0
    flow = any_shop / "campaigns" / "hello.toml"
    flow.write_text(flow.read_text().replace('"Hello"', '"Good day"'))
    assert ("campaign", "hello", "added") in names(call("plan", "--json").data["changes"])
    assert call("apply", "--json").data["number"] == 2


def rewrite_live(shop: Path, name: str, text: str) -> None:
    """Let what is live be what an older version of lifecycle would have taken."""
    settings = tomllib.loads((shop / "settings.toml").read_text())
    database = Database(settings["database"]["url"])
    table = catalog_versions.VERSION
    with database.write() as connection:
        live = catalog_versions.latest(connection)
        assert live is not None
        connection.execute(update(table).values(files={**live.files, name: text}))
    database.close()


def test_files_with_errors_are_not_put_live(any_shop: Path, call: Call) -> None:
    (any_shop / "campaigns" / "hello.toml").write_text("nonsense")
    answered = call("apply", "--json")
    assert (answered.code, answered.out) == (1, "")
    assert "campaigns/hello.toml:1" in answered.err
