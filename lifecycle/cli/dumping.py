"""Backups of PostgreSQL, by its own tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy.engine import URL, make_url

from lifecycle.errors import EnvironmentFailed

FORMAT = "custom"


def dump(url: str, file: Path) -> int:
    """Have pg_dump write a copy of one instant to a new file; says how many bytes it has.

    Raises EnvironmentFailed where there is no pg_dump, or it fails.
    """
    tool = shutil.which("pg_dump")
    if tool is None:
        raise EnvironmentFailed(
            "there is no pg_dump here",
            cause="PostgreSQL is copied by its own tool",
            remedy=f"on a machine that has it: pg_dump --format={FORMAT} --file={file} DATABASE",
        )
    if file.exists():
        raise EnvironmentFailed("there is a file already", cause=str(file), remedy="name another")
    address = make_url(url)
    said = [tool, f"--format={FORMAT}", "--no-password", f"--file={file}", plain(address)]
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    password = {"PGPASSWORD": address.password} if address.password else {}
    done = subprocess.run(said, env=os.environ | password, capture_output=True, check=False)
    if done.returncode:
        file.unlink(missing_ok=True)
        told = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise EnvironmentFailed("pg_dump failed", cause=told[-1] if told else "")
    with file.open("rb") as written:
        os.fsync(written.fileno())
    return file.stat().st_size


def how_to_restore(url: str, file: Path) -> EnvironmentFailed:
    """How PostgreSQL is restored: beside the old database, which stays; the daemon finds out."""
    name = make_url(url).database
    return EnvironmentFailed(
        "a PostgreSQL database is restored by its own tools",
        cause="stop the daemons, restore into a new database, and name that one in the settings",
        remedy=f"createdb {name}_restored && pg_restore --dbname={name}_restored {file}; "
        "the daemon finds out by its journal that it is older, and holds what may have gone",
    )


def plain(address: URL) -> str:
    """The address as PostgreSQL's own tools take it: without SQLAlchemy's driver, no password."""
    without = address.set(drivername="postgresql", password=None)
    return without.render_as_string(hide_password=False)
