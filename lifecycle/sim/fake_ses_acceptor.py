"""Accepts letters in place of SES: they are checked, counted and written down."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import blake2s
from typing import Any

from lifecycle.clock import Clock
from lifecycle.sim.fake_ses_account import FakeAccount, simulated
from lifecycle.sim.fake_ses_faults import Fault, FaultPlan, Refusal
from lifecycle.sim.fake_ses_letters import Bulk, Posted, single_of
from lifecycle.sim.fake_ses_limits import check_bulk, check_single, recipients_of
from lifecycle.sim.fake_ses_rates import Rates
from lifecycle.sim.fake_ses_truth import Acceptance, TruthLog

REQUESTS_KEPT = 100

Accepted = Callable[[Posted, str, datetime], None]
"""Told of each letter once it is written down: the letter, its SES message id, and when."""

_ENTRY_STATUS = {
    "BadRequestException": "INVALID_PARAMETER",
    "MessageRejected": "MESSAGE_REJECTED",
    "NotFoundException": "TEMPLATE_NOT_FOUND",
}
_UUID = re.compile(r"(.{8})(.{4})(.{4})(.{4})")


class Acceptor:
    """What decides over each letter, from the thread of the event loop alone."""

    def __init__(
        self, truth: TruthLog, clock: Clock, account: FakeAccount, faults: FaultPlan
    ) -> None:
        self.truth = truth
        self.clock = clock
        self.account = account
        self.rates = Rates()
        self.posts = 0
        self.entries = 0
        self.faults: Counter[str] = Counter()
        """How often each fault befell a call or an entry, refusals of the account among them."""
        self.requests: deque[dict[str, Any]] = deque(maxlen=REQUESTS_KEPT)
        self.then: list[Accepted] = []
        self._plan = faults
        self._since = 0
        self._entries_since = 0

    @property
    def plan(self) -> FaultPlan:
        """Which fault each call meets."""
        return self._plan

    @plan.setter
    def plan(self, plan: FaultPlan) -> None:
        self._plan = plan
        self._since, self._entries_since = self.posts, self.entries

    def next_fault(self) -> Fault:
        """Count one call in and tell what befalls it."""
        fault = self._plan.fault(self.posts - self._since)
        self.posts += 1
        if fault is not Fault.NONE:
            self.faults[fault] += 1
        return fault

    def begin(self, request: Mapping[str, Any], began: datetime, *, bulk: bool) -> None:
        """Count in for whom a call has begun, whatever comes of it."""
        if bulk:
            entries = request.get("BulkEmailEntries")
            number = len(entries) if isinstance(entries, list) else 1
        else:
            destination = request.get("Destination")
            number = len(recipients_of(destination)) if isinstance(destination, dict) else 1
        self.rates.started.add(number, began.timestamp())

    def single(self, request: dict[str, Any]) -> str:
        """SendEmail: the new message id. Raises `Refusal`."""
        check_single(request)
        posted = single_of(request)
        self._check_account(posted.source, posted.configuration_set)
        self.account.check_recipients(posted.recipients)
        self.rates.check(self.account.limits, self._now())
        identity = self._accept([posted])[0]
        self.requests.append(request)
        return identity

    def bulk(self, request: dict[str, Any], size: int) -> list[dict[str, str]]:
        """SendBulkEmail: what came of each entry, in their order. Raises `Refusal`."""
        entries = check_bulk(request, size)
        bulk = Bulk(request)
        self._check_account(bulk.source, bulk.configuration_set)
        self.rates.check(self.account.limits, self._now(), bulk=True)
        left = self.rates.left_today(self.account.limits, self._now())
        results: list[dict[str, str]] = []
        good: list[tuple[int, Posted]] = []
        for place, entry in enumerate(entries):
            status, told, posted = self._entry(bulk, entry)
            if posted is not None:
                if len(posted.recipients) > left:
                    status, told = "ACCOUNT_DAILY_QUOTA_EXCEEDED", "Daily message quota exceeded."
                else:
                    left -= len(posted.recipients)
            if status:
                self.faults[status] += 1
                results.append({"Status": status, "Error": told})
            else:
                assert posted is not None
                good.append((place, posted))
                results.append({"Status": "SUCCESS"})
        identities = self._accept([posted for _, posted in good])
        for (place, _), identity in zip(good, identities, strict=True):
            results[place]["MessageId"] = identity
        self.requests.append(request)
        return results

    def _entry(self, bulk: Bulk, entry: Mapping[str, Any]) -> tuple[str, str, Posted | None]:
        """Its status if it is not accepted, and why; else its letter."""
        status = self._plan.entry_fault(self.entries - self._entries_since)
        self.entries += 1
        if status:
            return status, "Something went wrong with this entry.", None
        try:
            posted = bulk.letter(entry)
            self.account.check_recipients(posted.recipients)
        except Refusal as refusal:
            return _ENTRY_STATUS.get(refusal.code, "FAILED"), refusal.message, None
        return "", "", posted

    def _check_account(self, source: str, configuration_set: str | None) -> None:
        self.account.check_sending()
        self.account.check_sender(source, configuration_set)

    def _accept(self, letters: list[Posted]) -> list[str]:
        if not letters:
            return []
        now = self.clock.now()
        stamp = now.isoformat()
        first = self.truth.accepted
        identities = [self._identity(first + place) for place in range(len(letters))]
        self.truth.add(
            Acceptance(
                *(stamp, identity, one.attempt_id, one.message_id),
                *(",".join(one.recipients), one.by, len(one.recipients)),
            )
            for one, identity in zip(letters, identities, strict=True)
        )
        total = sum(len(one.recipients) for one in letters)
        free = sum(simulated(to) for one in letters for to in one.recipients)
        self.rates.take(total, now.timestamp(), free=free)
        for then in self.then:
            for one, identity in zip(letters, identities, strict=True):
                then(one, identity, now)
        return identities

    def _identity(self, number: int) -> str:
        digest = blake2s(f"{self.truth.path}:{number}".encode(), digest_size=16).hexdigest()
        tail = _UUID.sub(r"\1-\2-\3-\4-", digest, count=1)
        return f"{number:016x}-{tail}-000000"

    def _now(self) -> float:
        return self.clock.now().timestamp()

    def change_limits(self, **changes: Any) -> None:
        """Change what the account may do."""
        self.account.limits = replace(self.account.limits, **changes)
