"""What the tests of pace and stoppages share: a shop on an account with limits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lifecycle.sim.fake_ses import FakeSes
from tests.engine.paced_shop import Open, PacedShop, catalog, stand_in


@pytest.fixture
def opened(database_url: str, tmp_path: Path) -> Iterator[Open]:
    """Open a shop with campaigns, on an account with limits."""
    shops: list[PacedShop] = []
    fakes: list[FakeSes] = []

    def open_one(campaigns: dict[str, str] | None = None, **limits: Any) -> PacedShop:
        fakes.append(stand_in(tmp_path, **{"per_second": 500.0, **limits}))
        shops.append(
            PacedShop(database_url, catalog(**(campaigns or {})), fakes[0], fakes[0].start())
        )
        return shops[0]

    yield open_one
    for one in shops:
        one.transport.close()
        one.close()
    for fake in fakes:
        fake.stop()
