"""The writer's lock: beside an SQLite file, so that one process writes to it at a time.

Guarantee: the lock is the system's own on an open file, so that a crash frees it at once; the file
itself may stay, and says who holds or last held the lock.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

from lifecycle.errors import EnvironmentFailed

ENDING = ".lock"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock: the process, what it is doing, and its local socket if it has one."""

    pid: int
    doing: str
    socket: str = ""


class Held(EnvironmentFailed):
    """Another process holds the lock."""

    def __init__(self, holder: Holder, database: Path) -> None:
        super().__init__(
            "another process writes to this database",
            cause=f"{holder.doing or 'it'} runs as process {holder.pid}",
            remedy="stop that one first, or wait for it",
            state={"database": database.name},
        )
        self.holder = holder


class WriterLock:
    """The lock of one SQLite file."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.path = database.with_name(database.name + ENDING)
        self._file: int | None = None

    def take(self, doing: str, socket: str = "") -> None:
        """Take the lock and say in its file who holds it. Raises Held, EnvironmentFailed."""
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise EnvironmentFailed(
                "the writer's lock cannot be made",
                cause=f"{self.path}: {error.strerror}",
                remedy="the folder of the database must be writable",
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _read(file)
            os.close(file)
            raise Held(holder, self.database) from error
        said = json.dumps({"pid": os.getpid(), "doing": doing, "socket": socket}).encode()
        os.ftruncate(file, 0)
        os.pwrite(file, said, 0)
        self._file = file

    def release(self) -> None:
        """Give the lock back; once more does nothing."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None


def _read(file: int) -> Holder:
    """Who says to hold the lock; a file just being written says nobody."""
    try:
        said = json.loads(os.pread(file, 4096, 0) or b"{}")
        return Holder(int(said["pid"]), str(said["doing"]), str(said["socket"]))
    except (ValueError, KeyError, TypeError):
        return Holder(0, "")
