"""Asks for confirmations: a letter for each yes that waits, as far as the caps leave room."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from lifecycle import log
from lifecycle.core.chance import derived_id
from lifecycle.core.double_opt_in import WANTED
from lifecycle.core.event import Event
from lifecycle.core.mailbox import mailbox_of
from lifecycle.core.settings import Settings
from lifecycle.core.words import rfc3339
from lifecycle.engine.parts import Parts
from lifecycle.store import confirmations, operations
from lifecycle.store.addresses import address_hash
from lifecycle.store.confirmations import Recipient
from lifecycle.store.events import NewEvent, append
from lifecycle.store.tables import METADATA

CUSTOMER = METADATA.tables["customer"]
NO_ADDRESS_YET = timedelta(minutes=10)
"""A form may tell of the yes before it tells of the address."""
TOLD_EVERY = timedelta(hours=1)
"""So often the operator is told that letters wait."""


def do_due(connection: Connection, parts: Parts, now: datetime) -> int:
    """Do the task where it is due; says whether it was."""
    if confirmations.TASK not in operations.tasks_due(connection, now):
        return 0
    expired = confirmations.expire(connection, now)
    if expired:
        log.happened("confirmations_expired", count=expired)
    later = _ask(connection, parts, now)
    due = confirmations.next_due(connection)
    if due is None:
        operations.forget_tasks(connection, [confirmations.TASK])
    else:
        operations.set_task(connection, confirmations.TASK, max(due, later or due))
    return 1


def _ask(connection: Connection, parts: Parts, now: datetime) -> datetime | None:
    """Ask for the letters that are due; gives when to go on where too many went this hour."""
    settings = parts.live.catalog.settings
    for row in confirmations.due(connection, now):
        query = select(CUSTOMER).where(CUSTOMER.c.customer_id == row.customer_id)
        customer = connection.execute(query).first()
        if customer is None or customer.address_hash is None or customer.erased_at is not None:
            confirmations.put_off(connection, row, now + NO_ADDRESS_YET)
            continue
        rule = settings.double_opt_in
        arrives = address_hash(mailbox_of(customer.email), parts.key)
        to = Recipient(customer.address_hash, arrives)
        rooms = confirmations.rooms(connection, rule, to.mailbox_hash, row.caller, now)
        full = [one for one in rooms if one.full]
        if not full:
            _want(connection, settings, row, to, now)
            continue
        until = max((one.free_at for one in full if one.free_at), default=now + TOLD_EVERY)
        caps = ", ".join(f"{one.limit} {one.name}" for one in full)
        if any(one.name.startswith("all") for one in full):
            log.warned("confirmations_wait", caps=caps, until=until)
            return max(until, now + timedelta(seconds=1))
        log.warned("confirmation_waits", customer=row.customer_id, caps=caps, until=until)
        confirmations.put_off(connection, row, until)
    return None


def _want(
    connection: Connection, settings: Settings, row: Any, to: Recipient, now: datetime
) -> None:
    """Let the customer into the campaign whose letter asks."""
    identity = derived_id(WANTED, row.customer_id, row.topic, rfc3339(now))
    topic = settings.topics.get(row.topic)
    told = {"topic": row.topic, "about": topic.about if topic and topic.about else row.topic}
    event = Event(now, identity, WANTED, told, now)
    append(connection, [NewEvent(row.customer_id, event, now)])
    confirmations.asked(connection, row, to, identity, now)
