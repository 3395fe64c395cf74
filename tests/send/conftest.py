"""What the tests of sending share: letters, and a small SMTP server that does as it is told."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from lifecycle.core.message import Letter

LETTER = Letter(
    message_id="msg_01",
    attempt_id="att_01",
    campaign="abandoned_cart",
    step="reminder",
    variant="a",
    sender="Shop <news@mail.shop.example>",
    to="ann@customer.example",
    subject="Your cart",
    html="<p>Hello Ann</p>",
    text="Hello Ann",
    at=datetime(2026, 3, 4, 5, 6, 7, 891234, tzinfo=UTC),
    reply_to="help@shop.example",
    headers=(
        ("List-Unsubscribe", "<https://shop.example/u/t0k3n>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ),
)


@pytest.fixture
def letter() -> Callable[..., Letter]:
    """Make a letter, other than the usual one in the given fields."""

    def made(**other: Any) -> Letter:
        return replace(LETTER, **other)

    return made


@dataclass
class ScriptedSmtp:
    """Speaks SMTP to one client at a time; `answers` replaces the reply to a verb.

    An answer of "cut" closes the connection instead. Verbs: CONNECT EHLO AUTH MAIL RCPT DATA DOT.
    """

    answers: dict[str, list[str]] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    bodies: list[bytes] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    connections: int = 0
    tls: ssl.SSLContext | None = None
    encrypted: bool = False
    _listener: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        # Little is buffered, so that a client notices in mid-letter that nobody reads.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def stop(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self.encrypted = False
            with client, client.makefile("rwb") as stream, suppress(OSError, EOFError):
                self._talk(client, stream)

    def _say(self, stream: Any, verb: str, usual: str) -> str:
        queue = self.answers.get(verb)
        answer = queue.pop(0) if queue else usual
        if answer == "cut":
            raise EOFError
        stream.write(answer.encode() + b"\r\n")
        stream.flush()
        return answer

    def _talk(self, client: socket.socket, stream: Any, greeting: bool = True) -> None:
        if greeting:
            self._say(stream, "CONNECT", "220 ready")
        while line := stream.readline():
            text = line.decode().rstrip("\r\n")
            self.lines.append(text)
            verb = text.partition(" ")[0].upper()
            if verb == "EHLO":
                offered = ("scripted", *self.extensions)
                usual = "\r\n".join(f"250-{name}" for name in offered[:-1])
                usual = f"{usual}\r\n250 {offered[-1]}" if usual else f"250 {offered[-1]}"
                self._say(stream, "EHLO", usual)
            elif verb == "DATA":
                if self._say(stream, "DATA", "354 go on").startswith("354"):
                    self._take(stream)
            elif verb == "STARTTLS" and self.tls:
                self._say(stream, "STARTTLS", "220 go on")
                secure = self.tls.wrap_socket(client, server_side=True)
                self.encrypted = True
                with secure, secure.makefile("rwb") as inner:
                    self._talk(secure, inner, greeting=False)
                return
            elif verb == "QUIT":
                self._say(stream, "QUIT", "221 bye")
                return
            else:
                usual = "235 welcome" if verb == "AUTH" else "250 fine"
                self._say(stream, verb, usual)

    def _take(self, stream: Any) -> None:
        body = b""
        while (line := stream.readline()) != b".\r\n":
            if not line:
                raise EOFError
            body += line[1:] if line.startswith(b".") else line
            if "BODY" in self.answers:
                raise EOFError
        self.bodies.append(body)
        self._say(stream, "DOT", "250 ok queued as Q1234567")


@pytest.fixture
def smtp_server() -> Iterator[Callable[..., ScriptedSmtp]]:
    """Start scripted SMTP servers; all are stopped after the test."""
    started: list[ScriptedSmtp] = []

    def start(**told: Any) -> ScriptedSmtp:
        started.append(ScriptedSmtp(**told))
        return started[-1]

    yield start
    for server in started:
        server.stop()
