"""Whoever's events could not be taken in gets no letter before they are."""

from __future__ import annotations

from sqlalchemy import update

from tests.faults.conftest import Run
from tests.faults.running import TABLES, Post
from tests.simulation.shop import event, flow, instant, person, shop, step

CART = flow(
    'when = "a"',
    '[exit]\nwhen = "x"',
    step("hello", 'after = "1 hour"'),
    '[sending]\nstale_after = "5 hours"',
)


def test_a_letter_is_held_while_an_exit_cannot_be_taken_in(run: Run) -> None:
    post = Post()
    running = run(shop({"f": CART}), post)
    running.start("2026-05-04T09:00:00")
    running.say(*(person(one) for one in ("c1", "c2", "c3")), at="2026-05-04T09:00:00")
    running.hear(*(event("2026-05-04T10:00:00", "a", one) for one in ("c1", "c2", "c3")))
    running.run("2026-05-04T10:00:00")
    running.hear(
        event("2026-05-04T10:30:00", "x", "c1"), event("2026-05-04T10:30:00", "other", "c2")
    )
    intake = TABLES["intake"]
    with running.database.write() as connection:
        connection.execute(
            update(intake)
            .where(intake.c.customer_id.in_(("c1", "c2")))
            .values(quarantined_at=instant("2026-05-04T10:30:00"))
        )
    running.run("2026-05-04T12:30:00")
    assert [one.to for one in post.accepted] == ["c3@x.example"]
    with running.database.write() as connection:
        connection.execute(update(intake).values(quarantined_at=None))
    running.run("2026-05-04T13:30:00")
    assert running.told("c1")[-2:] == ["05-04 10:30 left x", "05-04 11:00 held hello quarantined"]
    assert sorted(one.to for one in post.accepted) == ["c2@x.example", "c3@x.example"]


def test_a_letter_that_is_held_too_long_by_it_is_dropped(run: Run) -> None:
    post = Post()
    running = run(shop({"f": CART}), post)
    running.start("2026-05-04T09:00:00")
    running.say(person(), at="2026-05-04T09:00:00")
    running.hear(event("2026-05-04T10:00:00", "a"))
    running.run("2026-05-04T10:00:00")
    running.hear(event("2026-05-04T10:30:00", "x"))
    with running.database.write() as connection:
        now = instant("2026-05-04T10:30:00")
        connection.execute(update(TABLES["intake"]).values(quarantined_at=now))
    running.run("2026-05-05T10:00:00")
    assert post.accepted == []
    assert "05-04 16:00 dropped hello stale" in running.told("c1")
