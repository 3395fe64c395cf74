"""Carries out occasions when their moment comes, page by page: a crash repeats and skips nobody.

A local time comes zone by zone: whoever has it then is asked then. A page is one transaction, with
how far the occasion has got.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.core import series as core_series
from lifecycle.core.action import bring_up_to_date
from lifecycle.core.broadcast import entry_of
from lifecycle.core.campaign import Broadcast, Campaign, Series
from lifecycle.core.enter import TOO_LATE
from lifecycle.core.occasion import (
    Moments,
    Occasion,
    asks_for_best_hour,
    in_order,
    moments,
    occasion_of,
)
from lifecycle.core.policy import Policy, experiment
from lifecycle.core.waves import tripped
from lifecycle.core.words import MICROSECOND
from lifecycle.engine import registering
from lifecycle.engine.occasion_page import SIZE, Page
from lifecycle.engine.occasions import aim, missing_templates, put_next, waves_of
from lifecycle.engine.parts import Parts
from lifecycle.engine.running import look_again
from lifecycle.engine.sizing import share_to_test
from lifecycle.failpoints import reach
from lifecycle.store import claims, hours, occasions, operations
from lifecycle.store.apply import Writing
from lifecycle.store.facts import Reading, load
from lifecycle.store.occasions import (
    ASKING,
    CLOSING,
    DONE,
    MISSED,
    STOPPED,
    WAITING,
    OccasionState,
)

LOOK_AGAIN = timedelta(hours=1)
"""How soon a paused occasion is looked at again; `resume` lets it go on at once."""
BREAKER = "breaker"


def open_due(parts: Parts, policy: Policy, now: datetime) -> int:
    """Do the next page of each occasion whose moment has come; says how many pages."""
    with parts.database.read() as connection:
        due = occasions.due(connection, now)
    for state in sorted(due, key=lambda one: _turn(parts, one)):
        with parts.database.write() as connection:
            if occasions.held(connection, state.key) == state:
                _Turn(connection, parts, policy, state, now).take()
                reach("page_written")
            # Else another process has done this page.
        reach("page_committed")
    return len(due)


def _turn(parts: Parts, state: OccasionState) -> tuple[object, ...]:
    """The order in which what is due at once is done: as it would be one after the other."""
    campaign = parts.live.campaign(state.campaign)
    steps = [one.name for one in in_order(campaign)] if isinstance(campaign, Series) else []
    place = steps.index(state.step) if state.step in steps else 0
    return state.moment, state.campaign, state.occasion, place, state.wave


class _Turn:
    """One page of an occasion, inside its transaction."""

    def __init__(
        self,
        connection: Connection,
        parts: Parts,
        policy: Policy,
        state: OccasionState,
        now: datetime,
    ) -> None:
        self.connection, self.parts, self.policy, self.now = connection, parts, policy, now
        self.state = state

    def take(self) -> None:
        """Do what is next: ask a page, close, or end."""
        campaign = self.parts.live.campaign(self.state.campaign)
        occasion = _occasion(campaign, self.state)
        if campaign is None or occasion is None:
            self._end(STOPPED, "stopped")
        elif self.policy.stopped(campaign):
            self._stop(occasion)
        elif self.policy.paused(campaign):
            # A pause by the file is over when the file says so: then all is noted anew.
            by_file = campaign.status == "paused"
            self._put(due_at=None if by_file else self.now + LOOK_AGAIN)
        elif self.state.state == CLOSING:
            self._close(occasion)
        else:
            self._ask(occasion)

    def _put(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]
        occasions.put(self.connection, [self.state])

    def _end(self, state: str, reason: str = "") -> None:
        self._put(state=state, reason=reason, moment=None, due_at=None)

    def _stop(self, occasion: Occasion) -> None:
        """Stop for good, midway too. A recurring broadcast may be let go on: it has passed over
        those whose moment came meanwhile, and the rest of an occurrence that was under way."""
        if isinstance(occasion.campaign, Series):
            self._close(occasion)
            return
        self._next_occurrence(occasion)
        later = None
        if _recurs(occasion) and not self.state.enrolled and self.state.moment is not None:
            later = self._after(moments(occasion, self.policy))
        if later is None:
            self._end(STOPPED, "stopped")
        else:
            self._put(state=ASKING, moment=later, due_at=later, cursor="")

    def _next_occurrence(self, occasion: Occasion) -> None:
        campaign = occasion.campaign
        if isinstance(campaign, Broadcast) and _recurs(occasion):
            put_next(self.connection, campaign, self.state.occasion, self.policy)

    def _ask(self, occasion: Occasion) -> None:
        found = moments(occasion, self.policy)
        if self._looked_at_anew(occasion, found):
            return
        if self.state.state == WAITING:
            self._next_occurrence(occasion)
        if not self.state.cursor and not self._begins(occasion, found):
            return
        if asks_for_best_hour(occasion.campaign):
            self._keep_to_fit()
        page = Page(self.connection, self.parts, self.policy, self.state, occasion, found, self.now)
        entered, last = page.ask()
        self._put(state=ASKING, enrolled=self.state.enrolled + entered)
        if last is not None:
            self._put(cursor=last)
            return
        later = self._after(found)
        if later is not None:
            self._put(moment=later, due_at=later, cursor="")
        else:
            self._over(occasion)

    def _keep_to_fit(self) -> None:
        """Go by what was known of hours at the first moment, so that nobody is passed over."""
        if self.state.hours is None:
            self._put(hours=hours.fit_in_force(self.connection))
        known = hours.learned(self.connection, self.state.hours or "")
        self.policy = replace(self.policy, hours=known)

    def _looked_at_anew(self, occasion: Occasion, found: Moments) -> bool:
        """Whether somebody has come to live where nobody did: then the next moment is another."""
        state = self.state
        assert state.due_at is not None and state.moment is not None
        if state.due_at >= state.moment:
            return False
        known = occasions.states(self.connection, state.campaign)
        waiting = [one.occasion for one in known if one.state == WAITING]
        if waiting and state.occasion == min(waiting):
            self._next_occurrence(occasion)
        anew = aim(self.connection, found, self.policy, state.due_at)
        self._put(moment=anew, due_at=anew)
        return True

    def _after(self, found: Moments) -> datetime | None:
        assert self.state.moment is not None
        return aim(self.connection, found, self.policy, self.state.moment + MICROSECOND)

    def _begins(self, occasion: Occasion, found: Moments) -> bool:
        """Whether the customers of an instant are asked now: not if it is too late, or stopped."""
        campaign = occasion.campaign
        assert self.state.moment is not None
        recurs = _recurs(occasion)
        if recurs and self.now - self.state.moment > TOO_LATE:
            return self._skip_late(found)
        missing = missing_templates(self.parts, occasion) if recurs else ()
        if missing:
            named = {"campaign": campaign.id, "occasion": self.state.occasion}
            log.failed("occurrence_without_template", **named, templates=list(missing))
            self._end(MISSED, "broken_template")
            return False
        over = self._tripped(occasion)
        if over:
            self._break(occasion, over)
            return False
        winner = occasion.step.winner
        if winner is not None and winner.test_percent == "auto" and self.state.tested is None:
            self._put(tested=self._share_to_test(occasion))
        return True

    def _skip_late(self, found: Moments) -> bool:
        """Pass over what is more than a day late of a recurring broadcast, and say so."""
        first = aim(self.connection, found, self.policy, self.now - TOO_LATE)
        log.warned("occurrence_missed", campaign=self.state.campaign, occasion=self.state.occasion)
        if first is None:
            untouched = self.state.state == WAITING
            self._end(MISSED if untouched else DONE, "late")
        else:
            self._put(state=ASKING, moment=first, due_at=first)
        return False

    def _tripped(self, occasion: Occasion) -> str:
        campaign = occasion.campaign
        waves = campaign.waves if isinstance(campaign, Broadcast) else None
        if waves is None or not occasion.wave:
            return ""
        came = occasions.came(self.connection, campaign.id, occasion.entry)
        return tripped(waves.stop_if, came)

    def _break(self, occasion: Occasion, over: str) -> None:
        """Stop a broadcast of which too many letters bounce, or too many readers complain."""
        campaign = occasion.campaign
        operations.order(self.connection, campaign.id, "stopped", f"{BREAKER}: {over}", self.now)
        log.warned("broadcast_stopped", campaign=campaign.id, reason=BREAKER, detail=over)
        for one in occasions.states(self.connection, campaign.id):
            if one.moment is not None and one.occasion == self.state.occasion:
                stopped = replace(one, state=STOPPED, reason=BREAKER, moment=None, due_at=None)
                occasions.put(self.connection, [stopped])

    def _share_to_test(self, occasion: Occasion) -> float:
        """The share that tries the variants, reckoned once from the size of the audience."""
        first = self._first_wave()
        if first is not None and first.tested is not None:
            return first.tested
        return share_to_test(self.connection, self.parts, self.policy, occasion, self.now)

    def _first_wave(self) -> OccasionState | None:
        key = (*self.state.key[:3], 0)
        found = occasions.states(self.connection, self.state.campaign)
        return next((one for one in found if one.key == key), None)

    def _over(self, occasion: Occasion) -> None:
        """All have been asked; after a series' last step those who are left are let finish."""
        campaign = occasion.campaign
        told = {"campaign": campaign.id, "step": occasion.step.name, "wave": occasion.wave}
        log.happened("broadcast_opened", **told, enrolled=self.state.enrolled)
        own = experiment(campaign, occasion.entry)
        registering.note_end(self.connection, campaign, occasion.step, own, self.now)
        if isinstance(campaign, Series) and occasion.step == in_order(campaign)[-1]:
            self._put(state=CLOSING, cursor="")
            return
        self._end(DONE)

    def _close(self, occasion: Occasion) -> None:
        """Let a page of those finish for whom no step of the series will come any more."""
        series = occasion.campaign
        assert isinstance(series, Series)
        cursor = self.state.cursor if self.state.state == CLOSING else ""
        ids = occasions.enrolled(self.connection, series.id, occasion.entry, cursor, SIZE)
        claims.have_alone(self.connection, ids)
        facts = load(self.connection, ids, self.now, Reading(), shop_zone=self.parts.shop_zone)
        writing = Writing(self.now)
        for known in facts.values():
            of = entry_of(occasion, known)
            if of is not None:
                actions = core_series.close(series, of, self.policy, self.now)
                bring_up_to_date(known, actions)
                writing.add(known, actions, None)
        writing.write(self.connection)
        look_again(self.connection, self.parts.live, writing, self.now)
        if len(ids) == SIZE:
            self._put(state=CLOSING, cursor=ids[-1])
        else:
            stopped = self.policy.stopped(series)
            self._end(STOPPED if stopped else DONE, "stopped" if stopped else "")


def _recurs(occasion: Occasion) -> bool:
    return isinstance(occasion.campaign, Broadcast) and occasion.campaign.every is not None


def _occasion(campaign: Campaign | None, state: OccasionState) -> Occasion | None:
    if not isinstance(campaign, Broadcast | Series):
        return None
    own = (state.occasion, state.entry, state.step, state.said, state.wave)
    found = occasion_of(campaign, *own)
    return found if found is not None and state.wave < waves_of(campaign) else None
