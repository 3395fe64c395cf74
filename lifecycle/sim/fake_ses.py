"""A stand-in for Amazon SES v2 over HTTP: real limits, a log of the truth, and faults on demand.

What it accepted stands in its truth log, synced to disk before the answer leaves: the log is the
oracle by which duplicate and lost letters are counted, and shares no code with what it judges.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from lifecycle.clock import Clock
from lifecycle.sim.fake_ses_acceptor import Acceptor
from lifecycle.sim.fake_ses_account import FakeAccount
from lifecycle.sim.fake_ses_control import Control
from lifecycle.sim.fake_ses_desk import ACCOUNT_PATH, BULK_PATH, SEND_PATH, Desk
from lifecycle.sim.fake_ses_events import MailEvent, envelope
from lifecycle.sim.fake_ses_faults import FaultPlan
from lifecycle.sim.fake_ses_http import Wire
from lifecycle.sim.fake_ses_limits import Limits
from lifecycle.sim.fake_ses_outcome import Outcomes
from lifecycle.sim.fake_ses_publisher import Publisher
from lifecycle.sim.fake_ses_queue import QUEUE_NAME, FakeQueue
from lifecycle.sim.fake_ses_shelf import Shelf, Shelved
from lifecycle.sim.fake_ses_sns import HttpTarget, Signing
from lifecycle.sim.fake_ses_truth import Acceptance, TruthLog

__all__ = ["ACCOUNT_PATH", "BULK_PATH", "SEND_PATH", "Acceptance", "FakeSes"]

HANG_SECONDS = 60.0
START_SECONDS = 10.0
BACKLOG = 256
QUEUE = "queue"


class FakeSes:
    """The stand-in: `start` binds it to this machine alone, `stop` ends it.

    A truth log that is there already is carried on with, as after a crash. `events` is "queue"
    for the queue that it serves itself, an http address for signed deliveries as of SNS, and None
    for no events at all. `outbox` is a folder that accepted letters are written to.
    """

    def __init__(
        self,
        truth_log: Path,
        clock: Clock,
        *,
        faults: FaultPlan | None = None,
        limits: Limits | None = None,
        hang_seconds: float = HANG_SECONDS,
        events: str | None = None,
        seed: int = 0,
        outbox: Path | None = None,
    ) -> None:
        self._truth = TruthLog(truth_log)
        plan = faults or FaultPlan(seed=seed)
        account = FakeAccount(limits or Limits())
        self._acceptor = Acceptor(self._truth, clock, account, plan)
        self._acceptor.rates.remember(self._truth.since(clock.now() - timedelta(days=1)))
        self._wire = Wire(self._answer, self._truth.sync, clock, hang_seconds)
        self._queue = FakeQueue(QUEUE_NAME, clock)
        self._clock = clock
        self.events = events
        self.signing = None if events in (None, QUEUE) else Signing(clock)
        self._target = (
            None if self.signing is None else HttpTarget(str(events), self.signing, clock)
        )
        publisher = Publisher(self._deliver, str(seed))
        outcomes = Outcomes(account, publisher, str(seed))
        self._control = Control(self._acceptor, outcomes, publisher, self._queue, self._wire)
        self._shelf = shelf = Shelf(outbox)
        served = None if self.signing is None else (self.signing.path, self.signing.pem)
        self._desk = Desk(self._control, shelf, served)
        self._acceptor.then.append(shelf.keep)
        if events is not None:
            self._acceptor.then.append(outcomes.accepted)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self, port: int = 0) -> str:
        """Serve from a thread of this process; gives the address to use as SES's endpoint.

        Raises OSError for a port that cannot be had.
        """
        listening = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        arguments = (self._loop, listening, ready)
        self._thread = threading.Thread(target=self._serve, args=arguments, daemon=True)
        self._thread.start()
        ready.wait(START_SECONDS)
        return f"http://127.0.0.1:{listening.getsockname()[1]}"

    def stop(self) -> None:
        """End the server and let go of whoever is kept hanging."""
        loop, self._loop = self._loop, None
        if loop is not None and self._thread is not None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(loop.stop)
            self._thread.join(START_SECONDS)
        self._truth.close()
        if self._target is not None:
            self._target.stop()

    def accepted(self) -> list[Acceptance]:
        """Every acceptance ever logged, in order, read from the disk."""
        return self._truth.read()

    @property
    def posts(self) -> int:
        """How many requests to send came in, accepted or not."""
        return self._acceptor.posts

    def requests(self) -> list[dict[str, Any]]:
        """The bodies of the last accepted requests."""
        return list(self._acceptor.requests)

    def letters(self) -> list[Shelved]:
        """The last accepted letters, newest first."""
        return self._shelf.letters()

    def control(self, said: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Change what is named, as the control path does, and give the counts.

        Raises ValueError with what is wrong.
        """
        counts: dict[str, Any] = self._in_loop(lambda: self._controlled(said or {}))
        return counts

    def queue_url(self, endpoint: str) -> str:
        """The address of the queue of events, for `[ses] feedback_queue`."""
        return self._queue.url(endpoint)

    def put_into_queue(self, body: str) -> None:
        """Put any text into the queue, as a message of its own."""
        self._in_loop(lambda: self._queue.put(lambda: body))

    @property
    def waits(self) -> bool:
        """Whether somebody waits for a message of the queue."""
        return self._queue.is_waited_for

    def _controlled(self, said: Mapping[str, Any]) -> dict[str, Any]:
        self._control.change(said)
        return self._control.counts()

    def _in_loop(self, act: Callable[[], Any]) -> Any:
        """Do something in the thread of the loop, or here while none runs."""
        if self._loop is None:
            return act()

        async def acted() -> Any:
            return act()

        return asyncio.run_coroutine_threadsafe(acted(), self._loop).result(START_SECONDS)

    def _answer(self, request: Any) -> Any:
        return self._desk.answer(request)

    def _deliver(self, event: MailEvent) -> None:
        if self._target is not None:
            self._target.deliver(event)
        else:
            self._queue.put(lambda: json.dumps(_enveloped(event, self._clock)))

    def _serve(
        self, loop: asyncio.AbstractEventLoop, listening: socket.socket, ready: threading.Event
    ) -> None:
        asyncio.set_event_loop(loop)

        async def begin() -> asyncio.Server:
            return await loop.create_server(self._wire.connection, sock=listening)

        server = loop.run_until_complete(begin())
        ready.set()
        loop.run_forever()
        server.close()
        self._wire.close_all()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def _enveloped(event: MailEvent, clock: Clock) -> dict[str, str]:
    """An event as it lies in a queue that is subscribed to the topic; nobody checks it there."""
    return {
        **envelope(event, clock.now()),
        "SignatureVersion": "2",
        "Signature": "not-signed-within-a-queue",
        "SigningCertURL": "",
        "UnsubscribeURL": "",
    }
