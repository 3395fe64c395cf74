"""What broadcasts left out, and what stopped by itself: for doctor."""

from __future__ import annotations

from sqlalchemy import Connection, select

from lifecycle.store.occasions import MISSED, OccasionState, states
from lifecycle.store.tables import METADATA

LATELY = 5
"""So many occurrences of a campaign are looked at, the latest."""
_STATE = METADATA.tables["campaign_state"]


def missed_lately(connection: Connection) -> list[OccasionState]:
    """Occurrences among the latest of each campaign that asked nobody."""
    latest: dict[str, list[OccasionState]] = {}
    for one in states(connection):
        if one.wave == 0:
            latest.setdefault(one.campaign, []).append(one)
    return [
        one
        for known in latest.values()
        for one in sorted(known, key=lambda each: each.entry)[-LATELY:]
        if one.state == MISSED
    ]


def stopped_by_breaker(connection: Connection) -> list[tuple[str, str]]:
    """Campaigns that rates of bounces or complaints have stopped, and which."""
    query = select(_STATE.c.campaign, _STATE.c.reason).where(
        _STATE.c.ordered == "stopped", _STATE.c.reason.startswith("breaker")
    )
    return [(name, reason) for name, reason in connection.execute(query)]
