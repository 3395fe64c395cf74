"""A lean HTTP/1.1 server on an event loop: answers wait for the disk together, and may be cut."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import cast
from urllib.parse import unquote, urlsplit

from lifecycle.clock import Clock

HEAD_BYTES = 64 * 1024
BODY_BYTES = 56 * 1024 * 1024
JSON = "application/json"


class Cut(StrEnum):
    """How an answer ends before its time."""

    NO = "no"
    SILENT = "silent"
    """Closed without a byte."""
    HALF = "half"
    """Closed in the middle of the body."""
    HANG = "hang"
    """Nothing comes for as long as the server's patience lasts."""


@dataclass(slots=True)
class Request:
    """One request; header names are in small letters. `began` is when its first byte came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    began: datetime
    body: bytes = b""


@dataclass(slots=True)
class Reply:
    """One answer. A durable one leaves once everything accepted so far is on disk."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = JSON
    cut: Cut = Cut.NO
    durable: bool = False


Handler = Callable[[Request], "Reply | asyncio.Future[Reply]"]


class Wire:
    """What all connections of one server share."""

    def __init__(
        self, handler: Handler, sync: Callable[[], None], clock: Clock, hang_seconds: float
    ) -> None:
        self.handler = handler
        self.clock = clock
        self.hang_seconds = hang_seconds
        self.latency_seconds = 0.0
        self.open: set[Connection] = set()
        self._sync = sync
        self._parked: list[tuple[Connection, Reply]] = []

    def connection(self) -> Connection:
        """Make the protocol of a new connection."""
        return Connection(self)

    def park(self, connection: Connection, reply: Reply) -> None:
        """Answer once all that came in this turn of the loop is on disk, by one sync."""
        if not self._parked:
            asyncio.get_running_loop().call_soon(self._synced)
        self._parked.append((connection, reply))

    def close_all(self) -> None:
        """Close every connection."""
        for one in list(self.open):
            one.abort()

    def _synced(self) -> None:
        parked, self._parked = self._parked, []
        self._sync()
        for connection, reply in parked:
            connection.answer(reply)


class Connection(asyncio.Protocol):
    """One connection; its requests are answered one after the other."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._buffer = bytearray()
        self._request: Request | None = None
        self._length = 0
        self._busy = False
        self._last = False
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Reply] | None = None
        self._began: datetime | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)
        self._wire.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End; nobody waits for an answer any more."""
        self._wire.open.discard(self)
        self._transport = None
        if self._waiting is not None:
            self._waiting.cancel()

    def data_received(self, data: bytes) -> None:
        """Take in bytes, and answer each request that is whole."""
        if self._began is None:
            self._began = self._wire.clock.now()
        self._buffer += data
        if not self._busy:
            self._next()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def answer(self, reply: Reply) -> None:
        """Write an answer, after the latency if there is one."""
        seconds = self._wire.latency_seconds
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._write, reply)
        else:
            self._write(reply)

    def _next(self) -> None:
        if self._request is None and not self._read_head():
            return
        request = self._request
        if request is None or len(self._buffer) < self._length:
            return
        request.body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        self._request, self._busy = None, True
        self._began = self._wire.clock.now() if self._buffer else None
        reply = self._wire.handler(request)
        if isinstance(reply, asyncio.Future):
            self._waiting = reply
            reply.add_done_callback(self._come)
        elif reply.durable:
            self._wire.park(self, reply)
        else:
            self.answer(reply)

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > HEAD_BYTES:
                self.abort()
            return False
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        method, _, rest = lines[0].partition(" ")
        parts = urlsplit(rest.partition(" ")[0])
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        said = headers.get("content-length", "0")
        self._length = int(said) if said.isdecimal() else 0
        self._last = headers.get("connection", "").lower() == "close"
        began = self._began or self._wire.clock.now()
        self._request = Request(method, unquote(parts.path), parts.query, headers, began)
        if self._length > BODY_BYTES or "transfer-encoding" in headers:
            self._last, self._request = True, None
            told = {"x-amzn-ErrorType": "RequestEntityTooLarge"}
            self._write(Reply(413, b'{"message":"Too large."}', told))
            return False
        if headers.get("expect", "").lower() == "100-continue" and self._transport:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _come(self, future: asyncio.Future[Reply]) -> None:
        self._waiting = None
        if not future.cancelled():
            self._write(future.result())

    def _write(self, reply: Reply) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if reply.cut is Cut.HANG:
            loop = asyncio.get_running_loop()
            loop.call_later(self._wire.hang_seconds, self.abort)
            return
        if reply.cut is Cut.SILENT:
            transport.close()
            return
        head = [f"HTTP/1.1 {reply.status} .", f"Content-Type: {reply.kind}"]
        head += [f"{name}: {value}" for name, value in reply.headers.items()]
        head.append(f"Content-Length: {len(reply.body)}\r\n\r\n")
        half = reply.cut is Cut.HALF
        body = reply.body[: len(reply.body) // 2] if half else reply.body
        transport.write("\r\n".join(head).encode("latin-1") + body)
        if half or self._last:
            transport.close()
            return
        self._busy = False
        if self._buffer:
            self._next()
