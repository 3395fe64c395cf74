"""The desk: what a command that writes works with, in its own process or inside the daemon."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle.catalog.catalog import Catalog
from lifecycle.clock import Clock
from lifecycle.core.settings import Settings
from lifecycle.engine.parts import Parts
from lifecycle.hooks import Registry
from lifecycle.store.database import Database


def _nothing() -> None:
    """Nobody has to be told."""


def _nobody(catalog: Catalog, hooks: Registry) -> None:
    """No engine runs on these definitions here."""


def _no_parts() -> Parts | None:
    """Nothing is live here."""
    return None


@dataclass(frozen=True)
class Desk:
    """One project with its database open for writing.

    `wake` tells the engine that something came in; `go_live` hands it new definitions; `alone`
    keeps the engine from working for as long as it is held; outside the daemon they do nothing.
    `parts` gives what the engine works with, None while nothing is live.
    """

    root: Path
    settings: Settings
    database: Database
    key: bytes
    clock: Clock
    wake: Callable[[], None] = _nothing
    go_live: Callable[[Catalog, Registry], None] = _nobody
    alone: Callable[[], AbstractContextManager[Any]] = nullcontext
    parts: Callable[[], Parts | None] = _no_parts
    in_daemon: bool = False
