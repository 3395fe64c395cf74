"""What an experiment is: it is asked with a size and a seed, and gives findings with figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults.ground import KINDS, Grounds
from faults.judge import Verdict
from faults.place import Place, Wanted, opened

SETTLE_SECONDS = 900.0
"""No experiment waits longer than this for its last letter."""
LEASE_SECONDS = 6
SHORT_LEASE: dict[str, object] = {
    "lifecycle.store.claims.LEASE_SECONDS": LEASE_SECONDS,
    "lifecycle.store.claims.LEASE": LEASE_SECONDS,
    "lifecycle.engine.pacing.LEASE_MARGIN_SECONDS": 1.0,
}
"""On PostgreSQL, where the next daemon waits for the leases of the one that died."""


@dataclass(frozen=True)
class Finding:
    """One row of figures: of which database or variation, what was counted, what was wrong."""

    title: str
    figures: dict[str, Any]
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Asked:
    """How an experiment is to be run."""

    folder: Path
    grounds: Grounds
    tell: Callable[[str], None]
    kinds: tuple[str, ...] = KINDS
    seed: int = 1
    scale: float = 1.0
    """1 = in full; less for a quick look: counts and lengths shrink by it."""

    def of(self, count: int, least: int = 1) -> int:
        """A count at this scale."""
        return max(least, round(count * self.scale))

    @contextmanager
    def shop(self, name: str, wanted: Wanted) -> Iterator[Place]:
        """A shop of its own."""
        with opened(self.grounds, self.folder, name, wanted) as place:
            yield place


Run = Callable[[Asked], Iterable[Finding]]


@dataclass(frozen=True)
class Experiment:
    """One of the experiments: its name, what it asks, how it is done."""

    name: str
    question: str
    method: str
    run: Run
    columns: tuple[tuple[str, str], ...] = ()
    """Figures of its own: heading and key."""


def finding(title: str, begun: float, verdict: Verdict, **figures: Any) -> Finding:
    """A finding from a verdict, with figures of its own beside."""
    told = verdict.told()
    wrong = told.pop("wrong")
    return Finding(title, {**told, **figures}, wrong, round(time.monotonic() - begun, 1))


def leases(kind: str) -> dict[str, object]:
    """What a daemon runs with that others wait for: short leases where leases are waited for."""
    return dict(SHORT_LEASE) if kind == "postgresql" else {}
