"""What the tests of simulations share: stand-ins for SES that end with their test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lifecycle.clock import SystemClock
from lifecycle.sim.fake_ses import FakeSes
from tests.sim.fake_ses_clients import Start, Started


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a stand-in on the truth log of this test; any number, one after the other too."""
    fakes: list[FakeSes] = []

    def started(clock: Any = None, **told: Any) -> Started:
        fake = FakeSes(tmp_path / "truth.jsonl", clock or SystemClock(), **told)
        fakes.append(fake)
        return Started(fake, fake.start())

    yield started
    for fake in fakes:
        fake.stop()
