"""The load: requests with events over HTTP/1.1, as fast as they are answered or at a given rate."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bench.segments.data import customer_id, properties

HOST = "127.0.0.1"
ACCEPTED = b"HTTP/1.1 202"
BUSY = b"HTTP/1.1 503"


class NotTaken(Exception):
    """The server answered something else than that it took the events."""


@dataclass(frozen=True)
class Offered:
    """What came of a load: events taken and refused, in how many seconds.

    `late` is by how many seconds the last request was sent later than it should have been.
    """

    taken: int
    refused: int
    seconds: float
    late: float = 0.0


def event(
    number: int, said: str, customer: int, name: int, named: str, at: datetime | None = None
) -> str:
    """An event as JSON: its id is `said` and the number, its properties those of its name."""
    told = f'{{"id":"{said}{number:010d}","event":"{named}","customer":"{customer_id(customer)}"'
    if at is not None:
        told += f',"at":"{at.isoformat()}"'
    return f'{told},"properties":{properties(name, number, 4950)}}}'


def requests(key: str, events: Sequence[str], at_once: int) -> list[bytes]:
    """Requests with so many events each; with one it is sent plainly, not as an array."""
    made = []
    for start in range(0, len(events), at_once):
        part = events[start : start + at_once]
        body = part[0] if at_once == 1 else f"[{','.join(part)}]"
        head = (
            f"POST /v1/events HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n\r\n"
        )
        made.append((head + body).encode())
    return made


class _Connection(asyncio.Protocol):
    """One connection with one request under way at a time; made for little work of our own."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._got = b""
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        # Every answer of this way in ends with a JSON object.
        if self._answer is not None and self._got.endswith(b"}"):
            self._answer.set_result(self._got)
            self._answer, self._got = None, b""

    def connection_lost(self, _error: Exception | None) -> None:
        if self._answer is not None:
            self._answer.set_exception(NotTaken("the connection was closed"))

    def send(self, request: bytes) -> asyncio.Future[bytes]:
        """Send a request; the future gives the answer's bytes."""
        self._answer = self._loop.create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        self._transport.close()


async def _connected(port: int, count: int) -> list[_Connection]:
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(_Connection, HOST, port))[1] for _ in range(count)]


def drive(port: int, made: Sequence[bytes], connections: int) -> float:
    """Send requests as fast as they are answered; seconds. Raises NotTaken."""
    return asyncio.run(_drive(port, made, connections))


async def _drive(port: int, made: Sequence[bytes], connections: int) -> float:
    waiting = iter(made)

    async def work(one: _Connection) -> None:
        for request in waiting:
            answer = await one.send(request)
            if not answer.startswith(ACCEPTED):
                raise NotTaken(answer.decode())

    every = await _connected(port, min(connections, len(made)))
    begun = time.perf_counter()
    await asyncio.gather(*map(work, every))
    seconds = time.perf_counter() - begun
    for one in every:
        one.close()
    return seconds


def offer(
    port: int, made: Sequence[bytes], sizes: Iterable[int], rate: float, connections: int
) -> Offered:
    """Send requests (of `sizes` events) at a rate of events a second, answered or not.

    What is refused because too much waits is not sent again. Raises NotTaken for other refusals.
    """
    return asyncio.run(_offer(port, made, list(sizes), rate, connections))


async def _offer(
    port: int, made: Sequence[bytes], sizes: list[int], rate: float, connections: int
) -> Offered:
    every = await _connected(port, connections)
    begun = time.perf_counter()
    waiting = iter(range(len(made)))
    due, total = [], 0
    for size in sizes:
        due.append(begun + total / rate)
        total += size
    taken, late = [False] * len(made), 0.0

    async def work(one: _Connection) -> None:
        nonlocal late
        for number in waiting:
            pause = due[number] - time.perf_counter()
            if pause > 0:
                await asyncio.sleep(pause)
            late = max(0.0, time.perf_counter() - due[number])
            answer = await one.send(made[number])
            taken[number] = answer.startswith(ACCEPTED)
            if not taken[number] and not answer.startswith(BUSY):
                raise NotTaken(answer.decode())

    await asyncio.gather(*map(work, every))
    rest = begun + total / rate - time.perf_counter()
    if rest > 0:
        await asyncio.sleep(rest)
    seconds = time.perf_counter() - begun
    for one in every:
        one.close()
    accepted = sum(size for size, good in zip(sizes, taken, strict=True) if good)
    return Offered(accepted, total - accepted, seconds, late)
