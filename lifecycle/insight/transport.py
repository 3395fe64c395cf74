"""How a transport stands: its pace, what is left of the day's quota, and what stops it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from lifecycle.core.account import Told
from lifecycle.core.pace import Limit
from lifecycle.core.stoppage import ACCOUNT, MARKETING, Stop, Stopped
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


def told_of(found: Standing) -> Iterator[dict[str, str]]:
    """Each stoppage as plain data, for machines."""
    for one, sentence in zip(found.stopped, sentences(found), strict=True):
        yield {
            "kind": str(one.kind),
            "scope": one.scope,
            "since": rfc3339(one.since),
            "until": rfc3339(one.until),
            "told": sentence,
        }


def why_resting(connection: Connection, transport: str, zone: ZoneInfo) -> dict[str, str]:
    """Why letters rest that are held by a stoppage, by reason, on the clock `zone`.

    Where several stop letters for one reason, the one that concerns most is told.
    """
    found: dict[str, str] = {}
    for one in sorted(account.stoppages(connection, transport).values(), key=_reaches):
        if one.manner.reason:
            since, until = clock(one.since, zone), clock(one.until, zone)
            told = (
                f"{one.words()}, since {since}; it is tried again at {until}, and goes on by itself"
            )
            found.setdefault(one.manner.reason, told)
    return found


def _reaches(one: Stopped) -> tuple[bool, bool, str]:
    return one.scope != ACCOUNT, one.scope != MARKETING, one.scope
