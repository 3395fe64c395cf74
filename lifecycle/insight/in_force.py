"""Since when a share of customers is held out, by the definitions as they went live."""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from lifecycle.store import catalog_versions

VERSIONS = 500
"""So many versions are looked through, the latest; the oldest of them stands for all before."""
SETTINGS = "settings.toml"


@dataclass(frozen=True, slots=True)
class InForce:
    """The share held out in percent, from each instant on; the first also holds for all before."""

    since: tuple[datetime, ...]
    percents: tuple[float, ...]

    def period(self, at: datetime) -> int:
        """The number of the period, of one unchanged share, that an instant lies in."""
        return max(0, bisect_right(self.since, at) - 1)


def of_campaign(connection: Connection, campaign: str, now_said: float) -> InForce:
    """The share held out by a campaign's file; `now_said` where no version was ever put live."""
    file = f"campaigns/{campaign}.toml"

    def said(files: Mapping[str, str]) -> object:
        return _at(_read(files.get(file, "")), "holdout", "percent")

    return _in_force(_told(connection, said), now_said)


def everywhere_since(connection: Connection) -> datetime | None:
    """Since when the share held out from all marketing is what it is, by the same seed.

    None: since ever, as in a replay.
    """
    since: tuple[datetime | None, object] = (None, None)
    for version in reversed(catalog_versions.every(connection, VERSIONS)):
        settings = _read(version.files.get(SETTINGS, ""))
        percent = _at(settings, "sending", "global_holdout_percent")
        said = (percent, _at(settings, "shop", "seed"))
        if said != since[1]:
            replayed = version.applied_by == catalog_versions.REPLAY
            since = (None if replayed else version.applied_at, said)
    return since[0]


def _told(connection: Connection, said: Any) -> Iterator[tuple[datetime, Any]]:
    for version in reversed(catalog_versions.every(connection, VERSIONS)):
        yield version.applied_at, said(version.files)


def _in_force(told: Iterator[tuple[datetime, Any]], now_said: Any) -> InForce:
    periods: list[tuple[datetime, Any]] = []
    for at, found in told:
        if not periods or periods[-1][1] != found:
            periods.append((at, found))
    values = [found for _, found in periods] or [now_said]
    return InForce(tuple(at for at, _ in periods), tuple(_percent(one) for one in values))


def _percent(said: object) -> float:
    return float(said) if isinstance(said, int | float) else 0.0


def _read(text: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _at(value: Any, *path: str) -> object:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
