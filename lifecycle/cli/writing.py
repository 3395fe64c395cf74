"""Who writes: the daemon where one runs, else this process under the writer's lock."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Protocol

from lifecycle.cli import place
from lifecycle.cli.asked import Asked
from lifecycle.cli.desk import Desk
from lifecycle.cli.local import Caller, NobodyThere, socket_path
from lifecycle.cli.lock import Held, WriterLock
from lifecycle.cli.wiring import live_parts
from lifecycle.cli.writes import carry_out
from lifecycle.clock import SystemClock
from lifecycle.core.settings import Settings
from lifecycle.engine.parts import Parts
from lifecycle.errors import EnvironmentFailed
from lifecycle.store.database import Database

PATIENCE_SECONDS = 10.0
"""How long a command waits for another one to give the writer's lock back."""
LOOK_SECONDS = 0.05


class Writer(Protocol):
    """Whoever carries out writing commands."""

    @property
    def in_daemon(self) -> bool:
        """Whether that is the daemon, which goes on by itself with what was written."""

    def do(self, command: str, arguments: dict[str, Any]) -> Any:
        """Carry out a command; the answer is plain data. Raises LifecycleError."""


@dataclass(frozen=True)
class Here:
    """Writing commands are carried out in this process."""

    desk: Desk
    in_daemon: bool = False

    def do(self, command: str, arguments: dict[str, Any]) -> Any:
        """Carry out a command."""
        return carry_out(self.desk, command, arguments)


@dataclass(frozen=True)
class There:
    """Writing commands are carried out by the daemon that runs."""

    caller: Caller
    in_daemon: bool = True

    def do(self, command: str, arguments: dict[str, Any]) -> Any:
        """Have the daemon carry out a command."""
        return self.caller.ask(command, arguments)


@contextmanager
def writer(asked: Asked, doing: str) -> Iterator[Writer]:
    """Whoever may write: the daemon where one runs, else this process under the writer's lock.

    Raises EnvironmentFailed when the database cannot be opened or stays locked.
    """
    settings = place.read_settings(asked.project)
    url = place.database_url(asked, settings)
    lock, caller = _lock_or_daemon(asked.project, url, doing)
    if caller is not None:
        try:
            yield There(caller)
        finally:
            caller.close()
        return
    try:
        database = place.open_database(url, make=True)
        try:
            yield Here(_own_desk(asked.project, settings, database))
        finally:
            database.close()
    finally:
        if lock is not None:
            lock.release()


def who() -> str:
    """Who types here, as far as the system knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


def _own_desk(root: Path, settings: Settings, database: Database) -> Desk:
    key = place.shop_key(root, settings)

    def parts() -> Parts | None:
        return live_parts(root, settings, database, key)

    return Desk(root, settings, database, key, SystemClock(), parts=parts)


def _lock_or_daemon(root: Path, url: str, doing: str) -> tuple[WriterLock | None, Caller | None]:
    file = place.database_file(url)
    if file is None:
        return None, _daemon_of(root, url)
    if not file.parent.is_dir():
        raise EnvironmentFailed("there is no folder for the database", cause=str(file.parent))
    lock = WriterLock(file)
    held: Held | None = None
    for _ in _patience():
        try:
            lock.take(doing)
            return lock, None
        except Held as found:
            held = found
        if held.holder.socket:
            try:
                return None, Caller(held.holder.socket)
            except NobodyThere:
                continue
    assert held is not None
    raise held


def _patience() -> Iterator[None]:
    """Let some time pass between tries, and end after PATIENCE_SECONDS."""
    begun = monotonic()
    while True:
        yield
        if monotonic() - begun > PATIENCE_SECONDS:
            return
        sleep(LOOK_SECONDS)


def _daemon_of(root: Path, url: str) -> Caller | None:
    """The daemon of this project on a shared database; None when none runs or it has another."""
    try:
        caller = Caller(str(socket_path(root)))
    except NobodyThere:
        return None
    if caller.ask("which_database", {}) == url:
        return caller
    caller.close()
    return None
