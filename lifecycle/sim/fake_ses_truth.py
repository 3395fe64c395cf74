"""The truth log of the stand-in for SES: every acceptance, on disk before its answer leaves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One line of the truth log; ids are empty where the request carried none."""

    at: str
    ses_message_id: str
    attempt_id: str
    message_id: str
    to: str = ""
    """The recipients, several apart by commas."""
    by: str = "single"
    """single, raw, template or bulk: the call, and what it held."""
    recipients: int = 1


_decode: Callable[[bytes], Acceptance] = msgspec.json.Decoder(Acceptance).decode


class TruthLog:
    """Acceptances in a file that is only ever appended to; one that is there is carried on with.

    `sync` puts what was added on disk: nothing may be answered before. Duplicates are acceptances
    beyond the first of an id; they are counted by 64 bits of a hash, exactly by `read`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.accepted = 0
        self.duplicate_attempts = 0
        self.duplicate_messages = 0
        self.syncs = 0
        self._attempts: set[int] = set()
        self._messages: set[int] = set()
        self._file: int | None = None
        self._unsynced = False
        self._mend()
        for one in self._lines():
            self._count(one)

    def add(self, acceptances: Iterable[Acceptance]) -> None:
        """Write acceptances down in one go; they are not on disk before `sync`."""
        lines = []
        for one in acceptances:
            self._count(one)
            lines.append(_encode(one))
        if self._file is None:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            self._file = os.open(self.path, flags, 0o644)
        left = memoryview(b"\n".join((*lines, b"")))
        while left:
            left = left[os.write(self._file, left) :]
        self._unsynced = True

    def sync(self) -> None:
        """Put what was added on disk."""
        if self._unsynced and self._file is not None:
            os.fsync(self._file)
            self._unsynced = False
            self.syncs += 1

    def read(self) -> list[Acceptance]:
        """Every acceptance ever logged, in order, read from the disk."""
        return list(self._lines())

    def since(self, begin: datetime) -> Iterator[tuple[datetime, int]]:
        """When acceptances after `begin` were, and to how many recipients."""
        for one in self._lines():
            at = datetime.fromisoformat(one.at)
            if at > begin:
                yield at, one.recipients

    def close(self) -> None:
        """Sync and close the file; the next acceptance opens it again."""
        self.sync()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _lines(self) -> Iterator[Acceptance]:
        if not self.path.exists():
            return
        with self.path.open("rb") as log:
            for line in log:
                if line.endswith(b"\n"):
                    yield _decode(line)

    def _count(self, one: Acceptance) -> None:
        self.accepted += 1
        self.duplicate_attempts += _again(one.attempt_id, self._attempts)
        self.duplicate_messages += _again(one.message_id, self._messages)

    def _mend(self) -> None:
        """Cut off a half-written last line: its acceptance was never answered."""
        if self.path.exists():
            whole, newline, _ = self.path.read_bytes().rpartition(b"\n")
            os.truncate(self.path, len(whole + newline))


def _again(identity: str, seen: set[int]) -> bool:
    """Whether this id was seen before; from now on it was."""
    if not identity:
        return False
    known = hash(identity)
    if known in seen:
        return True
    seen.add(known)
    return False
