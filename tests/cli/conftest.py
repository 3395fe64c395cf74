"""A small shop in a folder of its own, and a way to call a command and read its answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lifecycle.cli import main
from tests.cli.shop import make_shop


@dataclass(frozen=True)
class Answered:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its answer as JSON."""
        return json.loads(self.out)


Call = Callable[..., Answered]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls a command in this process."""

    def calling(*arguments: str | Path) -> Answered:
        capsys.readouterr()
        code = main([str(one) for one in arguments])
        out, err = capsys.readouterr()
        return Answered(code, out, err)

    return calling


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small shop, on SQLite, with the shell in its folder."""
    root = make_shop(tmp_path / "shop")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def any_shop(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small shop on each kind of database, its tables made."""
    from lifecycle.store.database import Database
    from lifecycle.store.migrate import create

    database = Database(database_url)
    create(database)
    database.close()
    root = make_shop(tmp_path / "shop", database=database_url)
    monkeypatch.chdir(root)
    return root
