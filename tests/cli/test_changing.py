"""Changing what is live from the command line: what plan counts, what apply then does, and back."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from lifecycle.clock import SystemClock
from lifecycle.core.words import rfc3339
from lifecycle.store import operations
from lifecycle.store.database import Database
from lifecycle.store.tables import METADATA
from tests.cli.conftest import Call
from tests.cli.shop import HELLO, write_lines

ENROLLMENT = METADATA.tables["enrollment"]
STEP = '\n[[step]]\nname = "{name}"\nafter = "{after}"\n{more}template = "hello"\nsubject = "Hi"\n'
LATER = HELLO.replace('template = "hello"', 'after = "5 days"\ntemplate = "hello"')
PEOPLE = 5


def written(shop: Path, text: str) -> None:
    (shop / "campaigns" / "hello.toml").write_text(text)


def database_of(shop: Path) -> Database:
    return Database(tomllib.loads((shop / "settings.toml").read_text())["database"]["url"])


def steps_of(shop: Path) -> Counter[tuple[str, str | None]]:
    """How many enrollments are in which state and wait at which step."""
    database = database_of(shop)
    with database.read() as connection:
        rows = connection.execute(select(ENROLLMENT.c.state, ENROLLMENT.c.step)).all()
    database.close()
    return Counter((row.state, row.step) for row in rows)


@pytest.fixture
def waiting(any_shop: Path, call: Call) -> Path:
    """Five people wait at `hello`, one of them so long that a shorter wait is past."""
    written(any_shop, LATER)
    call("apply")
    people = [{"id": f"c{one}", "email": f"c{one}@x.example"} for one in range(PEOPLE)]
    call("import", "customers", write_lines(any_shop / "c.jsonl", people))
    at = rfc3339(SystemClock().now())
    greeted = [
        {"id": f"e{one}", "customer": f"c{one}", "at": at, "event": "greeting_asked"}
        | {"properties": {"greeting_id": f"g{one}"}}
        for one in range(PEOPLE)
    ]
    call("import", "events", "--enroll", write_lines(any_shop / "e.jsonl", greeted))
    assert steps_of(any_shop) == {("active", "hello"): PEOPLE}
    return any_shop


def people(answer: Any) -> dict[str, tuple[str, int, str]]:
    return {one["step"]: (one["what"], one["count"], one["to"]) for one in answer["people"]}


CHANGES = {
    "renamed": (LATER.replace('name = "hello"\n', 'name = "hullo"\nwas = "hello"\n'), []),
    "moved": (
        LATER.replace("hello", "hullo", 1)
        + STEP.format(name="b", after="9 days", more="")
        + '\n[migrate]\nhello = "b"\n',
        [],
    ),
    "let go by the file": (
        LATER.replace('name = "hello"\n', 'name = "x"\n')
        + "\n[migrate]\nhello = { leave = true }\n",
        [],
    ),
    "let go": (LATER.replace('name = "hello"\n', 'name = "x"\n'), ["--let-go"]),
    "kept": (LATER.replace('name = "hello"\n', 'name = "x"\n'), ["--keep-waiting"]),
    "changed": (LATER.replace("5 days", "6 days"), []),
}


@pytest.mark.parametrize("which", CHANGES)
def test_apply_does_what_plan_counts(waiting: Path, call: Call, which: str) -> None:
    text, flags = CHANGES[which]
    written(waiting, text)
    planned = call("plan", "--json").data
    if flags:
        assert planned["refused"]
        assert people(planned) == {"hello": ("refused", PEOPLE, "")}
        assert call("apply").code == 1
    done = call("apply", *flags, "--json").data
    what, count, to = people(done)["hello"]
    assert flags or people(planned) == people(done)
    after = {"moves": ("active", to), "stays": ("active", "hello"), "leaves": ("left", None)}
    assert steps_of(waiting) == {after[what]: count}
    assert call("plan", "--json").data["people"] == []


def test_putting_a_campaign_away_tells_whom_it_lets_go(waiting: Path, call: Call) -> None:
    written(waiting, LATER.replace('status = "live"', 'status = "archived"'))
    assert people(call("plan", "--json").data) == {"hello": ("stops", PEOPLE, "")}
    assert "5 at “hello” would leave at their next step: the campaign is over" in call("plan").out
    assert call("apply").code == 0


def test_the_plan_counts_who_would_be_due_at_once(waiting: Path, call: Call) -> None:
    database = database_of(waiting)
    longer = SystemClock().now().replace(year=2020)
    with database.write() as connection:
        one = update(ENROLLMENT).where(ENROLLMENT.c.customer_id == "c1")
        connection.execute(one.values(decided_at=longer))
    database.close()
    written(waiting, CHANGES["renamed"][0])
    (moving,) = call("plan", "--json").data["people"]
    assert (moving["count"], moving["due_at_once"]) == (PEOPLE, 1)
    assert "1 of them would be due at once" in call("plan").out


def test_the_refusal_names_the_people_and_the_ways_out(waiting: Path, call: Call) -> None:
    (waiting / "campaigns" / "hello.toml").unlink()
    refused = call("apply")
    assert refused.code == 1
    assert "5 wait at “hello” of hello" in refused.err
    for way in ("was", "[migrate]", "--keep-waiting", "--let-go"):
        assert way in refused.err
    told = call("plan").out
    assert "5 at “hello”: the step would be gone" in told
    assert "apply would refuse this" in told
    assert call("apply", "--let-go", "--keep-waiting").code == 2


def test_going_back_lets_nobody_fall_and_is_recorded(waiting: Path, call: Call) -> None:
    written(waiting, CHANGES["renamed"][0])
    call("apply")
    refused = call("apply", "--rollback")
    assert refused.code == 1
    assert "was" not in refused.err.replace("waits", "").split("add", 1)[1]
    assert call("apply", "--rollback", "--keep-waiting").code == 0
    assert steps_of(waiting) == {("active", "hullo"): PEOPLE}
    listed = call("plan", "--history", "--json").data
    assert [one["number"] for one in listed] == [3, 2, 1]
    changed = [{"path": "campaigns/hello.toml", "what": "changed"}]
    assert [one["files"] for one in listed[:2]] == [changed, changed]
    assert all(one["applied_by"] and one["applied_at"] for one in listed)


def test_who_would_enter_at_once_is_counted(any_shop: Path, call: Call) -> None:
    call("apply")
    orders = [
        {"id": f"o{one}", "customer": f"c{one}", "at": "2026-01-01T00:00:00Z"}
        | {"event": "order_placed"}
        for one in range(4)
    ]
    call("import", "events", write_lines(any_shop / "e.jsonl", orders))
    joins = HELLO.replace('when = "greeting_asked"\nper = "greeting_id"', 'joins = "buyers"')
    joins = joins.replace("[exit]", 'existing = "enroll"\n\n[holdout]\npercent = 40\n\n[exit]')
    (any_shop / "campaigns" / "thanks.toml").write_text(joins)
    (one,) = call("plan", "--json").data["would_enter"]
    assert f"{one['entering']} customers would enter at once" in call("plan").out
    done = call("apply", "--json").data["enrolled"]
    assert done == {"thanks": one["entering"] + one["held_out"]} == {"thanks": 4}
    states = steps_of(any_shop)
    assert states["active", "hello"] + states["active", None] == one["entering"]
    assert states["held_out", None] == one["held_out"]


def test_resume_tells_what_becomes_of_what_was_held(waiting: Path, call: Call) -> None:
    call("pause", "hello")
    assert call("resume", "hello").out.strip() == "hello goes on."
    paused = LATER.replace('status = "live"', 'status = "paused"')
    written(waiting, paused)
    call("apply")
    assert "still paused" in call("resume", "hello").out
    database = database_of(waiting)
    with database.read() as connection:
        assert operations.ordered(connection) == {}
    database.close()


def test_a_case_that_fits_no_more_blocks_no_change(waiting: Path, call: Call) -> None:
    """It is an error of `check` and of `test`; what is put live does not depend on it."""
    cases = waiting / "tests" / "campaigns" / "hello.toml"
    cases.parent.mkdir(parents=True, exist_ok=True)
    cases.write_text(
        'campaign = "hello"\n[[case]]\nname = "old"\n'
        'happens = [ { at = 2026-03-02T14:00:00, event = "greeting_asked" } ]\n'
        'expect = [ { at = 2026-03-02T14:00:00, sent = "gone" } ]\n'
    )
    written(waiting, LATER.replace("5 days", "6 days"))
    assert call("check").code == 1
    assert call("test").code == 1
    assert call("plan").code == 0
    assert call("apply").code == 0
