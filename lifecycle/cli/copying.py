"""Copies of an SQLite database: made while it is written to, checked, and put in its place."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

from lifecycle.cli.keeping import new_id
from lifecycle.core.words import micros
from lifecycle.errors import EnvironmentFailed

UNFINISHED = ".unfinished"
BESIDE = ("", "-wal", "-shm")
"""The files of an SQLite database, by their endings."""


def copy(source: Path, target: Path, as_of: datetime | None) -> int:
    """Write a copy of a database to a new file, whole and on disk; says how many bytes it has.

    The source may be written to meanwhile: the copy is of one instant. `as_of` is kept in it; None
    leaves what it says. Raises EnvironmentFailed; never replaces a file.
    """
    if target.exists():
        raise EnvironmentFailed("there is a file already", cause=str(target), remedy="name another")
    unfinished = target.with_name(target.name + UNFINISHED)
    try:
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        reading = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
        writing = sqlite3.connect(unfinished)
        with closing(reading), closing(writing):
            # All pages in one step: in WAL mode no writer waits for it, nor does it begin anew.
            reading.backup(writing, pages=-1)
            writing.execute("PRAGMA journal_mode=DELETE")
            if as_of is not None:
                _mark(writing, as_of)
            _check(writing, target)
        _sync(unfinished)
        os.link(unfinished, target)
        unfinished.unlink()
        _sync(target.parent)
        return target.stat().st_size
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise EnvironmentFailed("the copy was not made", cause=str(error)) from error


def check(file: Path) -> None:
    """Read a copy through. Raises EnvironmentFailed when it is damaged, or no database of ours."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as reading:
            _check(reading, file)
            tables = {row[0] for row in reading.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as error:
        raise EnvironmentFailed("this is no backup", cause=f"{file}: {error}") from error
    if "message" not in tables or "attempt" not in tables:
        raise EnvironmentFailed("this is no backup", cause=f"{file} has none of our tables")


def put_aside(database: Path, now: datetime) -> Path | None:
    """Move the files of a database out of the way, nothing deleted; None where there are none."""
    aside = database.with_name(f"{database.name}.before-{now:%Y%m%dT%H%M%SZ}")
    moved = False
    for ending in BESIDE:
        file = database.with_name(database.name + ending)
        if file.exists():
            to = aside.with_name(aside.name + ending)
            if to.exists():
                raise EnvironmentFailed("there is a file already", cause=str(to))
            file.rename(to)
            moved = True
    _sync(database.parent)
    return aside if moved else None


def put_in_place(copy: Path, database: Path) -> None:
    """Give a finished copy, which nobody has open, the database's name."""
    with closing(sqlite3.connect(copy)) as whole:
        whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole.execute("PRAGMA journal_mode=DELETE")
    _sync(copy)
    copy.rename(database)
    _sync(database.parent)


def _mark(writing: sqlite3.Connection, as_of: datetime) -> None:
    """Write into a copy as of when it is; a database without an id gets one."""
    writing.execute(
        "INSERT INTO this_database (number, database_id) VALUES (1, ?) ON CONFLICT DO NOTHING",
        (new_id(),),
    )
    writing.execute("UPDATE this_database SET backed_up_at = ?", (micros(as_of),))
    writing.commit()


def _check(connection: sqlite3.Connection, file: Path) -> None:
    told = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
    if told != ["ok"]:
        raise EnvironmentFailed("the file is damaged", cause=f"{file}: {'; '.join(told)}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
