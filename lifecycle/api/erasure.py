"""Erasing a customer everywhere that we keep: the database, its log, the outbox folder."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from lifecycle import log
from lifecycle.store.database import Database
from lifecycle.store.erase import erase, scrub


def erase_customer(
    database: Database, customer_id: str, *, now: datetime, address_key: bytes, outbox: Path | None
) -> bool:
    """Erase a customer; whether there was one. Backups and exports are the operator's."""
    with database.write() as connection:
        erased = erase(connection, customer_id, now, address_key)
    if erased is None:
        return False
    scrub(database)
    if outbox is not None:
        remove_letters(outbox, frozenset(erased.message_ids))
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
