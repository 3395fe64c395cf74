"""The spool: unsubscribes that the database would not take in time, kept in a file until it does.

A line is synced to disk before anybody is told that it is done. Several processes may share one
spool: a line goes into the file of that name alone, and one of them takes it in.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
        descriptor = _opened(spool)
        try:
            fresh = os.fstat(descriptor).st_size == 0
            _append(descriptor, json.dumps(line).encode() + b"\n")
            reach("spool_written")
            os.fsync(descriptor)
            reach("spool_synced")
        finally:
            os.close(descriptor)
        if fresh:
            _sync_folder(spool.parent)


def _opened(spool: Path) -> int:
    """The spool, locked until it is closed; never one that was put aside since it was opened."""
    while True:
        descriptor = os.open(spool, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            if os.path.samestat(os.fstat(descriptor), spool.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)


def _append(descriptor: int, line: bytes) -> None:
    """Write a line of its own, whole: the one before may have been torn by a crash or full disk."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        line = b"\n" + line
    written = 0
    while written < len(line):
        written += os.write(descriptor, line[written:])


def drain_spool(database: Database, spool: Path, catalog: Catalog, now: datetime) -> int:
    """Take in whatever the spool holds, and give how many choices that were.

    The file goes once the database has them: a crash in between takes them in twice, which comes
    to the same. What another process is taking in is left to it. Raises what the database raises
    when it does not take them; nothing is lost then.
    """
    if not spool.parent.exists():
        return 0
    with _alone(spool.parent) as alone:
        return _drain(database, spool, catalog, now) if alone else 0


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether this process alone takes in what the spool of a folder holds, while this lasts."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _drain(database: Database, spool: Path, catalog: Catalog, now: datetime) -> int:
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
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # whoever had it open may be writing to it yet
        whole = file.read()
    for raw in filter(None, whole.splitlines()):
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
