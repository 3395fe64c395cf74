"""The spool: unsubscribes that the database would not take in time, kept in a file until it does.

A line is synced to disk before anybody is told that it is done.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from lifecycle import log
from lifecycle.api.choice import Choice, carry_out
from lifecycle.catalog.catalog import Catalog
from lifecycle.core.words import rfc3339
from lifecycle.failpoints import reach
from lifecycle.store.database import Database

_DRAINING = ".draining"
_NAMES = ("message_id", "kind", "agreed", "at")
_lock = threading.Lock()


def keep(spool: Path, message_id: str, choice: Choice, chosen_at: datetime) -> None:
    """Append a choice, durably. Raises OSError when the disk will not take it either."""
    line = {
        "message_id": message_id,
        "kind": choice.kind,
        "agreed": choice.agreed,
        "often": choice.often,
        "at": rfc3339(chosen_at),
    }
    with _lock:
        spool.parent.mkdir(parents=True, exist_ok=True)
        fresh = not spool.exists()
        descriptor = os.open(spool, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")
            reach("spool_written")
            os.fsync(descriptor)
            reach("spool_synced")
        finally:
            os.close(descriptor)
        if fresh:
            _sync_folder(spool.parent)


def drain_spool(database: Database, spool: Path, catalog: Catalog, now: datetime) -> int:
    """Take in whatever the spool holds, and give how many choices that were.

    The file goes once the database has them: a crash in between takes them in twice, which comes
    to the same. Raises what the database raises when it does not take them; nothing is lost then.
    """
    aside = spool.with_name(spool.name + _DRAINING)
    taken = 0
    for _ in range(2):  # what an earlier drain left behind, then what has come since
        if not aside.exists():
            with _lock:
                if not spool.exists():
                    return taken
                os.replace(spool, aside)
                reach("spool_put_aside")
        lines = list(_lines(aside))
        with database.write() as connection:
            for line in lines:
                choice = Choice(line["kind"], tuple(line["agreed"]), line["often"])
                at = datetime.fromisoformat(line["at"])
                if not carry_out(
                    connection, catalog, line["message_id"], choice, chosen_at=at, now=now
                ):
                    log.warned("unsubscribe_without_message", message_id=line["message_id"])
        reach("spool_taken_in")
        aside.unlink()
        _sync_folder(spool.parent)
        taken += len(lines)
    return taken


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for raw in path.read_bytes().splitlines():
        try:
            line = json.loads(raw)
            datetime.fromisoformat(line["at"])
            yield {name: line[name] for name in _NAMES} | {"often": line.get("often")}
        except (ValueError, KeyError, TypeError):
            # A line cut off by a crash: nobody was told that it is done.
            log.warned("spool_line_unreadable")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
