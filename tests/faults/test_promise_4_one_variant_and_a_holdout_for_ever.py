"""A customer held out gets nothing of a campaign, ever; a customer sees one variant of a step."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from lifecycle.catalog.catalog import Catalog
from lifecycle.store.operations import give_verdict
from tests.faults.conftest import Run
from tests.faults.running import Post
from tests.simulation.shop import (
    broadcast,
    event,
    flow,
    instant,
    person,
    play,
    settings,
    shop,
    step,
)

VARIANTS = """
[[step.variant]]
name = "a"
subject = "A"
share = 3
[[step.variant]]
name = "b"
subject = "B"
"""
NAMES = [f"c{n}" for n in range(300)]


def days(*numbers: int, name: str = "a") -> list[dict[str, object]]:
    return [event(f"2026-05-{n:02}T10:00:00", name, who) for n in numbers for who in NAMES]


def test_every_letter_of_a_step_is_of_the_customers_one_variant(tmp_path: Path) -> None:
    text = flow('when = "a"\nagain = "always"', step(more=VARIANTS))
    people = [person(name) for name in NAMES]
    seen: dict[str, set[str]] = defaultdict(set)
    for row in play(tmp_path, shop({"f": text}), days(4, 5), people=people).decisions:
        if row["what"] == "sent":
            seen[row["customer"]].add(row["variant"])
    assert all(len(variants) == 1 for variants in seen.values())
    counts = Counter(next(iter(variants)) for variants in seen.values())
    assert abs(counts["a"] - 225) < 30


def test_a_retry_and_a_restart_keep_the_variant(run: Run) -> None:
    from lifecycle.core.message import OutcomeKind

    text = flow('when = "a"', step(more=VARIANTS))
    post = Post(script=[OutcomeKind.SLOW_DOWN, OutcomeKind.NEVER_LEFT])
    running = run(shop({"f": text}), post)
    running.start("2026-05-04T09:00:00")
    running.say(person(), at="2026-05-04T09:00:00")
    running.hear(event("2026-05-04T10:00:00", "a"))
    running.run("2026-05-04T10:00:00")
    asked = running.rows("message")[0].variant
    running.start("2026-05-04T10:01:00")
    running.run("2026-05-04T12:00:00")
    assert [letter.variant for letter in post.accepted] == [asked]


def test_a_variants_own_step_is_another_draw(tmp_path: Path) -> None:
    text = flow('when = "a"', step("one", VARIANTS), step("two", VARIANTS))
    people = [person(name) for name in NAMES]
    pairs: dict[str, dict[str, str]] = defaultdict(dict)
    for row in play(tmp_path, shop({"f": text}), days(4), people=people).decisions:
        if row["what"] == "sent":
            pairs[row["customer"]][row["step"]] = row["variant"]
    assert len({(pair["one"], pair["two"]) for pair in pairs.values()}) == 4


@pytest.mark.parametrize("where", ["campaign", "everywhere", "broadcast"])
def test_who_is_held_out_once_never_gets_a_letter(tmp_path: Path, where: str) -> None:
    part = "" if where == "everywhere" else "[holdout]\npercent = 40\n"
    said = settings("global_holdout_percent = 40") if where == "everywhere" else settings()
    if where == "broadcast":
        files = {"f": broadcast("2026-05-04T09:00:00", more=part)}
    else:
        files = {"f": flow('when = "a"\nagain = "always"', part, step())}
    people = [person(name) for name in NAMES]
    played = play(tmp_path, shop(files, said=said), days(3, 5, 6), people=people)
    out = {row["customer"] for row in played.decisions if row["what"] == "held_out"}
    got = {row["customer"] for row in played.decisions if row["what"] == "sent"}
    assert not out & got
    assert out | got == set(NAMES)
    assert abs(len(out) - 120) < 35


def test_the_global_holdout_is_the_same_customers_in_every_campaign(tmp_path: Path) -> None:
    files = {"f": flow('when = "a"'), "g": flow('when = "a"')}
    said = settings("global_holdout_percent = 20")
    played = play(tmp_path, shop(files, said=said), days(4), people=[person(n) for n in NAMES])
    out = {
        one: {
            row["customer"]
            for row in played.decisions
            if row["what"] == "held_out" and row["campaign"] == one
        }
        for one in files
    }
    assert out["f"] == out["g"] != set()


def test_a_smaller_share_lets_nobody_in_who_was_held_out(run: Run) -> None:
    def catalog(percent: int) -> Catalog:
        part = f"[holdout]\npercent = {percent}"
        return shop({"f": flow('when = "a"\nagain = "always"', part, step())})

    post = Post()
    running = run(catalog(60), post)
    running.start("2026-05-04T09:00:00")
    names = NAMES[:30]
    running.say(*(person(name) for name in names), at="2026-05-04T09:00:00")
    running.hear(*(event("2026-05-04T10:00:00", "a", name) for name in names))
    running.run("2026-05-04T11:00:00")
    out = {row.customer_id for row in running.rows("decision") if row.what == "held_out"}
    assert out
    running.start("2026-05-05T09:00:00", catalog(5))
    running.hear(*(event("2026-05-05T10:00:00", "a", name) for name in names))
    running.run("2026-05-05T11:00:00")
    assert not out & {letter.to.partition("@")[0] for letter in post.accepted}


@pytest.mark.parametrize(("where", "also"), [("campaign", False), ("everywhere", True)])
def test_a_larger_share_holds_out_nobody_who_was_let_in(run: Run, where: str, also: bool) -> None:
    """Who was written to would stand for those who were not; all marketing is another thing."""

    def catalog(percent: int) -> Catalog:
        everywhere = where == "everywhere"
        part = "" if everywhere else f"[holdout]\npercent = {percent}"
        said = settings(f"global_holdout_percent = {percent}") if everywhere else settings()
        return shop({"f": flow('when = "a"\nagain = "always"', part, step())}, said=said)

    running = run(catalog(5), Post())
    running.start("2026-05-04T09:00:00")
    old, new = NAMES[:30], NAMES[30:60]
    running.say(*(person(name) for name in (*old, *new)), at="2026-05-04T09:00:00")
    running.hear(*(event("2026-05-04T10:00:00", "a", name) for name in old))
    running.run("2026-05-04T11:00:00")
    out = {row.customer_id for row in running.rows("decision") if row.what == "held_out"}
    running.start("2026-05-05T09:00:00", catalog(60))
    running.hear(*(event("2026-05-05T10:00:00", "a", name) for name in (*old, *new)))
    running.run("2026-05-05T11:00:00")
    now = {row.customer_id for row in running.rows("decision") if row.what == "held_out"}
    assert len(now & set(new)) > 8
    assert bool((now - out) & set(old)) is also


def test_every_occurrence_of_a_broadcast_keeps_to_the_first(run: Run) -> None:
    def catalog(percent: int) -> Catalog:
        part = f"[holdout]\npercent = {percent}\n"
        text = broadcast("2026-05-04T09:00:00", more=part)
        return shop({"f": text.replace("at = 2026-05-04T09:00:00", 'every = "day at 09:00"')})

    running = run(catalog(50), Post())
    running.start("2026-05-04T08:00:00")
    names = NAMES[:30]
    running.say(*(person(name) for name in names), at="2026-05-04T08:00:00")
    running.run("2026-05-04T10:00:00")
    first = {row.customer_id: row.state == "held_out" for row in running.rows("enrollment")}
    assert set(first) == set(names) and len(set(first.values())) == 2
    for day, percent in ((5, 5), (6, 95)):
        running.start(f"2026-05-{day:02}T08:00:00", catalog(percent))
        running.run(f"2026-05-{day:02}T10:00:00")
    states = {(row.customer_id, row.state == "held_out") for row in running.rows("enrollment")}
    assert len(running.rows("enrollment")) == 3 * len(names)
    assert states == set(first.items())


def test_another_seed_draws_others(tmp_path: Path) -> None:
    outs = []
    for seed in ("one", "two"):
        catalog = shop(
            {"f": flow('when = "a"', "[holdout]\npercent = 50", step())}, said=settings(seed=seed)
        )
        played = play(tmp_path, catalog, days(4), people=[person(n) for n in NAMES])
        outs.append({r["customer"] for r in played.decisions if r["what"] == "held_out"})
    assert outs[0] != outs[1]


def test_who_saw_the_loser_sees_it_again_after_the_verdict_and_the_others_see_the_winner(
    run: Run,
) -> None:
    text = flow('when = "a"\nagain = "always"', step("one", VARIANTS))
    running = run(shop({"f": text}), Post())
    running.start("2026-05-04T09:00:00")
    for name in NAMES[:40]:
        running.say(person(name), at="2026-05-04T09:00:00")
        running.hear(event("2026-05-04T10:00:00", "a", name))
    running.run("2026-05-04T10:00:00")
    first = {row.customer_id: row.variant for row in running.rows("message")}
    assert set(first.values()) == {"a", "b"}
    with running.database.write() as connection:
        give_verdict(
            connection,
            ("f", "one", ""),
            "b",
            proven=True,
            detail="",
            now=instant("2026-05-05T09:00:00"),
        )
    for name in NAMES[:60]:
        running.say(person(name), at="2026-05-05T09:30:00")
        running.hear(event("2026-05-05T10:00:00", "a", name))
    running.run("2026-05-05T10:00:00")
    after = instant("2026-05-05T09:00:00")
    later = [row for row in running.rows("message") if row.attempted_at > after]
    assert len(later) == 60
    assert all(row.variant == first.get(row.customer_id, "b") for row in later)
