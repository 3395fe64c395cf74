"""What incentive hooks gave, kept the moment they gave it, and how often they failed to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from lifecycle.store.dialect.lists import among
from lifecycle.store.prepared import Statement
from lifecycle.store.tables import METADATA
from lifecycle.store.write import upsert

HOOK_CODE = METADATA.tables["hook_code"]
AGAIN_AFTER = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
)
"""How long after each failure a hook is asked again; after one more failure it is given up."""
MOST_TRIES = len(AGAIN_AFTER) + 1


@dataclass(frozen=True, slots=True)
class HookCode:
    """What came of asking a hook for one message or issue so far.

    `code` is empty where the hook had none to give, None while it has failed to answer.
    """

    customer_id: str
    made_for: str
    kind: str
    code: str | None
    tries: int
    problem: str
    asked_at: datetime

    @property
    def given_up(self) -> bool:
        """Whether it has failed too often to be asked again."""
        return self.code is None and self.tries >= MOST_TRIES

    @property
    def again_at(self) -> datetime:
        """When it is asked again after a failure."""
        return self.asked_at + AGAIN_AFTER[min(self.tries, len(AGAIN_AFTER)) - 1]

    def to_ask(self, now: datetime) -> bool:
        """Whether the hook is to be asked at `now`."""
        return self.code is None and not self.given_up and now >= self.again_at


@dataclass(frozen=True, slots=True)
class Failing:
    """A kind whose hook fails: for how many messages and issues, and the latest problem."""

    kind: str
    count: int
    problem: str


def known(connection: Connection, wanted: Iterable[tuple[str, str]]) -> dict[str, HookCode]:
    """What hooks gave for messages and issues, named by (customer, id), by their ids."""
    asked = set(wanted)
    bound = {"customers": sorted({of for of, _ in asked}), "ids": sorted({one for _, one in asked})}
    rows = _KNOWN.rows(connection, bound)
    return {row.made_for: HookCode(**row._asdict()) for row in rows}


def keep(connection: Connection, codes: Sequence[HookCode]) -> None:
    """Keep what hooks gave, or that they failed."""
    upsert(connection, HOOK_CODE, [asdict(one) for one in codes])


def failing(connection: Connection, since: datetime) -> list[Failing]:
    """The kinds whose hooks failed since an instant and have not answered after all."""
    worst = (
        select(HOOK_CODE.c.kind, func.count(), func.max(HOOK_CODE.c.problem))
        .where(HOOK_CODE.c.code.is_(None), HOOK_CODE.c.asked_at >= since)
        .group_by(HOOK_CODE.c.kind)
        .order_by(HOOK_CODE.c.kind)
    )
    return [Failing(*row) for row in connection.execute(worst)]


_KNOWN = Statement(
    select(HOOK_CODE).where(
        among(HOOK_CODE.c.customer_id, "customers"), among(HOOK_CODE.c.made_for, "ids")
    )
)
