"""`lifecycle doctor --canary`: a letter to SES's mailbox simulator, and whether it is told of."""

from __future__ import annotations

import os
from datetime import datetime
from time import monotonic, sleep
from typing import Any

from sqlalchemy import select

from lifecycle.core.message import Letter, OutcomeKind
from lifecycle.core.words import micros
from lifecycle.errors import LifecycleError, UsageError
from lifecycle.store.evidence import CANARY
from lifecycle.store.tables import METADATA

ADDRESS = "success@simulator.amazonses.com"
"""Takes any letter; what goes there is no part of the day's quota (Amazon SES, simulator)."""
WAIT_SECONDS = 120.0
LOOK_SECONDS = 1.0
PROOF = METADATA.tables["proof"]


def fly(said: Any, seconds: float = WAIT_SECONDS) -> None:
    """Send a canary, and tell how soon the daemon heard of it. Raises LifecycleError."""
    from lifecycle.cli import place
    from lifecycle.cli.wiring import transport_of
    from lifecycle.clock import SystemClock

    settings = place.read_settings(said.project)
    if settings.transport.kind != "ses":
        raise UsageError("only SES tells of what it sent", remedy='[transport] kind = "ses"')
    database = place.open_database(place.database_url(said, settings), make=False)
    transport = transport_of(said.project, settings)
    try:
        now = SystemClock().now()
        attempt_id = f"{CANARY}{micros(now)}-{os.getpid()}"
        outcome = transport.send(
            letter(attempt_id, settings.senders[settings.first_sender].from_, now)
        )
        if outcome.kind is not OutcomeKind.ACCEPTED:
            raise LifecycleError("the canary was not accepted", cause=outcome.detail)
        said.tell(f"accepted; its Send event is waited for, at most {seconds:.0f} s")
        after = _waited(database, attempt_id, seconds)
    finally:
        transport.close()
        database.close()
    if after is None:
        raise LifecycleError(
            "feedback did not tell of the canary",
            cause=f"nothing came in {seconds:.0f} s",
            remedy="does the daemon run, and does the configuration set publish Send events?",
        )
    told = f"Feedback is alive: it told of the canary after {after:.1f} s."
    said.answer({"attempt": attempt_id, "seconds": after}, lambda out: out.print(told))


def letter(attempt_id: str, sender: str, now: datetime) -> Letter:
    """The canary: it names nobody, and bears its attempt's id as each letter does."""
    text = "This letter asks whether the way back from Amazon SES is open."
    about = (attempt_id, attempt_id, "canary", "canary", "", sender, ADDRESS, "A canary")
    return Letter(*about, f"<p>{text}</p>", text, now)


def _waited(database: Any, attempt_id: str, seconds: float) -> float | None:
    begun = monotonic()
    query = select(PROOF.c.begun_at, PROOF.c.proved_at).where(PROOF.c.attempt_id == attempt_id)
    while True:
        with database.read() as connection:
            row = connection.execute(query).first()
        if row is not None:
            return float((row.proved_at - row.begun_at).total_seconds())
        if monotonic() - begun >= seconds:
            return None
        sleep(LOOK_SECONDS)
