"""No attempt begins for anyone suppressed, unwilling, asleep, over a cap or gone."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import update

from lifecycle.engine import deliver as deliver_stage
from lifecycle.store import customers, preferences
from lifecycle.store.erase import erase
from lifecycle.store.tables import METADATA
from tests.faults.conftest import Run
from tests.faults.histories import alone_at, arrived, busy_shop, consent_at, history, local
from tests.faults.running import KEY, Post
from tests.simulation.shop import Played, event, flow, instant, person, play, shop, step

END = "2026-04-20T00:00:00Z"
HELD = ("held",)
INTAKE = METADATA.tables["intake"]


def violations(
    played: Played, people: list[dict[str, Any]], lines: list[dict[str, Any]]
) -> list[str]:
    """Every letter that should not have gone, judged from the input alone."""
    found = []
    firsts = {one["id"]: one for one in reversed(people)}
    sent = [row for row in played.decisions if row["what"] == "sent"]
    counted: dict[str, list[Any]] = defaultdict(list)
    for row in sorted(sent, key=lambda row: (row["at"], row["campaign"] == "receipt")):
        at, customer = instant(row["at"]), row["customer"]
        mine = [one for one in lines if one["customer"] == customer and arrived(one) <= at]
        if any(_suppresses(one, sent, customer) for one in mine):
            found.append(f"suppressed {row}")
        if row["campaign"] == "receipt":
            continue
        clock = local(at, firsts[customer])
        if row["campaign"] != "survey" and not 8 <= clock.hour < 21:
            found.append(f"quiet {row}")
        if not consent_at(customer, at, people) and not _unsubscribed(mine):
            found.append(f"consent {row}")
        if alone_at(customer, at, people):
            found.append(f"guarded {row}")
        if counted[customer] and at - counted[customer][-1][0] < timedelta(hours=3):
            found.append(f"gap {row}")
        before = counted[customer]
        if row["campaign"] == "survey":
            if any(
                k == "survey" and local(t, firsts[customer]).date() == clock.date()
                for t, k in before
            ):
                found.append(f"calendar cap {row}")
        elif sum(k == "triggered" and at - t < timedelta(hours=30) for t, k in before) >= 2:
            found.append(f"rolling cap {row}")
        before.append((at, "survey" if row["campaign"] == "survey" else "triggered"))
    return found


def _suppresses(line: dict[str, Any], sent: list[dict[str, Any]], customer: str) -> bool:
    if line["event"] != "message_complained":
        return False
    meant = [
        row
        for row in sent
        if row["customer"] == customer
        and row["campaign"] == line["properties"]["campaign"]
        and instant(row["at"]) <= instant(line["at"])
    ]
    return bool(meant)


def _unsubscribed(mine: list[dict[str, Any]]) -> bool:
    return any(one["event"] == "message_unsubscribed" for one in mine)


@pytest.mark.parametrize("seed", range(6))
def test_in_random_histories_nothing_goes_that_must_not_and_what_is_held_has_an_end(
    tmp_path: Path, seed: int
) -> None:
    people, lines = history(seed)
    played = play(tmp_path, busy_shop(), lines, END, people)
    assert len(played.sent()) > 20
    assert violations(played, people, lines) == []
    rows = played.decisions
    ends = {
        (row["customer"], row["campaign"], row["entry"])
        for row in rows
        if row["what"] in ("finished", "left")
    }
    entered = {
        (row["customer"], row["campaign"], row["entry"]) for row in rows if row["what"] == "entered"
    }
    assert entered <= ends
    for row in rows:
        if row["what"] == "held":
            same = [
                one
                for one in rows
                if one["at"] >= row["at"]
                and all(one[key] == row[key] for key in ("customer", "campaign", "entry"))
            ]
            assert any(
                one["what"] == "left"
                or (one["what"] in ("sent", "dropped", "skipped") and one["step"] == row["step"])
                for one in same
            ), row


BETWEEN = {
    "suppressed": event("2026-05-04T10:00:00", "message_complained", message_id="?"),
    "left": event("2026-05-04T10:00:00", "b", k=1),
}


@pytest.mark.parametrize("what", ["suppressed", "no_consent", "left"])
def test_what_is_stored_while_a_letter_is_made_still_stops_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Guarded, rendered, and then it came: the attempt never begins."""
    text = flow(
        'when = "a"\nper = "k"', '[exit]\nwhen = "b"', step("one") + step("two", 'after = "1 hour"')
    )
    post = Post()
    running = run(shop({"f": text}), post)
    running.start("2026-05-04T09:00:00")
    running.say(person(), at="2026-05-04T09:00:00")
    running.hear(event("2026-05-04T10:00:00", "a", k=1))
    running.run("2026-05-04T10:30:00")
    assert len(post.accepted) == 1
    weigh = vars(deliver_stage)["weigh"]
    once = [True]

    def meanwhile(*told: Any) -> Any:
        weighed = weigh(*told)
        if once:
            once.clear()
            assert len(weighed.prepared) == 1
            at = "2026-05-04T11:00:00"
            if what == "no_consent":
                running.say({"id": "c1", "agreed_to": []}, at=at)
            elif what == "left":
                running.hear(event(at, "b", k=1))
            else:
                running.hear(event(at, "message_complained", campaign="f", step="one"))
        return weighed

    monkeypatch.setattr(deliver_stage, "weigh", meanwhile)
    running.run("2026-05-05T00:00:00")
    assert len(post.accepted) == 1
    assert [row.message_id for row in running.rows("attempt")] == [post.accepted[0].message_id]
    wanted = "05-04 11:00 left b" if what == "left" else f"05-04 11:00 dropped two {what}"
    assert wanted in running.told("c1")


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("suppressed", "05-04 10:00 dropped hello suppressed"),
        ("paused", "05-04 10:00 held hello paused"),
        ("erased", None),
    ],
)
def test_what_is_written_without_an_event_while_a_letter_is_made_still_stops_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, what: str, told: str | None
) -> None:
    post = Post()
    running = run(shop({"f": flow('when = "a"')}), post)
    running.start("2026-05-04T09:00:00")
    running.say(person(), at="2026-05-04T09:00:00")
    running.hear(event("2026-05-04T10:00:00", "a"))
    weigh = vars(deliver_stage)["weigh"]
    made: list[int] = []

    def meanwhile(*given: Any) -> Any:
        weighed = weigh(*given)
        if not made:
            made.append(len(weighed.prepared))
            now = instant("2026-05-04T10:00:00")
            with running.database.write() as connection:
                if what == "suppressed":
                    found = [("c1@x.example", "complained", now)]
                    customers.suppress(connection, found, now=now, address_key=KEY)
                elif what == "paused":
                    preferences.choose(connection, "c1", at=now, now=now, pauses=True)
                else:
                    erase(connection, "c1", now, KEY)
                # Nothing is left to be taken in: what is written now is all that tells of it.
                connection.execute(update(INTAKE).values(due_at=None))
        return weighed

    monkeypatch.setattr(deliver_stage, "weigh", meanwhile)
    running.run("2026-05-04T12:00:00")
    assert made == [1]
    assert (post.accepted, running.rows("attempt")) == ([], [])
    assert told is None or told in running.told("c1")


@pytest.mark.parametrize("when", ["before the claim", "while it is made"])
def test_what_came_after_a_long_tick_began_still_stops_its_letters(
    run: Run, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """A tick decides by the instant at which it began; what is stored since then counts as well."""
    text = flow('when = "a"\nper = "k"', '[exit]\nwhen = "b"', step("one", 'after = "1 hour"'))
    post = Post()
    running = run(shop({"f": text}), post)
    running.start("2026-05-04T09:00:00")
    running.say(person(), person("c2"), at="2026-05-04T09:00:00")
    at = "2026-05-04T10:00:00"
    running.hear(event(at, "a", k=1), event(at, "a", "c2", k=2))
    running.run("2026-05-04T10:30:00")
    stage = "_claim" if when == "before the claim" else "weigh"
    does = vars(deliver_stage)[stage]
    once = [True]

    def meanwhile(*told: Any) -> Any:
        done = does(*told) if stage == "weigh" else None
        if once:
            once.clear()
            running.hear(event("2026-05-04T11:00:02", "b", k=1))
        return done or does(*told)

    monkeypatch.setattr(deliver_stage, stage, meanwhile)
    monkeypatch.setattr(deliver_stage, "monotonic", lambda: monotonic() + 2)
    running.engine.tick(instant("2026-05-04T11:00:00"))
    assert not once and [letter.to for letter in post.accepted] == ["c2@x.example"]
    running.engine.tick(instant("2026-05-04T11:00:03"))
    running.run("2026-05-05T00:00:00")
    assert len(post.accepted) == 1
    assert "05-04 11:00:02 left b" in running.told("c1")


def test_another_customers_suppressed_address_is_the_same_address(run: Run) -> None:
    post = Post()
    running = run(shop({"f": flow('when = "a"\nagain = "always"')}), post)
    running.start("2026-05-04T09:00:00")
    running.say(
        person("c1", email="Ann@X.example"),
        person("c2", email=" ann@x.example"),
        at="2026-05-04T09:00:00",
    )
    running.hear(event("2026-05-04T10:00:00", "a", "c1"))
    running.run("2026-05-04T10:30:00")
    complaint = event("2026-05-04T11:00:00", "message_complained", "c1", campaign="f", step="hello")
    running.hear(complaint, event("2026-05-04T12:00:00", "a", "c2"))
    running.run("2026-05-05T00:00:00")
    assert len(post.accepted) == 1
    assert running.told("c2") == [
        "05-04 12:00 dropped hello suppressed", "05-04 12:00 entered", "05-04 12:00 finished",
    ]  # fmt: skip


def test_what_was_sent_is_told_before_the_next_letter_is_weighed(tmp_path: Path) -> None:
    """Two letters fall due at one instant; the first makes a rule hold that guards the second."""
    from tests.simulation.shop import segment, settings

    said = settings('hold_if = { in_segment = "written" }')
    segments = {"written": segment('{ did = "message_sent", within = "1 day" }')}
    flows = {
        "low": flow('when = "a"', step(), top="priority = 10"),
        "top": flow('when = "a"', step(), top="priority = 90"),
    }
    played = play(tmp_path, shop(flows, segments, said), [event("2026-05-04T10:00:00", "a")])
    assert played.sent() == ["05-04 10:00 top/hello", "05-05 10:00 low/hello"]
