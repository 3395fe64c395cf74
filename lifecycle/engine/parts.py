"""What the engine works with: the database, live definitions, the way out, keys and hooks."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

from lifecycle.catalog.lints import ENGINE_EVENTS
from lifecycle.core.account import Told
from lifecycle.core.message import Outcome
from lifecycle.engine.live import Live
from lifecycle.render.links import Signer
from lifecycle.render.rendering import Rendering, RenderingHere
from lifecycle.rewards import referral
from lifecycle.send.gate import Turnstile
from lifecycle.send.journal import Journal
from lifecycle.send.starts import NotedGate, Starts
from lifecycle.send.transport import Gate, OpenGate, Transport
from lifecycle.store.database import Database
from lifecycle.store.recent import Recent
from lifecycle.store.taking_turns import Turns


@dataclass(frozen=True)
class Parts:
    """Everything a tick works with. `key` is the shop's secret; `signer` makes links from it.

    `outside` is False in replays and tests: then nothing is done but the decisions.
    """

    database: Database
    live: Live
    transport: Transport
    key: bytes
    signer: Signer
    outside: bool = True
    stand_in_codes: bool = False
    """Whether codes are stand-ins, though the rest is as live: no pool, no hook is asked."""
    threads: int = 1
    """How many letters are handed over at once."""
    gate: Gate = field(default_factory=OpenGate)
    """Lets letters begin no faster than the transport takes them."""
    rendering: Rendering = field(default_factory=RenderingHere)
    """Renders letters: here, or in worker processes where templates are not to be trusted."""
    path: str = ""
    """The transport and configuration set, whose feedback tells of what went by it."""
    starts: Starts | None = None
    """Notes which attempts may have left; None where nobody would ask after a death."""
    journal: Journal | None = None
    """Where attempts are noted beside the database; None where nothing leaves the house."""
    turnstile: Turnstile | None = None
    """The pace that all processes share; None where the transport takes letters at any pace."""
    account: Callable[[], Told | Outcome] | None = None
    """Asks the transport for its account, or tells why it did not say; None: nobody to ask."""

    @property
    def gives_codes(self) -> bool:
        """Whether codes are given out: drawn from pools, and asked of hooks."""
        return self.outside and not self.stand_in_codes

    @cached_property
    def pool(self) -> ThreadPoolExecutor | None:
        """Threads in which letters are handed over; None where one after the other will do."""
        if self.threads == 1:
            return None
        return ThreadPoolExecutor(self.threads, thread_name_prefix="hand-over")

    @cached_property
    def turns(self) -> Turns | None:
        """Whose turn it is in each queue; None on a virtual clock, where no worker ever dies."""
        return Turns() if self.outside else None

    @cached_property
    def recent(self) -> Recent:
        """Histories kept in memory: of events that only ever come in by being taken in."""
        own = {*ENGINE_EVENTS, *self.live.hooks.triggers}
        return Recent(lambda name: name not in own)

    def gate_for(self, letters: int) -> Gate:
        """The gate through which a batch of so many letters is handed over."""
        gate = self.gate if self.turnstile is None else self.turnstile.gate(letters)
        return gate if self.starts is None else NotedGate(gate, self.starts)

    @property
    def shop_zone(self) -> str:
        """The shop's zone, which is a customer's whose own is unknown."""
        return self.live.catalog.settings.shop.timezone

    def referral_link(self, customer_id: str) -> str | None:
        """The link by which a customer invites friends; None without a referral programme."""
        settings = self.live.catalog.settings
        if settings.referral is None:
            return None
        return referral.link(settings, referral.code_of(customer_id, self.key))
