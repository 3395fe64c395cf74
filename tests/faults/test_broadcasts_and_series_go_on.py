"""Broadcasts and series as a daemon runs them: crashes, pauses, stops, moves, on both databases."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from lifecycle.engine import occasion_page
from lifecycle.models.past_tests import default_prior
from lifecycle.models.test_and_roll import share_to_test
from lifecycle.store import occasions, operations
from tests.core.test_series import series, step
from tests.faults.conftest import Run
from tests.faults.running import Crash, CrashAt, Post, Running
from tests.simulation.shop import broadcast, instant, person, settings, shop

NAMES = [f"c{n:02}" for n in range(23)]
PEOPLE = [person(name) for name in NAMES]
AT = "2026-05-04T09:00:00Z"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five customers a page."""
    for module in ("occasion_page", "broadcasts"):
        monkeypatch.setattr(f"lifecycle.engine.{module}.SIZE", 5)


def started(run: Run, text: str, said: str = "") -> Running:
    shop_runs = run(shop({"b": text}, said=said))
    shop_runs.say(*PEOPLE, at="2026-05-01T00:00:00Z")
    shop_runs.start("2026-05-01T00:00:00Z")
    return shop_runs


def sent(found: Running, name: str = "sent") -> Counter[str]:
    return Counter(row.customer_id for row in found.rows("decision") if row.what == name)


def order(found: Running, what: str, at: str) -> None:
    with found.database.write() as connection:
        operations.order(connection, "b", what, "by hand", instant(at))


def states(found: Running) -> dict[tuple[str, str, int], str]:
    with found.database.read() as connection:
        every = occasions.states(connection, "b")
    return {(one.occasion, one.step, one.wave): one.state for one in every}


@pytest.mark.parametrize("where", ["within", "after"])
@pytest.mark.parametrize(
    "text",
    [broadcast(AT), series(step("letter", "T"), anchor=AT)],
    ids=["broadcast", "series"],
)
def test_a_crash_at_any_write_repeats_and_skips_nobody(run: Run, text: str, where: str) -> None:
    found, number, few = started(run, text), 0, PEOPLE[:7]
    post = found.transport
    assert isinstance(post, Post)
    while True:
        number += 1
        found.clear()
        post.accepted.clear()
        found.say(*few, at="2026-05-01T00:00:00Z")
        found.start("2026-05-01T00:00:00Z")
        crash = CrashAt(found.database, number, where)
        try:
            found.engine.tick(instant(AT))
        except Crash:
            pass
        else:
            break
        finally:
            crash.over()
        found.start(AT)
        found.engine.tick(instant("2026-05-04T09:10:00Z"))
        uncertain = sum(row.state == "uncertain" for row in found.rows("message"))
        assert len(found.rows("enrollment")) == len(found.rows("message")) == len(few), number
        assert max(post.per_key().values(), default=0) <= 1
        assert len(sent(found)) + uncertain == len(few), number
    assert number > 5


def fail_at_third_page(monkeypatch: pytest.MonkeyPatch, found: Running, then: Any) -> None:
    """Do something between the second page and the third."""
    pages = 0
    ask = occasion_page.Page.ask

    def asking(self: Any) -> Any:
        nonlocal pages
        pages += 1
        if pages == 3:
            raise Crash
        return ask(self)

    monkeypatch.setattr(occasion_page.Page, "ask", asking)
    with pytest.raises(Crash):
        found.engine.tick(instant(AT))
    monkeypatch.setattr(occasion_page.Page, "ask", ask)
    then()


def test_a_pause_midway_holds_and_resume_goes_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = started(run, broadcast(AT))
    fail_at_third_page(monkeypatch, found, lambda: order(found, "paused", "2026-05-04T09:00:01Z"))
    found.start("2026-05-04T09:00:02Z")
    found.run("2026-05-04T15:00:00Z")
    assert not sent(found) and len(found.rows("enrollment")) == 10
    order(found, "", "2026-05-04T15:10:00Z")
    found.start("2026-05-04T15:10:00Z")
    found.run("2026-05-04T17:00:00Z")
    assert sent(found) == Counter(NAMES)
    assert states(found) == {("once", "letter", 0): "done"}


def test_resume_goes_on_at_once(run: Run) -> None:
    found = started(run, broadcast(AT))
    order(found, "paused", "2026-05-04T08:00:00Z")
    found.run("2026-05-04T12:15:00Z")
    assert not found.rows("enrollment")
    order(found, "", "2026-05-04T12:16:00Z")
    found.engine.tick(instant("2026-05-04T12:16:00Z"))
    assert sent(found) == Counter(NAMES)


def test_a_letter_that_a_pause_made_stale_is_dropped(run: Run) -> None:
    found = started(run, broadcast(AT, more='[sending]\nstale_after = "6 hours"'))
    order(found, "paused", "2026-05-04T08:00:00Z")
    found.run("2026-05-04T16:00:00Z")
    order(found, "", "2026-05-04T16:00:00Z")
    found.engine.tick(instant("2026-05-04T16:30:00Z"))
    assert found.states() == {"dropped stale": len(NAMES)}


def test_a_stop_midway_ends_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = started(run, broadcast(AT))
    fail_at_third_page(monkeypatch, found, lambda: order(found, "stopped", "2026-05-04T09:00:01Z"))
    found.start("2026-05-04T09:00:02Z")
    found.run("2026-05-04T15:00:00Z")
    assert not sent(found) and len(found.rows("enrollment")) == 10
    assert found.states() == {"dropped stopped": 10}
    order(found, "", "2026-05-04T16:00:00Z")
    found.start("2026-05-04T16:00:00Z")
    found.run("2026-05-05T16:00:00Z")
    assert len(found.rows("enrollment")) == 10
    assert states(found) == {("once", "letter", 0): "stopped"}


def test_a_stop_ends_a_series_for_those_who_are_in_it(run: Run) -> None:
    found = started(
        run, series(step("a", "T 09:00"), step("b", "T+1 day 09:00"), anchor="2026-05-04")
    )
    found.run("2026-05-04T12:00:00Z")
    order(found, "stopped", "2026-05-04T12:00:00Z")
    found.run("2026-05-06T12:00:00Z")
    assert sent(found) == Counter(NAMES)
    assert {row.state for row in found.rows("enrollment")} == {"left"}
    assert sent(found, "left") == Counter(NAMES)


def test_a_changed_moment_moves_what_has_not_begun(run: Run) -> None:
    found = started(run, broadcast(AT))
    found.start("2026-05-03T00:00:00Z", shop({"b": broadcast("2026-05-06T09:00:00Z")}))
    found.run("2026-05-05T00:00:00Z")
    assert not found.rows("enrollment")
    found.run("2026-05-06T09:00:00Z")
    assert sent(found) == Counter(NAMES)
    found.start("2026-05-07T00:00:00Z", shop({"b": broadcast("2026-05-08T09:00:00Z")}))
    found.run("2026-05-09T00:00:00Z")
    assert sent(found) == Counter(NAMES)


def test_what_is_a_draft_again_is_forgotten_until_it_is_live(run: Run) -> None:
    found = started(run, broadcast(AT))
    draft = broadcast(AT).replace('status = "live"', 'status = "draft"')
    found.start("2026-05-02T00:00:00Z", shop({"b": draft}))
    assert states(found) == {}
    found.run("2026-05-04T10:00:00Z")
    found.start("2026-05-04T10:30:00Z", shop({"b": broadcast(AT)}))
    found.run("2026-05-04T10:30:00Z")
    assert sent(found) == Counter(NAMES)


def test_a_pause_in_the_file_holds_too(run: Run) -> None:
    found = started(run, broadcast(AT).replace('status = "live"', 'status = "paused"'))
    found.run("2026-05-04T12:00:00Z")
    assert not found.rows("enrollment")
    found.start("2026-05-04T13:00:00Z", shop({"b": broadcast(AT)}))
    found.run("2026-05-04T13:00:00Z")
    assert sent(found) == Counter(NAMES)


def recurring(every: str = "day at 09:00") -> str:
    return broadcast(AT).replace(f"at = {AT}", f'every = "{every}"')


def test_what_is_a_day_late_of_a_recurring_one_is_passed_over(run: Run) -> None:
    """Down from the evening of the 1st to the noon of the 4th: the 2nd and the 3rd are left out."""
    found = started(run, recurring())
    found.run("2026-05-01T20:00:00Z")
    assert sent(found) == Counter(NAMES)
    found.start("2026-05-04T12:00:00Z")
    found.engine.tick(instant("2026-05-04T12:00:00Z"))
    days = Counter(row.entry for row in found.rows("decision") if row.what == "sent")
    assert days == {"2026-05-01": len(NAMES), "2026-05-04": len(NAMES)}
    assert states(found)["2026-05-03", "letter", 0] == "done"
    assert states(found)["2026-05-05", "letter", 0] == "waiting"


def test_a_stopped_recurring_one_goes_on_with_its_next_occurrence(run: Run) -> None:
    found = started(run, recurring())
    order(found, "stopped", "2026-05-01T00:00:00Z")
    found.run("2026-05-01T20:00:00Z")
    order(found, "", "2026-05-01T20:00:00Z")
    found.engine.tick(instant("2026-05-01T20:00:00Z"))
    found.run("2026-05-03T09:00:00Z")
    days = sorted({row.entry for row in found.rows("decision") if row.what == "sent"})
    assert days == ["2026-05-02", "2026-05-03"]


def test_another_rhythm_takes_the_place_of_the_one_before(run: Run) -> None:
    found = started(run, recurring())
    found.run("2026-05-01T12:00:00Z")
    found.start("2026-05-01T12:00:00Z", shop({"b": recurring("week on friday at 10:00")}))
    found.run("2026-05-09T00:00:00Z")
    at = sorted({row.at.isoformat()[5:16] for row in found.rows("decision") if row.what == "sent"})
    assert at == ["05-01T09:00", "05-08T10:00"]


def test_a_moved_anchor_moves_the_steps_to_come_of_those_who_are_in(run: Run) -> None:
    def text(anchor: str) -> str:
        return series(step("a", "T 09:00"), step("b", "T+3 days 09:00"), anchor=anchor)

    found = started(run, text("2026-05-04"))
    found.run("2026-05-05T00:00:00Z")
    found.start("2026-05-05T00:00:00Z", shop({"b": text("2026-05-10")}))
    found.run("2026-05-20T00:00:00Z")
    assert {
        (r.step, r.at.isoformat()[5:16]) for r in found.rows("decision") if r.what == "sent"
    } == {
        ("a", "05-04T09:00"),
        ("b", "05-13T09:00"),
    }
    assert len(found.rows("enrollment")) == len(NAMES)
    assert {row.state for row in found.rows("enrollment")} == {"finished"}


def test_a_tripped_broadcast_says_why(run: Run) -> None:
    more = '[waves]\npercent = [50, 50]\ngap = "2 hours"\nstop_if = { complaint_rate = 1.0 }'
    found = started(run, broadcast(AT, more=more))
    found.run("2026-05-04T09:00:00Z")
    early = sorted(sent(found))
    found.hear(
        *(
            {
                "id": who,
                "at": "2026-05-04T10:00:00Z",
                "event": "message_complained",
                "customer": who,
                "properties": {"campaign": "b", "step": "letter"},
            }
            for who in early[:2]
        )
    )
    found.run("2026-05-05T00:00:00Z")
    assert sorted(sent(found)) == early
    (state,) = [row for row in found.rows("campaign_state") if row.campaign == "b"]
    assert state.ordered == "stopped" and state.reason.startswith("breaker: complaint_rate")
    assert states(found) == {("once", "letter", 0): "done", ("once", "letter", 1): "stopped"}


def test_auto_sizes_the_test_by_the_audience(run: Run) -> None:
    more = (
        '[[variant]]\nname = "a"\nsubject = "A"\n[[variant]]\nname = "b"\nsubject = "B"\n'
        '[winner]\nby = "click_rate"\ntest_percent = "auto"\ndecide_after = "4 hours"'
    )
    found = started(run, broadcast(AT, more=more), settings())
    found.run("2026-05-04T09:00:00Z")
    with found.database.read() as connection:
        (state,) = occasions.states(connection, "b")
    assert state.tested == pytest.approx(share_to_test(len(NAMES), 2, default_prior("click_rate")))
    found.run("2026-05-04T13:00:00Z")
    assert sent(found) == Counter(NAMES)


def test_who_moves_where_nobody_lived_is_asked_at_the_moment_there(run: Run) -> None:
    """All live by the shop's clock; at noon somebody comes to New York, another to Auckland."""
    text = broadcast("2026-05-04T09:00:00")
    found = started(run, text)
    found.run("2026-05-04T12:00:00Z")
    found.say(
        person("york", timezone="America/New_York"),
        person("auckland", timezone="Pacific/Auckland"),
        at="2026-05-04T12:00:00Z",
    )
    found.run("2026-05-04T14:00:00Z")
    at = {row.customer_id: row.at for row in found.rows("decision") if row.what == "sent"}
    assert at.pop("york") == instant("2026-05-04T13:00:00Z")
    assert at == dict.fromkeys(NAMES, instant(AT))
    assert states(found) == {("once", "letter", 0): "asking"}
    found.run("2026-05-05T00:00:00Z")
    assert states(found) == {("once", "letter", 0): "done"}


def test_a_newcomer_far_east_gets_the_next_occurrence_in_time(run: Run) -> None:
    found = started(run, recurring())
    found.run("2026-05-01T18:00:00Z")
    found.say(person("far", timezone="Pacific/Kiritimati"), at="2026-05-01T18:00:00Z")
    found.run("2026-05-01T19:00:00Z")
    at = {r.customer_id: r.at for r in found.rows("decision") if r.what == "sent"}
    assert at["far"] == instant("2026-05-01T19:00:00Z")
    with found.database.read() as connection:
        ahead = [one for one in occasions.states(connection, "b") if one.state == "waiting"]
    assert len(ahead) <= 2


def test_a_restart_asks_nobody_whose_moment_was_over_before_they_came(run: Run) -> None:
    """Tokyo's nine o'clock comes at midnight; somebody comes to live there at one."""
    found = started(run, broadcast("2026-05-04T09:00:00"))
    found.run("2026-05-04T01:00:00Z")
    found.say(person("tokyo", timezone="Asia/Tokyo"), at="2026-05-04T01:00:00Z")
    found.run("2026-05-04T02:00:00Z")
    found.start("2026-05-04T02:00:00Z")
    found.run("2026-05-04T10:00:00Z")
    assert sent(found) == Counter(NAMES)
