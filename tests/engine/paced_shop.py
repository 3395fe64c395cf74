"""A shop that sends through the stand-in for SES, at its pace, on each database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from lifecycle.catalog.catalog import Catalog
from lifecycle.cli.wiring import account_of, turnstile_of
from lifecycle.clock import SystemClock
from lifecycle.core.stoppage import Stopped
from lifecycle.engine.engine import Engine
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.hooks import Registry
from lifecycle.render.links import Signer
from lifecycle.send.ses import Ses
from lifecycle.send.transport import Transport
from lifecycle.sim.fake_ses import FakeSes
from lifecycle.sim.fake_ses_limits import Limits
from lifecycle.store import account
from tests.faults.running import KEY, Running
from tests.simulation.shop import HEAD, event, flow, instant, person, settings, shop, step

BEGIN = instant("2026-05-04T10:00:00")
TWO_SENDERS = HEAD.replace(
    "[topics]", 'other = {{ from = "Other <news@other.example>" }}\n[topics]'
).format(zone="UTC", seed="s")
CALM = flow('when = "go"')
DUTY = flow('when = "ordered"', step("receipt", "transactional = true"), topic="")
URGENT = flow('when = "hurry"', top="priority = 90")
OTHER = flow('when = "go"', top='[sending]\nsender = "other"\n')
"""Campaigns: marketing, transactional, marketing that goes first, and one of another sender."""


def catalog(**campaigns: str) -> Catalog:
    """A shop with two senders and the campaigns given."""
    said = TWO_SENDERS + '[sending]\nquiet_hours = "off"\n'
    return shop(campaigns or {"calm": CALM}, said=said)


@dataclass
class PacedShop(Running):
    """The shop, its stand-in, and the instant it has come to."""

    url: str
    catalog: Catalog
    ses: FakeSes
    endpoint: str
    now: datetime = BEGIN
    transport: Transport = field(init=False)

    def __post_init__(self) -> None:
        self.transport = Ses("eu-central-1", endpoint=self.endpoint, connect_seconds=1.0)
        Running.__init__(self, self.url, self.catalog, self.transport)

    def new_engine(self, catalog: Catalog | None = None) -> Engine:
        """An engine of a process of its own, with the pace that all share."""
        transport = self.transport
        parts = Parts(
            self.database,
            Live(catalog or self.catalog, Registry()),
            transport,
            KEY,
            Signer([KEY]),
            threads=4,
            turnstile=turnstile_of(transport, self.database),
            account=partial(account_of, transport) if isinstance(transport, Ses) else None,
        )
        return Engine(parts, batch=self.batch)

    def people(self, number: int) -> list[str]:
        """So many customers who agreed to offers."""
        ids = [f"c{one:03}" for one in range(number)]
        self.say(*(person(one) for one in ids), at=BEGIN.isoformat())
        return ids

    def happens(self, name: str, *customers: str) -> None:
        """Something happens to customers now."""
        at = self.now.isoformat()
        self.hear(*(event(at, name, one, id=f"{name} {one} {at}") for one in customers))

    def go_on(self, **later: float) -> None:
        """Let time pass, and do all that is due then."""
        self.now += timedelta(**later)
        for _ in range(100):
            self.engine.tick(self.now)
            if not self.engine.pacing.more and (self.engine.next_due() or _LATER) > self.now:
                return

    def stopped(self) -> dict[str, Stopped]:
        """What stops the transport, by what it concerns."""
        with self.database.read() as connection:
            return account.stoppages(connection, self.transport.name)

    def kinds(self) -> dict[str, str]:
        """The same in short."""
        return {scope: str(one.kind) for scope, one in self.stopped().items()}

    def held(self) -> Counter[str]:
        """Letters that are held, by reason."""
        return Counter(
            row.reason for row in self.rows("message") if row.due_at is not None and row.reason
        )

    def told_held(self) -> Counter[tuple[str, str]]:
        """How often each customer was told to be held, by reason."""
        return Counter(
            (row.customer_id, row.reason) for row in self.rows("decision") if row.what == "held"
        )

    def accepted(self) -> int:
        """How many letters the stand-in's own log says it accepted."""
        return len(self.ses.accepted())


_LATER = datetime.fromisoformat("9999-01-01T00:00:00+00:00")


def stand_in(folder: Path, **limits: Any) -> FakeSes:
    """A stand-in with the account's limits."""
    return FakeSes(folder / "truth.jsonl", SystemClock(), limits=Limits(**limits))


__all__ = [
    "BEGIN",
    "CALM",
    "DUTY",
    "OTHER",
    "URGENT",
    "PacedShop",
    "catalog",
    "settings",
    "stand_in",
]


Open = Callable[..., PacedShop]
"""Opens a shop with campaigns, on an account with limits."""
