"""The daemon's HTTP side: the door it hands over, and the server in a thread of its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from lifecycle.api.app import make_app
from lifecycle.api.door import Door, Health
from lifecycle.cli.place import FOLDER, secret
from lifecycle.cli.runner import Runner
from lifecycle.core.settings import Settings
from lifecycle.errors import EnvironmentFailed
from lifecycle.insight.answer import answer
from lifecycle.insight.backlog import backlog
from lifecycle.insight.transport import standing, told_of
from lifecycle.send.sns import SnsVerifier
from lifecycle.send.sns_network import certificates, confirm_subscription

START_SECONDS = 20.0
GRACE_SECONDS = 5
"""How long requests in hand are given to finish when the daemon ends."""
LATE_SECONDS = 300.0
"""A daemon that is further behind does not call itself ready."""
SPOOL = "spool.jsonl"


def door_of(root: Path, settings: Settings, runner: Runner) -> Door:
    """What the HTTP side is handed."""
    parts = runner.engine.parts
    database, clock = parts.database, runner.clock

    def why(customer_id: str, campaign: str | None) -> Mapping[str, Any]:
        catalog = runner.engine.parts.live.catalog
        with database.read() as connection:
            found = answer(connection, catalog, customer_id, campaign, clock.now())
        return {} if found is None else found.told()

    def health() -> Health:
        now = clock.now()
        with database.read() as connection:
            figures = backlog(connection, now)
            found = standing(connection, runner.engine.parts.transport.name)
        late = figures["lag_seconds"] > LATE_SECONDS
        why_not = "the engine is behind" if late else "ticks fail" if runner.failures else ""
        if runner.engine.parts.turnstile is not None:
            figures |= found.figures()
        return Health(not why_not, figures, why_not, tuple(told_of(found)))

    return Door(
        database=database,
        clock=clock,
        signer=parts.signer,
        address_key=parts.key,
        spool=spool_of(root),
        catalog=lambda: runner.engine.parts.live.catalog,
        why=why,
        view=lambda connection, row: runner.engine.letters.view(connection, row),
        health=health,
        wake=runner.wake,
        outbox=root / settings.transport.folder if settings.transport.kind == "outbox" else None,
        sns=_verifier(settings),
        confirm=confirm_subscription if settings.ses.feedback_topics else None,
    )


def spool_of(root: Path) -> Path:
    """The file of unsubscribes that the database would not take."""
    return root / FOLDER / SPOOL


def _verifier(settings: Settings) -> SnsVerifier | None:
    topics = frozenset(settings.ses.feedback_topics)
    if not topics:
        return None
    said = settings.ses.endpoint
    endpoint = secret(said, "the endpoint of SES") if said else None
    version_1 = settings.ses.accept_signature_version_1
    return SnsVerifier(topics, certificates(endpoint), version_1)


class Web:
    """The HTTP server, listening before `start` returns."""

    def __init__(self, door: Door, listen: str) -> None:
        self.host, _, port = listen.rpartition(":")
        self.port = int(port)
        self._door = door
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def is_public(self) -> bool:
        """Whether others than this machine can reach it."""
        if self.host == "localhost":
            return False
        try:
            return not ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return True

    def start(self) -> None:
        """Begin to serve. Raises EnvironmentFailed when the address cannot be had."""
        import uvicorn

        listening = self._listen()
        config = uvicorn.Config(
            make_app(self._door),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        server = self._server = uvicorn.Server(config)
        run: Callable[[], None] = lambda: server.run(sockets=[listening])  # noqa: E731
        self._thread = threading.Thread(target=run, name="http", daemon=True)
        self._thread.start()
        begun = monotonic()
        while not server.started:
            if not self._thread.is_alive() or monotonic() - begun > START_SECONDS:
                raise EnvironmentFailed("the HTTP server did not start", remedy="see the log")
            sleep(0.01)

    def stop(self) -> None:
        """Take no more requests, finish those in hand, and end."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(GRACE_SECONDS + 5)

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self.host.strip("[]"), self.port))
        except OSError as error:
            listening.close()
            raise EnvironmentFailed(
                f"nothing can listen on {self.host}:{self.port}",
                cause=error.strerror or str(error),
                remedy="see [http] listen, or what else runs there",
            ) from error
        self.port = listening.getsockname()[1]
        return listening
