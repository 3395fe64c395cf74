"""What the HTTP side is handed by whoever starts it: everything it needs, and nothing it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from lifecycle.catalog.catalog import Catalog
from lifecycle.clock import Clock
from lifecycle.render.links import Signer
from lifecycle.send.sns import SnsVerifier
from lifecycle.store.database import Database


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the daemon can do its work, and figures such as `lag_seconds` and `backlog`."""

    ready: bool
    figures: Mapping[str, float] = field(default_factory=dict)
    why_not: str = ""
    stopped: tuple[Mapping[str, str], ...] = ()
    """What stops the transport: kind, scope, since, until, and why in words with the remedy."""


@dataclass(frozen=True)
class Door:
    """The daemon as HTTP sees it. Callables may be called from any thread.

    `catalog` gives what is live now; `why` the answer for a customer (and campaign), as plain
    data; `view` the HTML of a message's row, or None; `wake` tells the engine that something has
    come; `confirm` confirms a subscription (topic ARN, token) over Amazon's API.
    `spool` is the file for unsubscribes that the database would not take; `outbox` the folder of
    the outbox transport, if that is the one in use. Without `sns` feedback by HTTP is refused.
    """

    database: Database
    clock: Clock
    signer: Signer
    address_key: bytes
    spool: Path
    catalog: Callable[[], Catalog]
    why: Callable[[str, str | None], Mapping[str, Any]]
    view: Callable[[Connection, Any], str | None]
    health: Callable[[], Health]
    wake: Callable[[], None] = lambda: None
    outbox: Path | None = None
    sns: SnsVerifier | None = None
    confirm: Callable[[str, str], object] | None = None
