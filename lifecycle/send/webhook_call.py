"""One try of a call: a signed POST to the very address that was looked at, bounded in all."""

from __future__ import annotations

import http.client
import io
import os
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cache
from time import monotonic
from typing import Any

from lifecycle.send import webhook
from lifecycle.send.webhook_guard import (
    CallRefused,
    Resolve,
    Target,
    allowed,
    resolved,
    target_of,
)

MAY_REACH = "LIFECYCLE_CALLS_MAY_REACH"
"""Names the environment variable that lists receivers inside the house: `host:port, host:port`."""
CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
"""For one try in all, once the name is known."""
READ_BYTES = 64 * 1024
"""So much of an answer is read, and none of it kept."""
NAME_PREFIX = "env:"
SECRET_SUFFIX = "_SECRET"
AGENT = "lifecycle-webhooks/1"
_GONE = 410
_BUSY = frozenset({429, 502, 503, 504})


class Fate(StrEnum):
    """What came of one try."""

    DONE = "done"
    AGAIN = "again"
    """The receiver did not take it: to be tried later."""
    GONE = "gone"
    """The receiver wants no more of it: never again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one try, in words that name nobody; `busy` says that others had better wait."""

    fate: Fate
    told: str = ""
    wait_seconds: float | None = None
    """What the receiver asked for in `Retry-After`."""
    busy: bool = False


@dataclass(frozen=True)
class Caller:
    """Makes calls to the addresses that environment variables name, signed by the shop's key."""

    key: bytes = field(repr=False)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    resolve: Resolve = resolved
    tls: ssl.SSLContext | None = None
    """None: certificates are verified by the machine's authorities."""
    connect_seconds: float = CONNECT_SECONDS
    total_seconds: float = TOTAL_SECONDS
    under_way: set[_Pinned] = field(default_factory=set, repr=False, compare=False)

    def call(self, said: str, call_id: str, body: bytes, now: datetime) -> Answer:
        """Make one try of a call to what `said` names ("env:HOOK"). Never raises for the network.

        No redirect is followed and no proxy used.
        """
        name = name_of(said)
        try:
            target = self.target(name)
            signed = webhook.headers(self.secrets(name), call_id, now, body)
        except (CallRefused, webhook.SecretRefused) as refused:
            return Answer(Fate.AGAIN, f"not called: {refused}")
        except (OSError, UnicodeError):
            return Answer(Fate.AGAIN, "the name of the receiver is not known", busy=True)
        try:
            return self._made(target, signed, body, now)
        except TimeoutError:
            return Answer(Fate.AGAIN, "no answer in time", busy=True)
        except ssl.SSLError as error:
            return Answer(Fate.AGAIN, f"no secure connection: {error.reason or 'TLS'}", busy=True)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Answer(Fate.AGAIN, f"no answer: {type(error).__name__}", busy=True)

    def target(self, name: str) -> Target:
        """Where the address leads that the variable `name` holds. Raises CallRefused, OSError."""
        url = self.environment.get(name, "").strip()
        if not url:
            raise CallRefused(f"the environment variable {name} is not set")
        return target_of(url, allowed(self.environment.get(MAY_REACH, "")), self.resolve)

    def secrets(self, name: str) -> list[bytes]:
        """The secrets by which calls to `name` are signed. Raises SecretRefused.

        Those of the variable `<name>_SECRET`, separated by spaces, or else the one derived.
        """
        said = self.environment.get(name + SECRET_SUFFIX, "").split()
        return [webhook.secret_bytes(one) for one in said or [self.own_secret(name)]]

    def cut(self) -> None:
        """End all tries under way, as if the receiver had hung up: for who has to stop now."""
        for connection in tuple(self.under_way):
            connection.cut()

    def own_secret(self, name: str) -> str:
        """The secret derived for `name` from the shop's key."""
        return webhook.derived_secret(self.key, name)

    def _made(
        self, target: Target, signed: Sequence[tuple[str, str]], body: bytes, now: datetime
    ) -> Answer:
        deadline = monotonic() + self.total_seconds
        connection = _Pinned(target, deadline, self.connect_seconds, self.tls)
        self.under_way.add(connection)
        try:
            connection.putrequest("POST", target.path, skip_accept_encoding=True)
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", str(len(body)))
            connection.putheader("User-Agent", AGENT)
            connection.putheader("Connection", "close")
            for header, value in signed:
                connection.putheader(header, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            answer.read(READ_BYTES)
            return _read(answer.status, answer.headers.get("Retry-After"), now)
        finally:
            self.under_way.discard(connection)
            connection.hang_up()


def name_of(said: str) -> str:
    """The environment variable that a call names: HOOK of "env:HOOK"."""
    return said.removeprefix(NAME_PREFIX).strip()


def _read(status: int, retry_after: str | None, now: datetime) -> Answer:
    if 200 <= status < 300:
        return Answer(Fate.DONE)
    told = f"answered {status}"
    if status == _GONE:
        return Answer(Fate.GONE, told)
    return Answer(Fate.AGAIN, told, _wait(retry_after, now), status in _BUSY)


def _wait(said: str | None, now: datetime) -> float | None:
    """The seconds that `Retry-After` asks for, said as a number or as an instant."""
    if said is None:
        return None
    if said.strip().isdecimal() and said.isascii():
        return float(said.strip()[:9])
    try:
        until = parsedate_to_datetime(said)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


@cache
def _verifying() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Pinned(http.client.HTTPConnection):
    """A connection to addresses that were looked at, which asks for no name and uses no proxy."""

    def __init__(
        self, target: Target, deadline: float, seconds: float, tls: ssl.SSLContext | None
    ) -> None:
        super().__init__(target.host, target.port)
        self.default_port = 443 if target.scheme == "https" else 80
        self._target, self._deadline, self._seconds, self._tls = target, deadline, seconds, tls
        self._open: socket.socket | None = None

    def hang_up(self) -> None:
        """Close the socket, whatever has been read."""
        if self._open is not None:
            self._open.close()

    def cut(self) -> None:
        """End the connection while another thread waits for it."""
        if self._open is not None:
            with suppress(OSError):
                # Of the plain socket: that of a secure one would take its state from the reader.
                socket.socket.shutdown(self._open, socket.SHUT_RDWR)

    def connect(self) -> None:
        """Connect to the first address that answers, within the time for connecting."""
        until = min(self._deadline, monotonic() + self._seconds)
        self._open = self._first(until)
        if self._target.scheme == "https":
            self._open.settimeout(_left(until))
            context = self._tls or _verifying()
            self._open = context.wrap_socket(self._open, server_hostname=self._target.host)
        self.sock = _Timed(self._open, self._deadline)

    def _first(self, until: float) -> socket.socket:
        addresses = self._target.addresses
        for number, address in enumerate(addresses, 1):
            share = _left(until) / (len(addresses) + 1 - number)
            try:
                return socket.create_connection((address, self._target.port), share)
            except OSError:
                if number == len(addresses):
                    raise
        raise OSError("no address")


class _Timed:
    """What the sender of requests takes for a socket: all of it must be over by one deadline.

    Closing it does nothing: the answer is still to be read, and whoever connected hangs up.
    """

    def __init__(self, inner: socket.socket, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def sendall(self, content: Any) -> None:
        """Send all of it. Raises TimeoutError."""
        self._inner.settimeout(_left(self._deadline))
        self._inner.sendall(content)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        """What the reader of answers asks a socket for."""
        return io.BufferedReader(_Reading(self._inner, self._deadline))

    def close(self) -> None:
        """Leave it open."""


class _Reading(io.RawIOBase):
    """The bytes of an answer, until one deadline, however slowly they come."""

    def __init__(self, inner: socket.socket, deadline: float) -> None:
        self._inner, self._deadline = inner, deadline

    def readable(self) -> bool:
        """It can be read from."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come. Raises TimeoutError."""
        self._inner.settimeout(_left(self._deadline))
        return self._inner.recv_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TimeoutError
    return left
