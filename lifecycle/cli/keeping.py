"""The journal beside a project's database, and what a database older than its journal means."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote, unquote

from sqlalchemy import Connection

from lifecycle import log
from lifecycle.cli.place import FOLDER
from lifecycle.core.words import rfc3339
from lifecycle.errors import EnvironmentFailed
from lifecycle.send import journal
from lifecycle.send.journal import FileJournal, Line
from lifecycle.store import reapplied, restored
from lifecycle.store.database import Database
from lifecycle.store.reapplied import Kept
from lifecycle.store.restored import Gone

JOURNAL = "journal"
ID_BYTES = 8
LOOKED_AT = 50
"""So many of the last attempts of each file are looked for in the database at a start."""
AT_ONCE = timedelta(days=1)
"""So far apart at most are the instants of attempts that several processes commit at once."""
FORGOTTEN = timedelta(days=30)
LOOKS_BACK = timedelta(days=2)
"""Suppressions and noes that bear an instant longer ago have been kept before."""
KINDS = {"suppressed": journal.SUPPRESSED, "withdrawn": journal.WITHDRAWN, "erased": journal.ERASED}
_KIND_OF = {letter: kind for kind, letter in KINDS.items()}


@dataclass(frozen=True, slots=True)
class PutInUse:
    """What was done to a database older than its journal, once it was put in use."""

    backed_up_at: datetime
    restored_at: datetime
    known_gone: int
    """Attempts that the journal tells of and the database does not."""
    in_doubt: int
    """Messages that waited in it and may have gone."""
    done_again: dict[str, int]
    """What was suppressed, withdrawn and erased after the backup."""


def new_id() -> str:
    """An id for a database that has none."""
    return secrets.token_hex(ID_BYTES)


def journal_folder(root: Path, database_id: str) -> Path:
    """Where the journal of a database lies."""
    return root / FOLDER / JOURNAL / database_id


def journal_of(root: Path, database: Database) -> FileJournal:
    """The journal of a database for this process."""
    with database.write() as connection:
        return FileJournal(journal_folder(root, restored.identity(connection, new_id)))


def put_in_use(
    database: Database, root: Path, key: bytes, now: datetime, *, asked: bool = False
) -> PutInUse | None:
    """Where a database is older than its journal, have all that may have gone in doubt.

    It is so where the last attempts of the journal are missing in it, or it is a copy made by
    `lifecycle backup`; with `asked` it is taken to be. None where nothing had to be done.
    Raises EnvironmentFailed when the journal cannot be read.
    """
    with database.read() as connection:
        database_id = restored.known_identity(connection)
        folder = journal_folder(root, database_id or new_id())
        copied = restored.copied_at(connection)
        behind = database_id is not None and (copied or _is_behind(connection, folder))
        if not (asked or behind):
            return None
        lines = _lines(folder)
        gone = [_gone(line) for line in lines if line.kind == journal.ATTEMPT]
        missing = _missing(connection, gone)
        backed_up_at = copied or _as_of(gone, missing, now)
    with database.write() as connection:
        restored.identity(connection, new_id)
        in_doubt = restored.begin(connection, missing, backed_up_at, now)
        since = backed_up_at - LOOKS_BACK
        kept = [_kept(one) for one in lines if one.kind in _KIND_OF and one.at >= since]
        done_again = reapplied.reapply(connection, kept, key, now)
    log.warned(
        "database_restored",
        backed_up_at=rfc3339(backed_up_at),
        attempts_unknown=len(missing),
        messages_in_doubt=in_doubt,
    )
    return PutInUse(backed_up_at, now, len(missing), in_doubt, done_again)


def _is_behind(connection: Connection, folder: Path) -> bool:
    """Whether the database lacks one of the last attempts of a file of the journal."""
    with _readable(folder):
        every = [journal.last_attempts(path, LOOKED_AT) for path in journal.files(folder)]
    return bool(_missing(connection, [_gone(line) for lines in every for line in lines]))


def _missing(connection: Connection, gone: list[Gone]) -> list[Gone]:
    """The attempts that the database does not know, and never knew.

    One from well before its latest attempt was known once: with its message it was forgotten at
    night. So was, of a database without any, what is as old as that.
    """
    found = restored.unknown(connection, gone)
    if not found:
        return []
    latest = restored.lived_until(connection)
    since = latest - AT_ONCE if latest is not None else max(o.begun_at for o in gone) - FORGOTTEN
    return [one for one in found if one.begun_at > since]


def _lines(folder: Path) -> list[Line]:
    with _readable(folder):
        return [line for path in journal.files(folder) for line in journal.read(path)]


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EnvironmentFailed(
            "the journal of attempts cannot be read",
            cause=f"{folder}: {error.strerror}",
            remedy="what went after a backup stands there: see to the rights on it",
        ) from error


def _as_of(gone: list[Gone], missing: list[Gone], now: datetime) -> datetime:
    """As of when a database is that knows all attempts but these: the latest that it knows."""
    if not missing:
        return now
    first = min(one.begun_at for one in missing)
    unknown = {(one.message_id, one.number) for one in missing}
    known = (one.begun_at for one in gone if (one.message_id, one.number) not in unknown)
    return max((at for at in known if at <= first), default=first)


def _gone(line: Line) -> Gone:
    return Gone(*journal.begun_of(line))


def _kept(line: Line) -> Kept:
    return Kept(_KIND_OF[line.kind], tuple(map(unquote, line.words)), line.at)


class Keeper:
    """Keeps in the journal what a restored backup must not forget, soon after it was written."""

    def __init__(self, database: Database, kept_in: FileJournal, key: bytes) -> None:
        self._database, self._journal, self._key = database, kept_in, key
        self._kept: dict[Kept, None] = {}

    def look(self, now: datetime) -> None:
        """Write down what is new; a disk that refuses is asked again the next time."""
        with self._database.read() as connection:
            found = list(reapplied.since(connection, now - LOOKS_BACK, self._key))
        new = [one for one in found if one not in self._kept]
        lines = [Line(KINDS[one.kind], tuple(map(_quoted, one.words)), one.at) for one in new]
        try:
            self._journal.keep(lines)
        except EnvironmentFailed as refused:
            log.warned("journal_refused", lines=len(lines), problem=refused.cause)
            return
        self._kept = dict.fromkeys(found)


def _quoted(word: str) -> str:
    return quote(word, safe="")
