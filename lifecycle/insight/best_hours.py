"""What is learned of hours, how letters went by it, and what that brought beside the control."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, select

from lifecycle.core.best_hour import LEAST_ANSWERS
from lifecycle.core.hours import Role
from lifecycle.core.learned_hours import HOURS, WEEK, Learned
from lifecycle.core.settings import SendingPolicy
from lifecycle.insight.interval import Z
from lifecycle.models.send_time_lift import HourLift, Stratum, always_valid, lift
from lifecycle.store import hours
from lifecycle.store.handed import GONE
from lifecycle.store.tables import METADATA

MESSAGE, TRIAL = METADATA.tables["message"], METADATA.tables["hour_trial"]
WIDEST = 2.0
"""An interval that lets best hours bring three times as much says nothing yet: it is not told."""
TOLD_APART = 0.1
"""A lift of so much is worth being told: letters are reckoned for that."""
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MOST_NEEDED = 10**12


@dataclass(frozen=True, slots=True)
class SlotWorth:
    """How much likelier than on average a letter is answered in an hour of the week: 0.1 is 10 %.

    `low` to `high` holds the truth 95 times of 100.
    """

    weekday: int
    """0 is Monday."""
    hour: int
    worth: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class GroupWorth:
    """The hour of the day at which a group deviates most from the list, and by how much."""

    group: str
    hour: int
    worth: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Letters at chosen hours beside those of a control; without `lift` it cannot be told yet."""

    control: Role
    lift: HourLift | None
    needed: int | None
    """About so many letters in all are needed to tell a lift of 10 %; None where unknown."""
    told: str

    @property
    def tellable(self) -> bool:
        """Whether the interval is narrow enough to say anything."""
        return self.lift is not None and self.lift.high <= WIDEST


@dataclass(frozen=True, slots=True)
class BestHours:
    """The report on hours that are chosen."""

    since: datetime | None = None
    """When something was learned for the first time."""
    fitted_at: datetime | None = None
    letters: int = 0
    answered: int = 0
    in_use: bool = False
    """Whether enough is known for hours to be chosen by it."""
    persons_differ: float | None = None
    """The standard deviation of how much likelier a person answers at an hour than the list."""
    sent: Mapping[str, int] = field(default_factory=dict)
    """Letters whose hour was chosen, by what decided it."""
    control_percent: float = 0.0
    curve: tuple[SlotWorth, ...] = ()
    groups: tuple[GroupWorth, ...] = ()
    compared: tuple[Compared, ...] = ()
    told: tuple[str, ...] = ()


def best_hours_report(connection: Connection, sending: SendingPolicy) -> BestHours:
    """What is known of hours by now."""
    state = hours.state(connection)
    learned = hours.learned(connection, state.fit) if state is not None else None
    sent = _sent(connection)
    share = sending.best_hour_control_percent
    if state is None or learned is None:
        told = "Nothing is learned of hours yet: letters at a best hour keep the shop's."
        return BestHours(sent=sent, control_percent=share, told=(told,))
    strata = _strata(connection)
    clock = f"{sending.best_hour:%H:%M}"
    names: tuple[tuple[Role, str], ...] = (("shop", clock), ("list", "the list's best hour"))
    compared = tuple(_compared(strata, role, name, learned, share) for role, name in names)
    curve = tuple(_worth(learned, slot) for slot in range(WEEK))
    return BestHours(
        since=state.since,
        fitted_at=hours.fitted_at(connection, state.fit),
        letters=learned.letters,
        answered=learned.answered,
        in_use=learned.answered >= LEAST_ANSWERS,
        persons_differ=math.sqrt(learned.own_variance),
        sent=sent,
        control_percent=share,
        curve=curve,
        groups=tuple(_group(name, told) for name, told in sorted(learned.groups.items())),
        compared=compared,
        told=(_best_told(curve), *(one.told for one in compared)),
    )


def _sent(connection: Connection) -> dict[str, int]:
    query = (
        select(MESSAGE.c.timing, func.count().label("letters"))
        .where(
            MESSAGE.c.slot.is_not(None),
            MESSAGE.c.attempted_at.is_not(None),
            MESSAGE.c.state.in_(GONE),
        )
        .group_by(MESSAGE.c.timing)
        .order_by(MESSAGE.c.timing)
    )
    return {row.timing: row.letters for row in connection.execute(query)}


def _strata(connection: Connection) -> list[Stratum]:
    query = select(
        TRIAL.c.source, TRIAL.c.day, TRIAL.c.timing, TRIAL.c.letters, TRIAL.c.answered
    ).where(TRIAL.c.timing.in_(("chosen", "shop", "list")))
    return [
        Stratum(f"{source} {day}", timing, letters, answered)
        for source, day, timing, letters, answered in sorted(
            tuple(row) for row in connection.execute(query)
        )
    ]


def _worth(learned: Learned, slot: int) -> SlotWorth:
    worth, half = learned.worth[slot], Z * learned.doubt[slot]
    low, middle, high = (math.expm1(one) for one in (worth - half, worth, worth + half))
    return SlotWorth(slot // HOURS, slot % HOURS, middle, low, high)


def _group(name: str, told: Sequence[float]) -> GroupWorth:
    best = max(range(HOURS), key=lambda hour: told[hour])
    return GroupWorth(name, best, math.expm1(told[best]))


def _best_told(curve: Sequence[SlotWorth]) -> str:
    best = max(curve, key=lambda one: one.worth)
    hour = f"on {DAYS[best.weekday]} at {best.hour:02}:00"
    same = all(curve[slot].worth == curve[slot % HOURS].worth for slot in range(WEEK))
    where = f"on every day at {best.hour:02}:00" if same else hour
    between = f"{best.low:+.0%} to {best.high:+.0%}"
    if best.low <= 0:
        told = f"The list may answer best {where}: {best.worth:+.0%} against its average"
        return f"{told} ({between}), which is not proven."
    return f"The list answers best {where}: {best.worth:+.0%} against its average ({between})."


def _compared(
    strata: Sequence[Stratum], control: Role, name: str, learned: Learned, share: float
) -> Compared:
    found = lift(strata, control)
    needed = _needed(learned.rate, share / 200)
    if found is None or found.high > WIDEST:
        about = f", needs about {needed:,} letters" if needed is not None else ", without a control"
        told = f"Whether best hours bring more answers than {name} cannot be told yet{about}."
        return Compared(control, found, needed, told)
    between = f"({found.low:+.0%} to {found.high:+.0%}, however often it is looked at)"
    if found.proven:
        more = "more" if found.ratio > 0 else "fewer"
        told = f"Best hours bring {abs(found.ratio):.0%} {more} answers than {name} {between}."
    else:
        told = f"Best hours bring {found.ratio:+.0%} answers against {name} {between}"
        told += f": not proven, needs about {needed:,} letters." if needed else ": not proven."
    return Compared(control, found, needed, told)


def _needed(rate: float, share: float) -> int | None:
    """Letters in all from which on a lift of TOLD_APART would be proven, if there is one."""
    if not rate or not share:
        return None
    each = 1 / (1 - 2 * share) + 1 / share
    low, high = 1, MOST_NEEDED
    while low < high:
        middle = (low + high) // 2
        if always_valid(each / (rate * middle)) <= math.log1p(TOLD_APART):
            high = middle
        else:
            low = middle + 1
    rough: int = 10 ** max(len(str(low)) - 2, 0)
    return -(-low // rough) * rough
