"""Texts of a domain, asked of a resolver that answers as it is told."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lifecycle.send.dns_text import NotAsked, resolvers, texts_of

Answering = Callable[[bytes], bytes]
TOLD, CUT = 0x8180, 0x8380


def head(question: bytes, flags: int, answers: int) -> bytes:
    return question[:2] + struct.pack("!HHHHH", flags, 1, answers, 0, 0) + question[12:]


def record(*parts: bytes, kind: int = 16) -> bytes:
    data = b"".join(bytes((len(one),)) + one for one in parts)
    return b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data


class Resolver:
    """Answers on one port, by datagram and by stream."""

    def __init__(self, datagram: Answering, stream: Answering | None = None) -> None:
        self.asked: list[bytes] = []
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.bind(("127.0.0.1", 0))
        self.port = self._datagrams.getsockname()[1]
        threading.Thread(target=self._by_datagram, args=(datagram,), daemon=True).start()
        self._lines = socket.create_server(("127.0.0.1", self.port)) if stream else None
        if stream is not None:
            threading.Thread(target=self._by_stream, args=(stream,), daemon=True).start()

    def _by_datagram(self, answer: Answering) -> None:
        while True:
            try:
                question, peer = self._datagrams.recvfrom(65_535)
            except OSError:
                return
            self.asked.append(question)
            self._datagrams.sendto(answer(question), peer)

    def _by_stream(self, answer: Answering) -> None:
        assert self._lines is not None
        line, _ = self._lines.accept()
        with line:
            told = answer(line.recv(65_535)[2:])
            line.sendall(struct.pack("!H", len(told)) + told)

    def close(self) -> None:
        self._datagrams.close()
        if self._lines is not None:
            self._lines.close()


@pytest.fixture
def opened() -> Iterator[list[Resolver]]:
    made: list[Resolver] = []
    yield made
    for one in made:
        one.close()


def asked(opened: list[Resolver], answer: Answering, stream: Answering | None = None) -> list[str]:
    opened.append(Resolver(answer, stream))
    return texts_of("_dmarc.shop.example", ["127.0.0.1"], port=opened[-1].port, seconds=0.5)


def test_the_parts_of_a_text_are_put_together(opened: list[Resolver]) -> None:
    two = record(b"v=DMARC1; ", b"p=none") + record(b"other", kind=5) + record(b"x")
    assert asked(opened, lambda said: head(said, TOLD, 3) + two) == ["v=DMARC1; p=none", "x"]
    assert b"\x06_dmarc\x04shop\x07example\x00\x00\x10\x00\x01" in opened[0].asked[0]


def test_an_unknown_name_has_no_text(opened: list[Resolver]) -> None:
    assert asked(opened, lambda said: head(said, TOLD | 3, 0)) == []


def test_an_answer_that_was_cut_is_asked_for_by_stream(opened: list[Resolver]) -> None:
    long = record(b"a" * 255, b"b" * 255)
    whole = asked(opened, lambda said: head(said, CUT, 0), lambda said: head(said, TOLD, 1) + long)
    assert whole == ["a" * 255 + "b" * 255]


@pytest.mark.parametrize(
    "answer",
    [
        lambda said: b"",
        lambda said: said[:11],
        lambda said: head(said, 0x0100, 0),
        lambda said: b"\0\0" + head(said, TOLD, 0)[2:] if said[:2] != b"\0\0" else b"",
        lambda said: head(said, TOLD | 2, 0),
        lambda said: head(said, TOLD, 9),
        lambda said: head(said, TOLD, 1) + b"\x3f" * 20,
        lambda said: head(said, TOLD, 1) + b"\x01a" * 200,
    ],
    ids="empty short question other failed missing cut endless".split(),
)
def test_an_answer_that_is_none_is_not_believed(opened: list[Resolver], answer: Answering) -> None:
    with pytest.raises(NotAsked):
        asked(opened, answer)


@pytest.mark.parametrize("name", ["a..b", "ü.example", "a" * 64 + ".example"])
def test_what_is_no_name_is_not_asked(name: str) -> None:
    with pytest.raises(NotAsked):
        texts_of(name, ["127.0.0.1"])


def test_resolvers_are_those_of_the_machine(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("search x\nnameserver 192.0.2.1\n# nameserver 192.0.2.2\nnameserver ::1\n")
    assert resolvers(file) == ["192.0.2.1", "::1"]
    assert resolvers(tmp_path / "none") == []
    with pytest.raises(NotAsked):
        texts_of("shop.example", [])
