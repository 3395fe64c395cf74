"""An endpoint of SES that answers as it is told, for answers that SES should never give."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

CUT = None
"""An answer that is the connection's end."""

Answer = tuple[int, bytes] | None
Answering = Callable[[dict[str, Any]], Answer]


def accepted(request: dict[str, Any]) -> Answer:
    """Every entry, or the one letter, accepted; the id tells the attempt."""
    if "BulkEmailEntries" not in request:
        return said({"MessageId": f"alone-{_attempt(request['EmailTags'])}"})
    ids = [_attempt(one["ReplacementTags"]) for one in request["BulkEmailEntries"]]
    return results(*({"Status": "SUCCESS", "MessageId": f"bulk-{one}"} for one in ids))


def results(*told: Any) -> Answer:
    return said({"BulkEmailEntryResults": list(told)})


def said(answer: Any, status: int = 200) -> Answer:
    return status, json.dumps(answer).encode()


def _attempt(tags: list[dict[str, str]]) -> str:
    return next(tag["Value"] for tag in tags if tag["Name"] == "attempt_id")


@dataclass
class ScriptedSes:
    """Answers the first requests by the script, then accepts whatever comes."""

    script: list[Answering] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    at_once: int = 0
    """How many requests were under way at one moment at most."""
    hold: threading.Barrier | None = None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.ses = self
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, body: bytes) -> Answer:
        request = json.loads(body)
        with self._lock:
            self.requests.append(request)
            self._now += 1
            self.at_once = max(self.at_once, self._now)
            answering = self.script.pop(0) if self.script else accepted
        if self.hold is not None:
            self.hold.wait(10)
        with self._lock:
            self._now -= 1
        return answering(request)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    ses: ScriptedSes


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = cast(_Server, self.server).ses.answer(body)
        if answer is CUT:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        status, told = answer
        self.wfile.write(f"HTTP/1.1 {status} .\r\nContent-Length: {len(told)}\r\n\r\n".encode())
        self.wfile.write(told)
