"""`lifecycle simulate`: seeded customers live through the engine, and every promise holds."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lifecycle.catalog.catalog import Catalog
from lifecycle.cli.project import read_project, sound_catalog
from lifecycle.hooks import Registry
from lifecycle.sim.came_to import came_to
from lifecycle.sim.habits import USUAL
from lifecycle.sim.seeds import HEAD, Seed, keep_seed, read_seeds
from lifecycle.sim.simulate import SimulateOptions, simulate
from lifecycle.store.customers import CUSTOMER
from tests.simulation.busy_shop import DAILY, busy_shop

ROOT = Path(__file__).parents[2]
FAILED_ONCE = read_seeds(Path(__file__).with_name("seeds.txt"))
SEEDS = [str(1 + number) for number in range(int(os.environ.get("LIFECYCLE_SEEDS", "2")))]
"""How many seeds are tried with faults; more finds more."""


@pytest.fixture(scope="session")
def starter() -> tuple[Catalog, Registry]:
    """The starter shop's own definitions."""
    project = read_project(ROOT)
    return sound_catalog(project), project.hooks


def lived(catalog: Catalog, hooks: Registry, options: SimulateOptions) -> bytes:
    """Every decision and membership of a simulation, as bytes."""
    run = simulate(catalog, hooks, options)
    try:
        found: list[Any] = [run.world.decisions(), run.world.memberships(), run.watch.judged]
        return json.dumps(found).encode()
    finally:
        run.close()


@pytest.mark.parametrize("seed", FAILED_ONCE, ids=Seed.words)
def test_seeds_that_once_found_a_promise_broken_find_none(
    seed: Seed, starter: tuple[Catalog, Registry]
) -> None:
    lived(*starter, SimulateOptions(seed.people, seed.days, seed.seed, seed.faults))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_month_of_the_starter_shop_with_faults_keeps_every_promise(
    seed: str, starter: tuple[Catalog, Registry]
) -> None:
    lived(*starter, SimulateOptions(20, 30, seed, faults=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_busy_shop_with_faults_keeps_every_promise(seed: str) -> None:
    lived(busy_shop(), Registry(), SimulateOptions(10, 12, seed, faults=True, habits=DAILY))


def test_faults_and_promises_are_the_same_on_both_databases(database_url: str) -> None:
    options = SimulateOptions(8, 8, "3", True, habits=DAILY, database_url=database_url)
    on_memory = SimulateOptions(8, 8, "3", True, habits=DAILY)
    assert lived(busy_shop(), Registry(), options) == lived(busy_shop(), Registry(), on_memory)


def test_the_same_seed_gives_the_same_decisions_byte_for_byte() -> None:
    options = SimulateOptions(10, 10, "7", habits=DAILY)
    first = lived(busy_shop(), Registry(), options)
    assert first == lived(busy_shop(), Registry(), options)
    assert first != lived(busy_shop(), Registry(), SimulateOptions(10, 10, "8", habits=DAILY))


def test_the_size_of_the_batch_changes_no_decision_of_a_simulation() -> None:
    found = {
        lived(busy_shop(), Registry(), SimulateOptions(10, 10, "9", habits=DAILY, batch=batch))
        for batch in (1, 3, 500)
    }
    assert len(found) == 1


def test_figures_are_those_of_the_decisions() -> None:
    run = simulate(busy_shop(), Registry(), SimulateOptions(12, 15, "2", habits=DAILY))
    try:
        decisions = run.world.decisions()
        for one in came_to(run, None):
            own = [row for row in decisions if row["campaign"] == one.campaign]
            assert one.sent == sum(row["what"] == "sent" for row in own)
            assert one.entered == sum(row["what"] == "entered" for row in own)
            assert sum(one.held.values()) == sum(row["what"] == "held" for row in own)
            assert sum(one.left.values()) == sum(row["what"] == "left" for row in own)
        assert sum(one.sent for one in came_to(run, None)) == run.watch.judged
        assert [one.campaign for one in came_to(run, "cart")] == ["cart"]
        with run.world.database.read() as connection:
            erased = connection.execute(CUSTOMER.select()).all()
        gone = [row for row in erased if row.erased_at is not None]
        assert len(gone) == run.happened["(erased)"] > 0
    finally:
        run.close()


def test_every_habit_is_told_with_its_parameters() -> None:
    told = USUAL.told()
    assert told["opens"] == "40 %"
    assert told["time to open"] == "exponential, mean 6 hours"
    assert told["time to delivery"] == "even, 1 day to 5 days"
    assert told["cart ends"].startswith("ordered soon 40 %, abandoned 38 %")
    assert all(told.values())


def test_seeds_are_kept_once_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "tests" / "simulation" / "seeds.txt"
    one, other = Seed(20, 30, "7", faults=True), Seed(5, 400, "x", campaign="welcome")
    for seed in (one, other, one):
        keep_seed(path, seed)
    assert read_seeds(path) == [one, other]
    assert path.read_text() == (
        f"{HEAD}--people 20 --days 30 --seed 7 --faults\nwelcome --people 5 --days 400 --seed x\n"
    )
