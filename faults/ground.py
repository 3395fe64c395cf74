"""The databases that experiments stand on: an SQLite file, or a PostgreSQL server of our own."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests import databases

KINDS = ("sqlite", "postgresql")
DURABLE = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "timezone": "Asia/Kathmandu",
}
"""As a server is set up by itself: `fsync`, `synchronous_commit` and `full_page_writes` are on."""
BUSY_SECONDS = 30.0


class Server(databases.PostgresServer):
    """A PostgreSQL server that can be taken down and brought up again; it listens on one port."""

    def __init__(self, folder: Path, port: int) -> None:
        options = {**DURABLE, "listen_addresses": "127.0.0.1", "port": str(port)}
        super().__init__(folder, databases.server_binaries(), options)
        self.port = port

    def url(self, database: str) -> str:
        """The URL of a database, by TCP, so that a connection can be cut on its way."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        """Take it down: SIGINT cuts all connections, SIGQUIT is a crash."""
        pid_file = self._folder / "data" / "postmaster.pid"
        os.kill(self.pid, how)
        end = time.monotonic() + databases.STOP_SECONDS
        while pid_file.exists() and time.monotonic() < end:
            time.sleep(0.02)

    def again(self) -> None:
        """Bring it up again on the same files."""
        options = [f"--{name}={value}" for name, value in self._options.items()]
        with (self._folder / "log").open("a") as output:
            command: list[str | Path] = [self._binaries / "postgres", "-D", self._folder / "data"]
            subprocess.Popen(
                [*command, "-k", self._folder, *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **databases._as_user(databases._server_owner()),
            )
        end = time.monotonic() + databases.START_SECONDS
        while not self._answers():
            if time.monotonic() > end:
                raise databases.NoServer("the server did not come up again")
            time.sleep(0.02)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Ask the server itself, beside all databases."""
        with self._connection() as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []

    def _connection(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            dbname="postgres",
            autocommit=True,
        )


class Ground:
    """One database of an experiment, read from outside while the daemon works on it."""

    def __init__(self, kind: str, url: str, server: Server | None) -> None:
        self.kind, self.url, self.server = kind, url, server

    @property
    def file(self) -> Path:
        """The file of an SQLite database."""
        assert self.kind == "sqlite"
        return Path(self.url.removeprefix("sqlite:///"))

    def rows(self, statement: str, **bound: Any) -> list[tuple[Any, ...]]:
        """Read; the connection is made anew, so that nothing of ours holds the log back."""
        return self._do(statement, bound)

    def value(self, statement: str, **bound: Any) -> Any:
        """The first field of the first row."""
        found = self._do(statement, bound)
        return found[0][0] if found else None

    def change(self, statement: str, **bound: Any) -> None:
        """Write, as an operator's hand would."""
        self._do(statement, bound)

    def whole(self) -> bool:
        """Whether the database's own check finds it whole."""
        if self.kind != "sqlite":
            return bool(self.value("SELECT 1") == 1)
        return bool(self.value("PRAGMA integrity_check") == "ok")

    def _do(self, statement: str, bound: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        arguments: dict[str, Any] = {"timeout": BUSY_SECONDS} if self.kind == "sqlite" else {}
        engine = create_engine(self.url, poolclass=NullPool, connect_args=arguments)
        try:
            with engine.begin() as connection:
                found = connection.execute(text(statement), dict(bound))
                return [tuple(row) for row in found] if found.returns_rows else []
        finally:
            engine.dispose()


class Grounds:
    """Hands out fresh databases; its one server is started when it is first wanted."""

    def __init__(self) -> None:
        self._closing = ExitStack()
        self._server: Server | None = None

    def fresh(self, kind: str, folder: Path) -> Ground:
        """A database of its own: beside the shop on SQLite, on the server else."""
        if kind == "sqlite":
            return Ground(kind, f"sqlite:///{folder / 'shop.db'}", None)
        server = self.server()
        return Ground(kind, server.url(server.create()), server)

    def server(self) -> Server:
        """The server, running."""
        from faults.ports import free_port

        if self._server is None:
            run = Path(
                self._closing.enter_context(tempfile.TemporaryDirectory(prefix="lifecycle-pg-"))
            )
            run.chmod(0o711)
            self._server = Server(run / "cluster", free_port())
            self._server.start()
            self._closing.callback(self._server.stop)
        return self._server

    def close(self) -> None:
        """Take the server down, and its files with it."""
        self._closing.close()
