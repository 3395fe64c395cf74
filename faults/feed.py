"""Sends events to the daemon over HTTP until each is answered 202, however often that takes."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

from lifecycle.errors import LifecycleError

ANSWER_SECONDS = 15.0
REST_SECONDS = 0.05


class Feed:
    """One thread that sends events, batch by batch; a batch is sent again until it is answered.

    `answered` are the ids of events that the daemon has answered for.
    """

    def __init__(self, port: int, key: str, per_second: float = 0.0, at_once: int = 50) -> None:
        self._port, self._key = port, key
        self._per_second, self._at_once = per_second, at_once
        self.answered: list[str] = []
        self.unanswered = 0
        self.refused: list[tuple[int, str]] = []
        self._connection: http.client.HTTPConnection | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._failed: BaseException | None = None

    def begin(self, events: Iterable[dict[str, Any]]) -> None:
        """Send all of them from a thread."""
        self._thread = threading.Thread(target=self._run, args=(iter(events),), daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait until all are answered. Raises LifecycleError."""
        assert self._thread is not None
        self._thread.join(seconds)
        if self._failed is not None:
            raise LifecycleError("events could not be sent", cause=repr(self._failed))
        if self._thread.is_alive():
            raise LifecycleError("events were not answered in time", cause=str(len(self.answered)))

    @property
    def done(self) -> bool:
        """Whether all are answered."""
        return self._thread is not None and not self._thread.is_alive()

    def stop(self) -> None:
        """Send no more."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def send(self, events: list[dict[str, Any]]) -> None:
        """Send one batch until it is answered."""
        body = json.dumps(events).encode()
        while not self._stopping.is_set():
            status, said = self.ask("POST", "/v1/events", body)
            if status == 202:
                self.answered += [one["id"] for one in events]
                return
            if 400 <= status < 500 and status != 429:
                raise LifecycleError(f"events were refused: {status}", cause=said[:300])
            self.unanswered += 1
            if status:
                self.refused.append((status, said[:200]))
            time.sleep(REST_SECONDS)

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, str]:
        """One request: status and body of the answer; 0 where none came."""
        headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(
                    "127.0.0.1", self._port, timeout=ANSWER_SECONDS
                )
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return 0, ""

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run(self, events: Iterator[dict[str, Any]]) -> None:
        begun, sent = time.monotonic(), 0
        try:
            batch: list[dict[str, Any]] = []
            for one in events:
                batch.append(one)
                if len(batch) < self._at_once:
                    continue
                self.send(batch)
                sent, batch = sent + len(batch), []
                if self._stopping.is_set():
                    return
                ahead = sent / self._per_second if self._per_second else 0.0
                time.sleep(max(0.0, begun + ahead - time.monotonic()))
            if batch:
                self.send(batch)
        except BaseException as failed:
            self._failed = failed
        finally:
            self._hang_up()
