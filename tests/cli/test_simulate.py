"""`lifecycle simulate` as one asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lifecycle.core import guard
from lifecycle.errors import EXIT_ERRORS_FOUND, EXIT_WRONG_USAGE
from lifecycle.sim.habits import USUAL
from lifecycle.sim.seeds import SEEDS, Seed, read_seeds
from tests.cli.conftest import Call


def test_it_tells_what_came_of_it(call: Call, shop: Path) -> None:
    done = call("simulate", "hello", "--people", "9", "--days", "60", "--seed", "4", "--json")
    assert done.code == 0, done.err
    told = done.data
    assert told["asked"] == "lifecycle simulate hello --people 9 --days 60 --seed 4"
    (campaign,) = told["campaigns"]
    assert campaign["campaign"] == "hello"
    assert campaign["entered"] == told["happened"]["greeting_asked"] > 0
    assert campaign["sent"] == told["checked"]["letters"] > 0
    assert told["behaviour"] == USUAL.told()
    assert (told["from"], told["until"]) == ("2026-01-01T00:00:00Z", "2026-03-02T00:00:00Z")


def test_it_is_told_for_people_too(call: Call, shop: Path) -> None:
    done = call("simulate", "--people", "4", "--days", "30", "--faults", "--from", "2027-05-01")
    assert done.code == 0, done.err
    assert "4 customers, from 2027-05-01T00:00:00Z to 2027-05-31T00:00:00Z." in done.out
    assert "time to open: exponential, mean 6 hours" in done.out
    assert "Every promise held" in done.out


def test_a_broken_promise_is_told_with_its_seed_which_is_kept(
    call: Call, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = guard._never

    def without_consent(*said: Any) -> Any:
        found = never(*said)
        return None if found == guard.Drop("no_consent") else found

    monkeypatch.setattr(guard, "_never", without_consent)
    done = call("simulate", "--people", "30", "--days", "60", "--seed", "5")
    assert done.code == EXIT_ERRORS_FOUND
    assert "promise 3 is broken" in done.err
    assert "did not agree to offers" in done.err
    assert "--people 30 --days 60 --seed 5 shows it again" in done.err
    assert read_seeds(shop / SEEDS) == [Seed(30, 60, "5")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("helo",), "hello"),
        (("--people", "0"), "--people"),
        (("--seed", "two words"), "one word"),
        (("--from", "soon"), "--from is no instant"),
    ],
)
def test_wrong_usage_is_told(
    call: Call, shop: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = call("simulate", *arguments)
    assert done.code == EXIT_WRONG_USAGE
    assert words in done.err
