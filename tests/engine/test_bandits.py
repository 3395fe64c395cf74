"""Bandits: shares follow answers night by night, for every process, and nobody changes variant."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.chance import fraction
from lifecycle.core.words import rfc3339
from lifecycle.engine import allocating
from lifecycle.failpoints import FailpointReached, asked_for
from lifecycle.models.thompson import FLOOR
from lifecycle.store import allocation, operations, register
from lifecycle.store.database import Database
from tests.faults.running import Post, Running
from tests.simulation.shop import Played, event, flow, person, play, settings, shop, step
from tests.store.prepared import with_tables

BEGIN = datetime(2026, 5, 4, 12, tzinfo=UTC)
PLACE = ("f", "hello", "")


def bandit(more: str = "", variants: str = "ab", enter: str = 'when = "a"') -> Catalog:
    said = "".join(f'[[step.variant]]\nname = "{one}"\nsubject = "{one}"\n' for one in variants)
    winner = f'[step.winner]\nby = "click_rate"\npolicy = "bandit"\n{more}'
    return shop({"f": flow(enter, step(more=said + winner))}, said=settings(zone="Europe/Berlin"))


def day(number: int, hours: int = 0) -> str:
    return rfc3339(BEGIN + timedelta(days=number, hours=hours)).removesuffix("Z")


def draw(name: str) -> float:
    """Where the hash of a customer falls among the shares."""
    return fraction("s", "variant", "f", "hello", name)


def history(days: int, a_day: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Whoever falls on the right half clicks twice as often: at first those are b's readers."""
    people, lines = [], []
    for number in range(days):
        for one in range(a_day):
            name = f"c{number}-{one}"
            people.append(person(name))
            lines.append(event(day(number), "a", name))
            if fraction("click", name) < (0.5 if draw(name) >= 0.5 else 0.2):
                lines.append(
                    event(day(number, 2), "message_clicked", name, campaign="f", step="hello")
                )
    return people, lines


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Played, Database]]:
    folder = tmp_path_factory.mktemp("bandit")
    people, lines = history(60, 20)
    kept = folder / "kept.db"
    found = play(folder, bandit(), lines, day(60), people, keep=kept)
    database = Database(f"sqlite:///{kept}")
    yield found, database
    database.close()


def periods(database: Database) -> list[allocation.Period]:
    with database.read() as connection:
        return list(allocation.periods(connection, PLACE))


def test_over_sixty_days_shares_change_at_three_in_the_morning_of_the_shop(
    played: tuple[Played, Database],
) -> None:
    found = periods(played[1])
    assert len(found) > 5
    assert {one.since.hour for one in found} == {1}
    assert found[0].since >= BEGIN + timedelta(days=3)
    assert [one.until for one in found[:-1]] == [one.since for one in found[1:]]
    assert found[-1].until is None
    first, last = dict(found[0].shares), dict(found[-1].shares)
    assert last["b"] > 0.9 > first["b"]
    assert all(sum(dict(one.shares).values()) == pytest.approx(1) for one in found)
    assert all(min(dict(one.shares).values()) >= FLOOR / 2 - 1e-3 for one in found)


def test_each_letter_is_given_out_by_the_shares_of_its_day(played: tuple[Played, Database]) -> None:
    found, shares = played[0], periods(played[1])
    sent = [row for row in found.decisions if row["what"] == "sent"]
    assert len(sent) == 1_200
    for row in sent:
        at = datetime.fromisoformat(row["at"])
        force = next((dict(one.shares) for one in reversed(shares) if one.since <= at), {"a": 0.5})
        assert row["variant"] == ("a" if draw(row["customer"]) < force["a"] else "b")


def test_a_bandit_is_never_proven_and_at_the_end_of_within_its_favourite_is_kept(
    tmp_path: Path,
) -> None:
    people, lines = history(20, 20)
    kept = tmp_path / "kept.db"
    found = play(tmp_path, bandit('within = "14 days"'), lines, day(20), people, keep=kept)
    database = Database(f"sqlite:///{kept}")
    with database.read() as connection:
        row = connection.execute(select(operations.VERDICT)).one()
        in_force = allocation.in_force(connection)
        past = list(register.of_campaign(connection, "f"))
    database.close()
    assert past and all(one.steered for one in past), "it teaches no test how large to be"
    assert (row.variant, bool(row.proven)) == ("b", False)
    assert row.at == datetime(2026, 5, 19, 1, tzinfo=UTC)
    assert "kept as the favourite, not proven" in row.detail
    assert in_force == {}
    late = [one for one in found.decisions if one["what"] == "sent" and one["at"] > "2026-05-19T02"]
    assert {one["variant"] for one in late} == {"b"}


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


@pytest.fixture
def running(database_url: str) -> Iterator[Running]:
    """A shop whose bandit has had a week of letters; b's were clicked far more often."""
    found = Running(database_url, bandit(enter='when = "a"\nagain = "always"'), Post())
    found.start(day(0, -1))
    names = [f"n{number}" for number in range(60)]
    found.say(*(person(name) for name in names), at=day(0, -1))
    found.hear(*(event(day(0), "a", name) for name in names))
    found.run(day(0))
    fans = [name for name in names if draw(name) >= 0.5][:20]
    found.hear(*(event(day(0, 2), "message_clicked", n, campaign="f", step="hello") for n in fans))
    found.run(day(2))
    yield found
    found.close()


def shares(found: Running) -> dict[str, float]:
    with found.database.read() as connection:
        return dict(allocation.in_force(connection).get(PLACE, ()))


def test_letters_that_have_not_had_their_time_move_nothing(running: Running) -> None:
    assert shares(running) == {}
    running.run(day(3, 14))
    assert shares(running)["b"] > 0.6


def test_who_has_seen_a_variant_keeps_it_when_shares_change_and_when_the_bandit_ends(
    running: Running,
) -> None:
    first = {row.customer_id: row.variant for row in running.rows("message")}
    running.run(day(3, 14))
    now = shares(running)
    moved = [name for name in first if now["a"] <= draw(name) < 0.5]
    assert moved
    assert {first[name] for name in moved} == {"a"}
    running.hear(*(event(day(4), "a", name) for name in first))
    running.run(day(4))
    plain = shop(
        {
            "f": flow(
                'when = "a"\nagain = "always"',
                step(
                    more=(
                        '[[step.variant]]\nname = "a"\nsubject = "a"\nshare = 1\n'
                        '[[step.variant]]\nname = "b"\nsubject = "b"\nshare = 99\n'
                    )
                ),
            )
        },
        said=settings(zone="Europe/Berlin"),
    )
    running.start(day(5), plain)
    assert shares(running) == {}
    running.hear(*(event(day(5, 1), "a", name) for name in first))
    running.run(day(5, 1))
    seen: dict[str, set[str]] = {}
    for row in running.rows("message"):
        seen.setdefault(row.customer_id, set()).add(row.variant)
    assert len(running.rows("message")) == 3 * len(first)
    assert seen == {name: {variant} for name, variant in first.items()}


def test_a_process_that_dies_over_the_shares_leaves_the_old_ones_whole(running: Running) -> None:
    asked_for("shares_written=raise")
    with pytest.raises(FailpointReached):
        running.run(day(3, 14))
    assert shares(running) == {}
    running.start(day(3, 15))
    running.run(day(3, 15))
    assert shares(running)["b"] > 0.6
    assert len(running.rows("allocation")) == 2


def test_two_processes_at_once_reckon_the_shares_once(running: Running) -> None:
    """Both see the task due; one takes it, and the other gives out variants by its shares."""
    other = Running(running.url, running.catalog, Post())
    night = datetime(2026, 5, 8, 1, tzinfo=UTC)
    gate, done = threading.Barrier(2), Counter[str]()

    def reckon(which: Running, name: str) -> None:
        gate.wait()
        with which.database.write() as connection:
            done[name] = allocating.do_due(connection, which.engine.parts, night)

    threads = [
        threading.Thread(target=reckon, args=(which, name))
        for which, name in ((running, "one"), (other, "other"))
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(done.values()) == [0, 1]
    assert len(running.rows("allocation")) == 2
    with other.database.read() as connection:
        assert dict(allocation.in_force(connection)[PLACE])["b"] > 0.6
    assert other.engine.policy().shares[PLACE] == running.engine.policy().shares[PLACE]
    other.close()


def test_the_size_of_the_batch_changes_neither_shares_nor_decisions(running: Running) -> None:
    people, lines = history(9, 12)
    found = []
    for batch in (500, 1, 7):
        running.clear()
        running.batch = batch
        running.start(day(0, -1))
        running.say(*people, at=day(0, -1))
        for number in range(9):
            running.hear(*(one for one in lines if one["at"].startswith(day(number)[:10])))
            running.run(day(number, 11))
        rows = [(r.at, r.customer_id, r.variant, r.what) for r in running.rows("decision")]
        steps = [(r.since, r.variant, r.share) for r in running.rows("allocation")]
        found.append((sorted(rows), sorted(steps)))
    assert len(found[0][1]) >= 4
    assert found[1] == found[0]
    assert found[2] == found[0]


def test_shares_for_variants_that_are_not_the_files_give_nobody_anything(running: Running) -> None:
    running.run(day(3, 14))
    assert shares(running)["b"] > 0.6
    wider = bandit(variants="abc", enter='when = "a"\nagain = "always"')
    running.start(day(4), wider)
    fresh = [f"m{number}" for number in range(60)]
    running.say(*(person(name) for name in fresh), at=day(4))
    running.hear(*(event(day(4, 1), "a", name) for name in fresh))
    running.run(day(4, 1))
    got = Counter(row.variant for row in running.rows("message") if row.customer_id in fresh)
    assert min(got["a"], got["b"], got["c"]) > 8
