"""Where a project's facts and secrets are: the database's address, and the key that signs."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lifecycle.catalog.load import load_settings
from lifecycle.cli.asked import Asked, console
from lifecycle.cli.project import ProblemsFound, counted, show_problems
from lifecycle.core.settings import Settings
from lifecycle.errors import EnvironmentFailed
from lifecycle.store.database import Database

FOLDER = ".lifecycle"
KEY_FILE = "key"
KEY_BYTES = 32
SHORTEST_KEY = 16
FIXED_KEY = b"the fixed key of previews: no secret"
_SQLITE = "sqlite:///"


def read_settings(root: Path) -> Settings:
    """The settings of a project. Raises ProblemsFound, its problems told."""
    settings, problems = load_settings(root)
    if settings is not None:
        return settings
    show_problems(problems, console(errors=True))
    raise ProblemsFound(counted(problems), remedy="lifecycle check tells all of them")


def secret(said: str, what: str) -> str:
    """What a setting says, or what the environment variable holds that it names.

    Raises EnvironmentFailed when the variable is unset or empty.
    """
    if not said.startswith("env:"):
        return said
    name = said.removeprefix("env:").strip()
    value = os.environ.get(name, "")
    if not value:
        raise EnvironmentFailed(
            f"{what} is not there",
            cause=f"the environment variable {name} is not set",
            remedy=f"export {name}=…",
        )
    return value


def database_url(asked: Asked, settings: Settings) -> str:
    """The database's address: the one named on the command line, else the settings'.

    A file's path is made absolute: from here if named on the command line, else from the project.
    Raises EnvironmentFailed.
    """
    if asked.database is not None:
        return _absolute(secret(asked.database, "the database's address"), Path())
    return _absolute(secret(settings.database.url, "the database's address"), asked.project)


def database_file(url: str) -> Path | None:
    """The file of an SQLite database; None of any other."""
    if not url.startswith(_SQLITE) or url == f"{_SQLITE}:memory:":
        return None
    return Path(url.removeprefix(_SQLITE))


def open_database(url: str, *, make: bool) -> Database:
    """Open a database whose tables are those of this version.

    With `make` an SQLite file that is not there, or empty, is made. Raises EnvironmentFailed
    when there is none, or when migrations are pending.
    """
    from sqlalchemy.exc import DBAPIError

    from lifecycle.store import migrate

    file = database_file(url)
    if file is not None and not make and not file.is_file():
        raise EnvironmentFailed(
            "there is no database yet",
            cause=f"{file} is not there",
            remedy="lifecycle run makes it, and so do lifecycle apply and lifecycle import",
        )
    database = Database(url)
    try:
        pending = migrate.pending(database)
        if pending and make and file is not None and pending == migrate.names():
            migrate.upgrade(database)
            pending = []
    except DBAPIError as error:
        database.close()
        raise _no_database(error) from error
    if pending:
        database.close()
        raise EnvironmentFailed(
            "the database is older than this version of lifecycle",
            cause=f"migrations are pending: {', '.join(pending)}",
            remedy="lifecycle upgrade shows and carries them out",
        )
    return database


def shop_key(root: Path, settings: Settings) -> bytes:
    """The shop's first secret key, by which addresses are hashed: it stays when keys are added.

    Where the settings name none it is made once, in .lifecycle/key. Raises EnvironmentFailed.
    """
    return shop_keys(root, settings)[0]


def shop_keys(root: Path, settings: Settings) -> tuple[bytes, ...]:
    """All of the shop's keys, the newest last: it signs links, and each of them opens links.

    In the environment they stand side by side with commas, in .lifecycle/key one a line. Raises
    EnvironmentFailed.
    """
    if settings.secrets.key is not None:
        said = secret(settings.secrets.key, "the shop's key").split(",")
        keys = tuple(one.strip().encode() for one in said if one.strip())
        if not keys or any(len(one) < SHORTEST_KEY for one in keys):
            raise EnvironmentFailed(
                "the shop's key is too short", remedy=f"take {SHORTEST_KEY} characters or more"
            )
        return keys
    path = root / FOLDER / KEY_FILE
    try:
        path.parent.mkdir(exist_ok=True)
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _kept(path)
        with os.fdopen(file, "w") as writing:
            made = secrets.token_bytes(KEY_BYTES)
            writing.write(made.hex() + "\n")
            os.fsync(writing.fileno())
        return (made,)
    except (OSError, ValueError) as error:
        raise EnvironmentFailed(
            "the shop's key can be neither read nor made",
            cause=f"{path}: {error}",
            remedy='or name one: [secrets] key = "env:LIFECYCLE_KEY"',
        ) from error


def signing_keys(root: Path, settings: Settings, first: bytes) -> tuple[bytes, ...]:
    """The keys of a shop whose first one is `first`. Raises EnvironmentFailed."""
    keys = shop_keys(root, settings)
    return keys if keys[0] == first else (first,)


def add_key(root: Path, settings: Settings) -> int:
    """Add a key to .lifecycle/key, by which links are signed from the next start on.

    Gives how many there are then. Raises EnvironmentFailed.
    """
    keys = (*shop_keys(root, settings), secrets.token_bytes(KEY_BYTES))
    path = root / FOLDER / KEY_FILE
    fresh = path.with_name(f"{KEY_FILE}.new")
    try:
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.writelines(f"{one.hex()}\n" for one in keys)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError as error:
        raise EnvironmentFailed("the key could not be added", cause=str(error)) from error
    return len(keys)


def fresh_key() -> str:
    """A new key as text, for the environment."""
    return secrets.token_urlsafe(KEY_BYTES)


def _kept(path: Path) -> tuple[bytes, ...]:
    keys = tuple(bytes.fromhex(line) for line in path.read_text("ascii").split())
    if not keys or any(len(one) < SHORTEST_KEY for one in keys):
        raise ValueError("it holds no key")
    return keys


def _absolute(url: str, root: Path) -> str:
    file = database_file(url)
    if file is None:
        return url
    return f"{_SQLITE}{(root / file).resolve()}"


def _no_database(error: Exception) -> EnvironmentFailed:
    lines = str(getattr(error, "orig", error)).splitlines() or [""]
    return EnvironmentFailed(
        "the database does not answer",
        cause=lines[0],
        remedy="see [database] url; lifecycle doctor says more",
    )


Answer = TypeVar("Answer")


def answered(ask: Callable[[], Answer]) -> Answer:
    """What the database answers. Raises EnvironmentFailed when it does not."""
    from sqlalchemy.exc import DBAPIError

    try:
        return ask()
    except DBAPIError as error:
        raise _no_database(error) from error
