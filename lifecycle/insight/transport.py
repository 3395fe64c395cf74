"""How a transport stands: its pace, what is left of the day's quota, and what stops it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from lifecycle.core.account import Told
from lifecycle.core.pace import Limit
from lifecycle.core.stoppage import ACCOUNT, MARKETING, RATE, Stop, Stopped
from lifecycle.core.words import rfc3339
from lifecycle.insight.spoken import clock
from lifecycle.store import account, pace

_ANY_RATE = Limit.per_second(1)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a transport now; `told` is None while its account never told anything."""

    told: Told | None
    begun: int
    stopped: tuple[Stopped, ...]

    @property
    def left_today(self) -> int | None:
        """How many letters the day's quota leaves; None = unlimited, or unknown."""
        if self.told is None or self.told.most is None:
            return None
        return max(0, self.told.most - self.begun)

    def figures(self) -> dict[str, float]:
        """Figures by name: pace and quota as told, what is left, and 1 for each stoppage."""
        found = {f"transport_stopped_{kind}": 0.0 for kind in Stop}
        found["transport_stopped"] = float(any(one.scope == ACCOUNT for one in self.stopped))
        for one in self.stopped:
            found[f"transport_stopped_{one.kind}"] += 1.0
        if self.told is not None:
            found["pace_per_second"] = self.told.per_second
            if self.told.per_day is not None:
                found["quota_per_day"] = self.told.per_day
                found["quota_left"] = float(self.left_today or 0)
        return found


def standing(connection: Connection, transport: str) -> Standing:
    """How a transport stands, as the database knows it."""
    known = account.known(connection, transport)
    _, begun = pace.look(connection, transport, _ANY_RATE)
    stopped = account.stoppages(connection, transport)
    return Standing(known.told, begun, tuple(stopped[scope] for scope in sorted(stopped)))


def sentences(found: Standing) -> Iterator[str]:
    """Each stoppage in a sentence for operators: why, since when, when it is tried, what to do."""
    for one in found.stopped:
        until, since = rfc3339(one.until), rfc3339(one.since)
        yield (
            f"{one.words()}; since {since}, tried again at {until}; attempts burnt: 0; "
            f"{one.manner.remedy}"
        )


def why_resting(connection: Connection, transport: str, reason: str, zone: ZoneInfo) -> str | None:
    """Why letters held for a reason rest now, on the clock `zone`; None where nothing says so."""
    stopped = account.stoppages(connection, transport)
    for scope in (ACCOUNT, MARKETING, *sorted(stopped)):
        one = stopped.get(scope)
        if one is not None and one.scope != RATE and one.manner.reason == reason:
            return f"{one.words()}, since {clock(one.since, zone)}"
    return None
