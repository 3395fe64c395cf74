"""Pace: grants of a rate, of which no window as long as the rate's own ever holds too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

SECOND = 1_000_000
GRANT_MICROS = 100_000
"""How long a grant may be begun at most; what has not begun by then is taken anew."""
SLACK_MICROS = 50_000
"""How much later than it was allowed a call may start: threads are kept waiting by others."""
REMEMBERED_GRANTS = 256
"""Grants kept apart; beyond it the oldest are counted as if they came later, never earlier."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `letters` in any window of `per` microseconds, wherever the window begins.

    A bucket that refills steadily lets through twice its rate around an emptying; a transport
    counts that as too fast. Here what was granted is remembered, and forgotten after `per`.
    """

    letters: int
    per: int

    @classmethod
    def per_second(cls, rate: float) -> Limit:
        """The limit of `rate` a second; below one it is one letter in each 1/rate seconds.

        Of a rate with a fraction the whole letters count: no second may hold more than the rate.
        Raises `ValueError` for a rate that is not above 0.
        """
        if not 0 < rate < float("inf"):
            raise ValueError(f"a rate must be a number above 0, not {rate}")
        if rate >= 1:
            return cls(int(rate), SECOND)
        return cls(1, ceil(SECOND / rate))

    @property
    def chunk(self) -> int:
        """So many at least are asked for at once, as many as go while a grant lasts."""
        return max(1, ceil(self.letters * GRANT_MICROS / self.per))


@dataclass(frozen=True, slots=True)
class Grant:
    """So many letters that may begin from `since` on and before `until`, in microseconds."""

    id: int
    since: int
    until: int
    letters: int


@dataclass(frozen=True, slots=True)
class Used:
    """What became of a grant: how many letters began, and before which instant the last did."""

    id: int
    until: int
    letters: int
    unbegun: int = 0
    """How many of the grant did not begin."""


Grants = tuple[Grant, ...]


def counted(grants: Sequence[Grant], limit: Limit, now: int) -> Grants:
    """The grants that still count at `now`, the oldest first.

    A clock set back leaves grants in the future. They were given, so they count as of now; they
    end no later than one given now, so that they hold nothing up for long.
    """
    begin = now - limit.per - SLACK_MICROS
    known = [_as_of(one, now) for one in grants]
    return tuple(sorted((one for one in known if one.until > begin), key=lambda one: one.until))


def take(
    grants: Sequence[Grant], limit: Limit, now: int, wanted: int
) -> tuple[Grant | None, Grants]:
    """Grant up to `wanted` letters at `now`: the grant (None: nothing is free), and all of them.

    The rate holds since whatever may begin within one window counts when the last of it is
    granted: a start lies before its grant's `until`, and that is no older than the window.
    """
    known = counted(grants, limit, now)
    free = min(wanted, limit.letters - sum(one.letters for one in known))
    if free <= 0:
        return None, known
    taken = {one.id for one in known}
    number = now
    while number in taken:
        number += 1
    grant = Grant(number, now, now + GRANT_MICROS, free)
    return grant, _merged((*known, grant))


def settle(grants: Sequence[Grant], used: Sequence[Used]) -> Grants:
    """The grants once it is known what became of some: letters that did not begin are free again.

    A grant that is known no more stays unknown.
    """
    became = {one.id: one for one in used}
    settled = []
    for grant in grants:
        end = became.get(grant.id)
        if end is None:
            settled.append(grant)
        elif end.letters:
            until, letters = min(grant.until, end.until), min(grant.letters, end.letters)
            settled.append(replace(grant, until=until, letters=letters))
    return tuple(settled)


def free_at(grants: Sequence[Grant], limit: Limit, now: int) -> int:
    """The earliest instant from `now` on at which one letter more may be granted."""
    known = counted(grants, limit, now)
    spent = sum(one.letters for one in known)
    for one in known:
        if spent < limit.letters:
            break
        spent -= one.letters
        now = max(now, one.until + limit.per + SLACK_MICROS)
    return now


def _as_of(grant: Grant, now: int) -> Grant:
    if grant.since <= now:
        return grant
    return replace(grant, since=now, until=min(grant.until, now + GRANT_MICROS))


def _merged(grants: Grants) -> Grants:
    if len(grants) <= REMEMBERED_GRANTS:
        return grants
    first, second, *newer = grants
    both = Grant(
        second.id, min(first.since, second.since), second.until, first.letters + second.letters
    )
    return (both, *newer)
