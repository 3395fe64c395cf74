"""Texts that a domain publishes in the DNS (RFC 1035), asked of the machine's own resolvers."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Sequence
from pathlib import Path

RESOLVERS = Path("/etc/resolv.conf")
PORT = 53
SECONDS = 2.0
"""So long one resolver is waited for, each time; two times in all."""
ROUNDS = 2
MAX_RESOLVERS = 3
MAX_ANSWER = 65_535
MAX_LABELS = 128
_TEXT, _INTERNET = 16, 1
_RECURSE, _CUT = 0x0100, 0x0200
_UNKNOWN_NAME = 3
_HEAD = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")


class NotAsked(Exception):
    """No resolver gave an answer; the text says why."""


def resolvers(file: Path = RESOLVERS) -> list[str]:
    """The machine's resolvers, as the system lists them; none where it lists none."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    words = [line.split() for line in lines]
    return [one[1] for one in words if len(one) > 1 and one[0] == "nameserver"][:MAX_RESOLVERS]


def texts_of(
    name: str, servers: Sequence[str] | None = None, *, port: int = PORT, seconds: float = SECONDS
) -> list[str]:
    """The TXT records of a name, each with its parts put together; none where there are none.

    Raises `NotAsked`.
    """
    asked = resolvers() if servers is None else list(servers)
    if not asked:
        raise NotAsked("this machine names no resolver")
    problem = "no resolver answered"
    for _ in range(ROUNDS):
        for server in asked:
            try:
                return _asked(name, server, port, seconds)
            except (OSError, UnicodeError) as error:
                problem = f"the resolver did not answer ({type(error).__name__})"
            except (ValueError, struct.error, IndexError) as error:
                problem = f"the resolver's answer could not be read ({error})"
    raise NotAsked(problem)


def _asked(name: str, server: str, port: int, seconds: float) -> list[str]:
    # The socket takes answers from this resolver alone, so that the number need not be a secret.
    number = time.perf_counter_ns() & 0xFFFF
    question = _HEAD.pack(number, _RECURSE, 1, 0, 0, 0) + _written(name)
    question += struct.pack("!HH", _TEXT, _INTERNET)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as letter:
        letter.settimeout(seconds)
        letter.connect((server, port))
        letter.send(question)
        answer = letter.recv(MAX_ANSWER)
    if _HEAD.unpack_from(answer)[1] & _CUT:
        answer = _by_stream(question, server, port, seconds)
    return _texts(answer, number)


def _by_stream(question: bytes, server: str, port: int, seconds: float) -> bytes:
    with socket.create_connection((server, port), timeout=seconds) as line:
        line.sendall(struct.pack("!H", len(question)) + question)
        (length,) = struct.unpack("!H", _exactly(line, 2))
        return _exactly(line, length)


def _exactly(line: socket.socket, length: int) -> bytes:
    read = b""
    while len(read) < length:
        more = line.recv(length - len(read))
        if not more:
            raise ConnectionError("cut off")
        read += more
    return read


def _written(name: str) -> bytes:
    labels = [label.encode("ascii") for label in name.rstrip(".").split(".")]
    if any(not 0 < len(label) < 64 for label in labels):
        raise UnicodeError("no domain")
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\0"


def _texts(answer: bytes, number: int) -> list[str]:
    told, flags, questions, answers, _, _ = _HEAD.unpack_from(answer)
    if told != number or not flags & 0x8000:
        raise ValueError("it answers something else")
    if flags & 0xF == _UNKNOWN_NAME:
        return []
    if flags & 0xF:
        raise ValueError(f"error {flags & 0xF}")
    place = _HEAD.size
    for _ in range(questions):
        place = _after_name(answer, place) + 4
    found = []
    for _ in range(answers):
        place = _after_name(answer, place)
        kind, _, _, length = _RECORD.unpack_from(answer, place)
        place += _RECORD.size
        if kind == _TEXT:
            found.append(_joined(answer[place : place + length]))
        place += length
    return found


def _after_name(answer: bytes, place: int) -> int:
    for _ in range(MAX_LABELS):
        length = answer[place]
        if length == 0:
            return place + 1
        if length & 0xC0:
            return place + 2
        place += 1 + length
    raise ValueError("a name without an end")


def _joined(data: bytes) -> str:
    parts, place = [], 0
    while place < len(data):
        parts.append(data[place + 1 : place + 1 + data[place]])
        place += 1 + data[place]
    return b"".join(parts).decode("utf-8", "replace")
