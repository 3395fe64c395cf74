"""The real daemon kills itself at named points: nothing is sent twice, and nothing is lost.

All points, at full length, are tried by `make faults`; here it is a few of each kind of place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.experiment import Asked
from faults.experiments import kills, points
from faults.ground import Ground, Grounds
from faults.points import POINTS, point
from tests.databases import PostgresServer

ROOT = Path(__file__).parents[2]
REACHED = re.compile(r'\breach\("(\w+)"\)')
FEW = ("events_committed", "intake_written", "attempts_committed", "letter_answered")
FEW_KILLS = 0.006
"""Of the letters of the whole experiment."""


class GroundsOfTheRun(Grounds):
    """Databases on the server that the tests have anyway."""

    def __init__(self, server: PostgresServer) -> None:
        super().__init__()
        self._tests = server
        self._made: list[str] = []

    def fresh(self, kind: str, folder: Path) -> Ground:
        """A database of its own."""
        if kind == "sqlite":
            return super().fresh(kind, folder)
        self._made.append(self._tests.create())
        return Ground(kind, self._tests.url(self._made[-1]), None)

    def close(self) -> None:
        """Take them away."""
        for name in self._made:
            self._tests.drop(name)


@pytest.fixture
def asked(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Asked]:
    """How experiments are asked here."""
    grounds = GroundsOfTheRun(postgres_server)
    yield Asked(tmp_path, grounds, print, scale=FEW_KILLS)
    grounds.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_sent_twice_or_lost_when_the_daemon_dies_at_a_point(
    asked: Asked, kind: str
) -> None:
    found = points.every(asked, kind, [point(name) for name in FEW])
    assert found.wrong == []
    assert found.figures["kills"] == len(FEW)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_sent_twice_or_lost_under_random_kills(asked: Asked, kind: str) -> None:
    found = kills.once(asked, kind, "bulk")
    assert found.wrong == []
    assert found.figures["kills"] >= 1
    assert found.figures["letters_owed"] >= asked.of(kills.SENDS)


def test_each_point_stands_once_in_the_code_and_once_in_the_list() -> None:
    files = [*(ROOT / "lifecycle").rglob("*.py"), ROOT / "scheduler.py"]
    found = Counter(name for file in files for name in REACHED.findall(file.read_text("utf-8")))
    assert [name for name, count in found.items() if count > 1] == []
    assert sorted(found) == sorted(one.name for one in POINTS)


def test_there_are_points_enough_on_each_database() -> None:
    for kind in ("sqlite", "postgresql"):
        assert sum(kind in one.kinds for one in POINTS) >= 45
