"""What the tests of bulk sending share: a scripted endpoint, a transport, and letters in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lifecycle.core.message import Letter, Outcome, OutcomeKind, Pieces, Shape
from lifecycle.send.bulk import THREADS, BulkSes
from lifecycle.send.transport import OpenGate
from tests.send.scripted_ses import Answering, ScriptedSes

MakeLetter = Callable[..., Letter]
Start = Callable[..., tuple[ScriptedSes, BulkSes]]
OPEN = OpenGate()
SHAPE = Shape("v1", ("<p>Hello ", "</p>"), ("Hello ", ""))


@pytest.fixture(name="start")
def start_ses() -> Iterator[Start]:
    """Start an endpoint that answers by a script, and a transport that talks to it in bulk."""
    opened: list[Any] = []

    def started(
        *script: Answering, threads: int = THREADS, read_seconds: float = 2.0, **told: Any
    ) -> tuple[ScriptedSes, BulkSes]:
        ses = ScriptedSes(list(script), **told)
        access = ("eu-central-1", "set", ses.url)
        transport = BulkSes(*access, read_seconds=read_seconds, threads=threads)
        opened.extend((transport.close, ses.stop))
        return ses, transport

    yield started
    for close in opened:
        close()


def letters(letter: MakeLetter, count: int, begin: int = 0, **other: Any) -> list[Letter]:
    return [
        letter(
            message_id=f"msg_{n}",
            attempt_id=f"att_{n}",
            to=f"ann{n}@customer.example",
            html=f"<p>Hello Ann {n}</p>",
            text=f"Hello Ann {n}",
            pieces=Pieces(SHAPE, (f"Ann {n}",), (f"Ann {n}",)),
            **other,
        )
        for n in range(begin, begin + count)
    ]


def kinds(outcomes: list[Outcome]) -> list[OutcomeKind]:
    return [outcome.kind for outcome in outcomes]


def recipients(request: dict[str, Any]) -> list[str]:
    return [one["Destination"]["ToAddresses"][0] for one in request["BulkEmailEntries"]]
