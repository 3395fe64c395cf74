"""Live, on both databases: segments turn with enrollments, whichever stage begins or ends them."""

from __future__ import annotations

from lifecycle.core.message import OutcomeKind
from tests.faults.conftest import Run
from tests.faults.running import Post
from tests.simulation.shop import broadcast, event, flow, person, segment, settings, shop, step

IN = {
    "in": segment('{ in_campaign = "f" }'),
    "not_in": segment('{ none = [ { in_campaign = "f" } ] }'),
    "sent": segment('{ was_sent = "f", within = "1 day" }'),
}
START = "2026-05-04T09:00:00"
SEEN = event("2026-05-04T10:00:00", "seen")


def test_a_letter_whose_fate_is_unknown_ends_the_enrollment_and_was_not_surely_sent(
    run: Run,
) -> None:
    post = Post([OutcomeKind.UNCERTAIN])
    running = run(shop({"f": flow('when = "seen"')}, IN), post)
    running.start(START)
    running.say(person(), at=START)
    running.hear(SEEN)
    running.run("2026-05-04T12:00:00")
    assert running.turns() == [
        "c1 05-04 09:00 joined not_in",
        "c1 05-04 10:00 joined in",
        "c1 05-04 10:00 joined not_in",
        "c1 05-04 10:00 left in",
        "c1 05-04 10:00 left not_in",
    ]


def test_a_letter_that_is_put_off_keeps_the_customer_in_the_campaign(run: Run) -> None:
    post = Post([OutcomeKind.NEVER_LEFT])
    running = run(shop({"f": flow('when = "seen"')}, IN), post)
    running.start(START)
    running.say(person(), at=START)
    running.hear(SEEN)
    running.run("2026-05-06T00:00:00")
    assert running.turns()[1:] == [
        "c1 05-04 10:00 joined in",
        "c1 05-04 10:00 left not_in",
        "c1 05-04 10:00:30 joined not_in",
        "c1 05-04 10:00:30 joined sent",
        "c1 05-04 10:00:30 left in",
        "c1 05-05 10:00:30 left sent",
    ]


def test_a_broadcast_has_its_customers_in_it_from_its_opening_on(run: Run) -> None:
    files = {"f": broadcast("2026-05-04T23:00:00Z")}
    running = run(shop(files, IN, settings(quiet="21:00-08:00")), Post())
    running.start(START)
    running.say(person("c1"), person("c2"), at=START)
    running.run("2026-05-05T12:00:00")
    assert [told for told in running.turns() if told.endswith(" in")] == [
        *("c1 05-04 23:00 joined in", "c1 05-05 08:00 left in"),
        *("c2 05-04 23:00 joined in", "c2 05-05 08:00 left in"),
    ]


def test_a_flow_whose_file_is_gone_lets_its_customers_out_when_they_are_due(run: Run) -> None:
    flows = {"f": flow('when = "seen"', step("one", 'after = "1 day"'))}
    kept = {"in": segment('{ in_campaign = "f" }')}
    running = run(shop(flows, kept), Post())
    running.start(START)
    running.say(person(), at=START)
    running.hear(SEEN)
    running.run("2026-05-04T12:00:00")
    stopped = {"f": flows["f"].replace('status = "live"', 'status = "archived"')}
    running.start("2026-05-04T13:00:00", shop(stopped, kept))
    running.run("2026-05-06T00:00:00")
    assert running.turns() == ["c1 05-04 10:00 joined in", "c1 05-05 10:00 left in"]


def test_an_attribute_said_again_does_not_begin_anew_and_a_late_word_breaks_it(run: Run) -> None:
    held = {"gold": segment('{ customer = "plan", is = "gold", held_for = "3 days" }')}
    running = run(shop({}, held), Post())
    running.start(START)
    for day in (4, 5, 6):
        running.say({"id": "c1", "attributes": {"plan": "gold"}}, at=f"2026-05-0{day}T10:00:00")
        running.run(f"2026-05-0{day}T11:00:00")
    running.run("2026-05-09T00:00:00")
    late = {"id": "c1", "at": "2026-05-05T12:00:00Z", "attributes": {"plan": "free"}}
    running.say(late, at="2026-05-09T00:00:00")
    running.run("2026-05-10T00:00:00")
    assert running.turns() == [
        "c1 05-07 10:00 joined gold",
        "c1 05-09 00:00 left gold",
        "c1 05-09 10:00 joined gold",
    ]
