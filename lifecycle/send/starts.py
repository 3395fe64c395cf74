"""Which attempts may have left: a file beside the journal that outlives its process.

A process that is killed leaves attempts of which nobody knows whether they had begun. What it noted
here just before each call tells: what is not noted has never left, and may go again. The notes
are not synced: they outlive the process, and after the machine has gone down nobody trusts them.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Lock
from time import monotonic_ns

from lifecycle import log
from lifecycle.core.message import Outcome
from lifecycle.send.transport import Gate

FOLDER = "starts"
FILE_BYTES = 32_000_000
"""A file that is larger, some million letters, is followed by another one."""
KEPT_SECONDS = 45 * 86_400
"""How long notes are kept, as the journal is: a restored database may ask for them."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """What tells this running of the machine from every other; empty where nothing does."""
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""


class Starts:
    """The notes of one process. `token` names them in the attempts; empty where none are kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.token = ""
        self._lock = Lock()
        self._bytes = 0
        self._path = folder
        self._file: int | None = None
        self._make()

    def _make(self) -> None:
        boot = boot_id()
        if not boot:
            return
        # Process ids come again, in containers at every start; no instant since the boot does.
        self.token = f"{boot}.{os.getpid()}.{monotonic_ns()}"
        self._path, self._bytes = self.folder / self.token, 0
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._file = os.open(self._path, flags, 0o600)
        except OSError as error:
            self.token = ""
            log.warned("starts_not_kept", problem=str(error.strerror))

    def note(self, attempt_ids: Sequence[str]) -> None:
        """Note attempts that may leave from now on."""
        text = "".join(f"{one}\n" for one in attempt_ids).encode()
        with self._lock:
            if self._file is None:
                return
            try:
                written = 0
                while written < len(text):
                    written += os.write(self._file, text[written:])
                self._bytes += len(text)
            except OSError as error:
                self._give_up(str(error.strerror))

    def turn(self) -> None:
        """Between two batches: go on in another file where this one has grown, or failed.

        Nothing is ever struck from one. A database that was put back to an earlier state asks
        again for what was settled since.
        """
        with self._lock:
            if self._file is None or self._bytes >= FILE_BYTES:
                self._leave()
                self._make()

    def close(self) -> None:
        """Close the file; what it tells stays."""
        with self._lock:
            self._leave()

    def _give_up(self, problem: str) -> None:
        """Take the file away: where it is missing, whatever its process had in hand is in doubt."""
        log.warned("starts_not_kept", problem=problem)
        with suppress(OSError):
            self._path.unlink()
        self._leave()

    def _leave(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
            self._file = None


class NotedGate:
    """A gate before which each attempt is noted: after a death the notes tell what had begun."""

    def __init__(self, gate: Gate, notes: Starts) -> None:
        self._gate = gate
        self._notes = notes

    def starts(self, attempt_ids: Sequence[str]) -> None:
        """Note them."""
        self._notes.note(attempt_ids)

    def begin(self, wanted: int) -> int:
        """As the gate says."""
        return self._gate.begin(wanted)

    def heard(self, sender: str, outcomes: Sequence[Outcome]) -> None:
        """Told to the gate."""
        self._gate.heard(sender, outcomes)


def never_left(folder: Path, token: str, attempt_ids: Collection[str]) -> frozenset[str]:
    """Those attempts of a process that is gone, or may begin nothing more, that surely never left.

    None where its notes are missing, or the machine has gone down since they were written.
    """
    boot = token.partition(".")[0]
    if not token or "/" in token or boot != boot_id():
        return frozenset()
    try:
        text = (folder / token).read_text("ascii", "replace")
    except OSError:
        return frozenset()
    whole, _, torn = text.rpartition("\n")
    begun = set(whole.splitlines())
    return frozenset(
        one for one in attempt_ids if one not in begun and not (torn and one.startswith(torn))
    )


def strike_old(folder: Path, now: datetime) -> None:
    """Take away notes that nobody trusts any more: of before the machine went down, or too old."""
    if not folder.is_dir():
        return
    boot, oldest = boot_id(), now.timestamp() - KEPT_SECONDS
    for path in folder.iterdir():
        with suppress(OSError):
            if path.name.partition(".")[0] != boot or path.stat().st_mtime < oldest:
                path.unlink()
