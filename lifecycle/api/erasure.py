"""Erasing a customer everywhere that we keep: the database, its log, the outbox folder."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from lifecycle import log
from lifecycle.api.door import Door
from lifecycle.store.erase import erase, scrub


def erase_customer(door: Door, customer_id: str) -> bool:
    """Erase a customer; whether there was one. Backups and exports are the operator's."""
    with door.database.write() as connection:
        erased = erase(connection, customer_id, door.clock.now(), door.address_key)
    if erased is None:
        return False
    scrub(door.database)
    if door.outbox is not None:
        remove_letters(door.outbox, frozenset(erased.message_ids))
    log.happened("customer_erased", pseudonym=erased.pseudonym)
    return True


def remove_letters(folder: Path, message_ids: Collection[str]) -> None:
    """Remove the letters of messages from an outbox folder; their names hold the ids."""
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if any(part.partition(".")[0] in message_ids for part in entry.name.split("-")):
            Path(entry.path).unlink(missing_ok=True)
