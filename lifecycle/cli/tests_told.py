"""What `plan` and `check` tell of tests of variants before they are launched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.campaign import letters_of

if TYPE_CHECKING:
    from lifecycle.insight.before_launch import Prospect


def tests_ahead(
    catalog: Catalog, connection: Connection | None, now: datetime
) -> Sequence[Prospect]:
    """What the tests of the definitions would show; without variants nothing is loaded for it."""
    every = catalog.campaigns.values()
    if not any(len(step.variant) > 1 for campaign in every for _, step in letters_of(campaign)):
        return ()
    from lifecycle.insight.before_launch import prospects

    return prospects(catalog, connection, now)


def tests_lines(found: Sequence[Prospect], currency: str) -> Iterator[str]:
    """The same in lines for people."""
    if found:
        from lifecycle.insight.before_launch_spoken import told

        for one in found:
            yield from told(one, currency)


def tests_data(found: Sequence[Prospect], currency: str) -> list[dict[str, Any]]:
    """The same for programs, with the lines for people in `told`."""
    data = []
    for one in found:
        after = one.decides_after
        seconds = None if after is None else after.total_seconds()
        proves = one.detectable if one.tested else None
        told = [line.strip() for line in tests_lines([one], currency)]
        data.append({**asdict(one), "decides_after": seconds, "detectable": proves, "told": told})
    return data
