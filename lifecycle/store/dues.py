"""When something falls due next, by kind of work."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, column, text

from lifecycle.store.prepared import Statement

_WORK = ("intake", "enrollment", "message", "broadcast", "task", "referral", "errand")
_DUES = Statement(
    text(
        "SELECT (SELECT min(due_at) FROM (SELECT min(due_at) AS due_at FROM intake "
        "WHERE due_at IS NOT NULL AND quarantined_at IS NULL UNION ALL "
        "SELECT min(received_at) FROM arrived) AS intake), "
        "(SELECT min(due_at) FROM enrollment WHERE due_at IS NOT NULL AND quarantined_at IS NULL), "
        "(SELECT min(due_at) FROM message WHERE due_at IS NOT NULL AND quarantined_at IS NULL), "
        "(SELECT min(due_at) FROM broadcast_state), (SELECT min(due_at) FROM task), "
        "(SELECT min(due_at) FROM referral), "
        "(SELECT min(due_at) FROM errand WHERE due_at IS NOT NULL AND quarantined_at IS NULL)"
    ).columns(*(column(name) for name in _WORK))
)


@dataclass(frozen=True, slots=True)
class Dues:
    """The earliest instant at which each kind of work falls due, in microseconds."""

    intake: int | None
    enrollment: int | None
    message: int | None
    broadcast: int | None
    task: int | None
    referral: int | None
    errand: int | None

    def earliest(self) -> int | None:
        """The earliest of all that a tick does; errands are run beside it."""
        every = (getattr(self, name) for name in self.__slots__ if name != "errand")
        return min((one for one in every if one is not None), default=None)

    def upkeep(self) -> int | None:
        """The earliest of broadcasts, tasks and referrals."""
        every = (self.broadcast, self.task, self.referral)
        return min((one for one in every if one is not None), default=None)


def look(connection: Connection) -> Dues:
    """When something falls due next, by kind of work: one statement."""
    return Dues(*_DUES.rows(connection, {})[0])
