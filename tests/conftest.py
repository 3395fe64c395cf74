"""What all tests share: a fresh database of each kind, and hypothesis without deadlines."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests import databases
from tests.receiver import Answered, Receiver

settings.register_profile("lifecycle", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "lifecycle")

_run_folder = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin the run in the process that started it; pytest's workers find its folder by name."""
    if not hasattr(config, "workerinput"):
        config.stash[_run_folder] = databases.begin_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the run's server, by the process that began the run."""
    if folder := config.stash.get(_run_folder, None):
        databases.end_run(folder)


@pytest.fixture(scope="session")
def postgres_server() -> databases.PostgresServer:
    """The run's own PostgreSQL server; a run without one is an error, never a skip."""
    return databases.PostgresServer.of_this_run()


@pytest.fixture
def database_prepare() -> databases.Prepare | None:
    """What fills a test's fresh database; None leaves it empty.

    Override it in a folder's conftest.py with a module-level function of the database's URL. It
    runs once a run, and each test gets a copy.
    """
    return None


@pytest.fixture
def sqlite_url(tmp_path: Path, database_prepare: databases.Prepare | None) -> str:
    """The URL of a fresh SQLite file of this test's own."""
    file = tmp_path / "shop.db"
    if database_prepare is not None:
        shutil.copy(databases.prepared_sqlite(database_prepare), file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgresql_url(
    postgres_server: databases.PostgresServer, database_prepare: databases.Prepare | None
) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database of this test's own, dropped after it."""
    template = postgres_server.prepared(database_prepare) if database_prepare else "template1"
    name = postgres_server.create(template)
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database; a test that asks for it runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    """Start receivers of calls, which answer by these statuses and at the end by 204."""
    started: list[Receiver] = []

    def start(*answers: int | Answered, **more: Any) -> Receiver:
        said = [one if isinstance(one, tuple) else (one, {}, b"") for one in answers]
        started.append(Receiver(said, **more))
        return started[-1]

    yield start
    for one in started:
        one.stop()
