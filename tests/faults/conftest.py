"""What the tests of promises share: shops that run on each database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lifecycle.catalog.catalog import Catalog
from tests.faults.running import Running
from tests.store.prepared import with_tables

Run = Callable[..., Running]


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


@pytest.fixture
def run(database_url: str) -> Iterator[Run]:
    """Start a shop on a fresh database; closed after the test."""
    opened: list[Running] = []

    def started(catalog: Catalog, *more: Any, **told: Any) -> Running:
        opened.append(Running(database_url, catalog, *more, **told))
        return opened[-1]

    yield started
    for one in opened:
        one.close()
