"""A real application over a real database, with only clock and engine stood in for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.shop import Shop
from tests.store.prepared import with_tables


@pytest.fixture
def database_prepare() -> Any:
    return with_tables


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[Shop]:
    """A shop on SQLite."""
    opened = Shop(sqlite_url, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def any_shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """A shop on each kind of database."""
    opened = Shop(database_url, tmp_path)
    yield opened
    opened.close()
