"""The stand-in's control path: what may be changed while it runs, and what it has counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from lifecycle.sim.fake_ses_acceptor import Acceptor
from lifecycle.sim.fake_ses_account import CREDENTIALS
from lifecycle.sim.fake_ses_faults import Fault, FaultPlan, shares_of
from lifecycle.sim.fake_ses_http import Wire
from lifecycle.sim.fake_ses_outcome import Outcomes
from lifecycle.sim.fake_ses_publisher import Publisher, Publishing
from lifecycle.sim.fake_ses_queue import FakeQueue
from lifecycle.sim.fake_ses_rates import FastestSecond
from lifecycle.sim.fake_ses_reactions import Reactions

ENFORCEMENTS = ("HEALTHY", "PROBATION", "SHUTDOWN")
TRAVEL = {
    "event_loss": "loss",
    "event_delay": "delay",
    "event_copies": "copies",
    "shuffle": "shuffle",
}
"""Names of changes -> those of `Publishing`."""
REACTIONS = tuple(one.name for one in fields(Reactions))


@dataclass(frozen=True, slots=True)
class Control:
    """Changes and counts of one stand-in, in the thread of its event loop."""

    acceptor: Acceptor
    outcomes: Outcomes
    publisher: Publisher
    queue: FakeQueue
    wire: Wire

    def change(self, said: Mapping[str, Any]) -> None:
        """Change what is named, all or nothing. Raises `ValueError` with what is wrong.

        `faults` ("throttled=0.1,…"), `script` (faults of the next calls), `entry_script`, `seed`;
        `paused`, `suspended`, `enforcement`, `credentials` (good, expired, skewed), `down`,
        `remove_identity`, `restore_identity`, `sandbox`, `rate`, `quota`, `burst_seconds`,
        `bulk_calls_per_second`; `latency` and `hang_seconds` in seconds; `event_loss`,
        `event_delay` (seconds, or two), `event_copies`, `shuffle`; the shares of what comes of
        letters by their names; `measure` (begin the fastest second anew).
        """
        changes = [self._change(name, value) for name, value in said.items()]
        if {"faults", "script", "entry_script", "seed"} & set(said):
            changes.append(self._planned(said))
        for change in changes:
            change()

    def counts(self) -> dict[str, Any]:
        """What has been so far."""
        truth, rates = self.acceptor.truth, self.acceptor.rates
        account, publisher = self.acceptor.account, self.publisher
        now = self.acceptor.clock.now()
        return {
            "posts": self.acceptor.posts,
            "accepted": truth.accepted,
            "duplicates_by_attempt": truth.duplicate_attempts,
            "duplicates_by_message": truth.duplicate_messages,
            "syncs": truth.syncs,
            "rate": account.limits.per_second,
            "most_begun_in_a_second": rates.started.most,
            "most_accepted_in_a_second": rates.taken.most,
            "throttled": rates.throttled,
            "sent_last_24_hours": rates.sent_last_day(now.timestamp()),
            "faults": dict(self.acceptor.faults),
            "paused": account.paused,
            "enforcement": account.enforcement,
            "credentials": account.credentials,
            "down": account.down,
            "suppressed": len(account.suppressed),
            "without_configuration_set": self.outcomes.without_configuration_set,
            "events": dict(self.outcomes.events),
            "events_published": publisher.published,
            "events_lost": publisher.lost,
            "events_copied": publisher.copies,
            "events_to_come": publisher.pending,
            "queue_waiting": self.queue.waiting,
            "queue_received": self.queue.received,
            "queue_deleted": self.queue.deleted,
        }

    def _change(self, name: str, value: Any) -> Callable[[], None]:
        account = self.acceptor.account
        if name in ("faults", "script", "entry_script", "seed"):
            return _nothing
        if name in ("paused", "down"):
            return _set(account, name, _flag(name, value))
        if name == "suspended":
            stopped = "SHUTDOWN" if _flag(name, value) else "HEALTHY"
            return _set(account, "enforcement", stopped)
        if name == "enforcement":
            return _set(account, name, _one_of(name, value, ENFORCEMENTS))
        if name == "credentials":
            return _set(account, name, _one_of(name, value, tuple(CREDENTIALS)))
        if name == "remove_identity":
            return lambda: account.removed.add(str(value).lower())
        if name == "restore_identity":
            return lambda: account.removed.discard(str(value).lower())
        if name == "measure":
            return self._measured
        return self._change_number(name, value)

    def _change_number(self, name: str, value: Any) -> Callable[[], None]:
        limits = {"rate": "per_second", "quota": "per_day"}
        if name in limits or name in ("burst_seconds", "bulk_calls_per_second"):
            field = limits.get(name, name)
            unset = value is None and name == "bulk_calls_per_second"
            number = None if unset else _number(name, value)
            return lambda: self.acceptor.change_limits(**{field: number})
        if name == "sandbox":
            flag = _flag(name, value)
            return lambda: self.acceptor.change_limits(sandbox=flag)
        if name == "latency":
            return _set(self.wire, "latency_seconds", _number(name, value))
        if name == "hang_seconds":
            return _set(self.wire, name, _number(name, value))
        if name in REACTIONS:
            share = _number(name, value)
            Reactions(**{name: share})
            return lambda: self._react(name, share)
        if name in TRAVEL:
            return self._travel(TRAVEL[name], _delay(value) if name == "event_delay" else value)
        raise ValueError(f"there is nothing called “{name}” to change")

    def _planned(self, said: Mapping[str, Any]) -> Callable[[], None]:
        old = self.acceptor.plan
        words = said.get("faults")
        calls, entries = (old.shares, old.entry_shares) if words is None else shares_of(str(words))
        plan = FaultPlan(
            script=tuple(Fault(one) for one in said.get("script") or ()),
            shares=calls,
            seed=int(said.get("seed", old.seed)),
            entry_script=tuple(str(one) for one in said.get("entry_script") or ()),
            entry_shares=entries,
        )
        return _set(self.acceptor, "plan", plan)

    def _travel(self, name: str, value: Any) -> Callable[[], None]:
        replace(Publishing(), **{name: value})

        def travel() -> None:
            self.publisher.way = replace(self.publisher.way, **{name: value})

        return travel

    def _react(self, name: str, share: float) -> None:
        self.outcomes.reactions = replace(self.outcomes.reactions, **{name: share})

    def _measured(self) -> None:
        self.acceptor.rates.started = FastestSecond()
        self.acceptor.rates.taken = FastestSecond()


def _nothing() -> None:
    """A part of a change that is made with others."""


def _set(what: object, name: str, value: Any) -> Callable[[], None]:
    return lambda: setattr(what, name, value)


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} is true or false")
    return value


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is a number")
    return float(value)


def _one_of(name: str, value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(f"{name} is one of {', '.join(known)}")
    return str(value)


def _delay(value: Any) -> tuple[float, float]:
    if isinstance(value, list | tuple) and len(value) == 2:
        return _number("event_delay", value[0]), _number("event_delay", value[1])
    number = _number("event_delay", value)
    return number, number
