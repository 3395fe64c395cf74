"""The journal of attempts: a file outside the database, on disk before a letter may leave.

A line is a few words with a checksum; what it names are ids and keyed hashes, nobody's name. A line
torn by a crash was never answered for: it is passed over. Each process writes files of its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from zlib import crc32

from lifecycle import log
from lifecycle.core.words import from_micros, micros
from lifecycle.errors import EnvironmentFailed
from lifecycle.failpoints import reach

FILE_BYTES = 16 * 1024 * 1024
"""A file that is larger is followed by another one."""
FILE_AGE = timedelta(days=1)
"""A file whose first line is older is followed by another one."""
KEPT = timedelta(days=45)
"""How long a file is kept after its first line. Older backups are not to be restored."""
ENDING = ".journal"
ATTEMPT, SUPPRESSED, WITHDRAWN, ERASED = "a", "s", "w", "e"
_STAMP = "%Y%m%dT%H%M%S%f"
_STAMP_LENGTH = 21
_TRIES = 100


@dataclass(frozen=True, slots=True)
class Begun:
    """One attempt as the journal keeps it: ids that name nobody."""

    message_id: str
    attempt_id: str
    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what kind of thing, its words, and when."""

    kind: str
    words: tuple[str, ...]
    at: datetime


class Journal(Protocol):
    """Where attempts are noted beside the database."""

    def note(self, begun: Sequence[Begun]) -> None:
        """Write attempts down and return once they are on disk. Raises EnvironmentFailed."""

    def close(self) -> None:
        """Close the file."""


class FileJournal:
    """The journal of one process for one database, in files of its own in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._file: int | None = None
        self._path = folder
        self._bytes = 0
        self._since: datetime | None = None

    def note(self, begun: Sequence[Begun]) -> None:
        """Write attempts down and return once they are on disk. Raises EnvironmentFailed."""
        if begun:
            lines = [
                _line(f"{ATTEMPT} {_at(one.at)} {one.message_id} {one.number}") for one in begun
            ]
            self._write(b"".join(lines), begun[0].at)

    def keep(self, lines: Sequence[Line]) -> None:
        """Write down what else must outlast a restored backup. Raises EnvironmentFailed."""
        if lines:
            told = [_line(" ".join((one.kind, _at(one.at), *one.words))) for one in lines]
            self._write(b"".join(told), lines[0].at)

    def close(self) -> None:
        """Close the file; a later note opens another one."""
        with self._lock:
            self._close()

    def _write(self, text: bytes, at: datetime) -> None:
        with self._lock:
            try:
                self._ready(at)
                assert self._file is not None
                written = 0
                while written < len(text):
                    written += os.write(self._file, text[written:])
                reach("journal_written")
                os.fdatasync(self._file)
                reach("journal_synced")
                self._bytes += len(text)
            except OSError as error:
                self._give_up()
                raise EnvironmentFailed(
                    "the journal of attempts cannot be written",
                    cause=f"{self._path}: {error.strerror}",
                    remedy="see to room and rights there; no letter leaves without its note",
                ) from error

    def _ready(self, at: datetime) -> None:
        """See to it that a file is open that is neither too large nor too old."""
        old = self._since is not None and at - self._since >= FILE_AGE
        if self._file is not None and self._bytes < FILE_BYTES and not old:
            return
        self._close()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file, self._path = self._new(at)
        self._bytes, self._since = 0, at
        _sync_folder(self.folder)
        _remove_old(self.folder, at)

    def _new(self, at: datetime) -> tuple[int, Path]:
        for number in range(_TRIES):
            path = self.folder / f"{at:{_STAMP}}Z-{os.getpid()}-{number:02}{ENDING}"
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            with suppress(FileExistsError):
                return os.open(path, flags, 0o600), path
        raise OSError(0, "too many files of one instant")

    def _give_up(self) -> None:
        """Leave a file to which a write failed, without the lines that nobody was answered for."""
        with suppress(OSError):
            if self._file is not None and self._bytes == 0:
                self._path.unlink()
            elif self._file is not None:
                os.ftruncate(self._file, self._bytes)
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
            self._file = None


def files(folder: Path) -> list[Path]:
    """The files of a journal, the oldest first."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.name.endswith(ENDING))


def read(path: Path) -> Iterator[Line]:
    """The sound lines of one file, in order. Raises OSError."""
    damaged = 0
    torn = False
    with path.open("rb") as reading:
        for raw in reading:
            line = _sound(raw)
            if line is not None:
                damaged += torn
                torn = False
                yield line
            else:
                damaged += torn
                torn = True
    if damaged:
        log.warned("journal_damaged", file=path.name, lines=damaged)


def last_attempts(path: Path, count: int) -> list[Line]:
    """The last attempts that a file tells of, at most `count`. Raises OSError."""
    longest = 128
    with path.open("rb") as reading:
        size = reading.seek(0, os.SEEK_END)
        reading.seek(max(0, size - longest * (count + 1)))
        found = [_sound(raw) for raw in reading.read().splitlines(keepends=True)]
    return [one for one in found if one is not None and one.kind == ATTEMPT][-count:]


def begun_of(line: Line) -> tuple[str, int, datetime]:
    """The message, the number and the instant of a line that tells of an attempt."""
    message_id, number = line.words
    return message_id, int(number), line.at


def _line(text: str) -> bytes:
    raw = text.encode()
    return b"%s %08x\n" % (raw, crc32(raw))


def _sound(raw: bytes) -> Line | None:
    """The line if its checksum holds; None of anything else."""
    body, _, told = raw.rstrip(b"\n").rpartition(b" ")
    if not raw.endswith(b"\n") or told != b"%08x" % crc32(body):
        return None
    kind, at, *words = body.decode().split(" ")
    return Line(kind, tuple(words), from_micros(int(at, 36)))


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@lru_cache(maxsize=8)
def _at(instant: datetime) -> str:
    """An instant in microseconds to the base of 36; those of one batch are one."""
    rest, text = micros(instant), ""
    while rest:
        rest, digit = divmod(rest, 36)
        text = _DIGITS[digit] + text
    return text or "0"


def _remove_old(folder: Path, now: datetime) -> None:
    for path in files(folder):
        with suppress(ValueError, OSError):
            begun = datetime.strptime(path.name[:_STAMP_LENGTH], _STAMP).replace(tzinfo=UTC)
            if begun < now - KEPT:
                path.unlink()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
