"""A stand-in for Amazon SES v2 over HTTP: real limits, a log of the truth, and faults on demand.

What it accepted stands in its truth log, synced to disk before the answer leaves: the log is the
oracle by which duplicate and lost letters are counted, and shares no code with what it judges.
"""

from __future__ import annotations

import json
import os
import re
import socket
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2s
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from lifecycle.clock import Clock
from lifecycle.sim.fake_ses_faults import REFUSALS, Fault, FaultPlan, Refusal
from lifecycle.sim.fake_ses_limits import Limits, check, require

SEND_PATH = "/v2/email/outbound-emails"
ACCOUNT_PATH = "/v2/email/account"
BODY_BYTES = 56 * 1024 * 1024
REQUESTS_KEPT = 100
HANG_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One line of the truth log; ids are empty where the request carried none."""

    at: str
    ses_message_id: str
    attempt_id: str
    message_id: str


class FakeSes:
    """The stand-in: `start` binds it to this machine alone, `stop` ends it.

    A truth log that is there already is carried on with, as after a crash.
    """

    def __init__(
        self,
        truth_log: Path,
        clock: Clock,
        *,
        faults: FaultPlan | None = None,
        limits: Limits | None = None,
        hang_seconds: float = HANG_SECONDS,
    ) -> None:
        self._truth_log = truth_log
        self._clock = clock
        self._faults = faults or FaultPlan()
        self._limits = limits or Limits()
        self._hang_seconds = hang_seconds
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._posts = 0
        self._sent: deque[Any] = deque()
        self._requests: deque[dict[str, Any]] = deque(maxlen=REQUESTS_KEPT)
        self._mend()
        self._accepted = len(self.accepted())
        self._server: _Server | None = None

    def start(self, port: int = 0) -> str:
        """Serve from a thread of this process; gives the address to use as SES's endpoint."""
        self._stopping.clear()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.ses = self
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self) -> None:
        """End the server and let go of whoever is kept hanging."""
        self._stopping.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server.cut_all()
            self._server = None

    def accepted(self) -> list[Acceptance]:
        """Every acceptance ever logged, in order, read from the disk."""
        if not self._truth_log.exists():
            return []
        whole = self._truth_log.read_text().rpartition("\n")[0]
        return [Acceptance(**json.loads(line)) for line in whole.splitlines()]

    @property
    def posts(self) -> int:
        """How many requests to send came in, accepted or not."""
        return self._posts

    def requests(self) -> list[dict[str, Any]]:
        """The bodies of the last accepted requests."""
        return list(self._requests)

    def next_fault(self) -> Fault:
        """Count one request in and tell what befalls it."""
        with self._lock:
            self._posts += 1
            return self._faults.fault(self._posts - 1)

    def accept(self, request: dict[str, Any]) -> str:
        """Check a request as SES would, log it as accepted, and give its new message id.

        Raises `Refusal`. Returns once the log is on disk.
        """
        check(request, self._limits)
        with self._lock:
            self._count_in()
            digest = blake2s(f"{self._truth_log}:{self._accepted}".encode(), digest_size=16)
            tail = re.sub(r"(.{8})(.{4})(.{4})(.{4})", r"\1-\2-\3-\4-", digest.hexdigest())
            message_id = f"{self._accepted:016x}-{tail}-000000"
            tags = {tag["Name"]: tag["Value"] for tag in request.get("EmailTags", ())}
            line = {
                "at": self._clock.now().isoformat(),
                "ses_message_id": message_id,
                "attempt_id": tags.get("attempt_id", ""),
                "message_id": tags.get("message_id", ""),
            }
            with self._truth_log.open("a") as log:
                log.write(json.dumps(line) + "\n")
                log.flush()
                os.fsync(log.fileno())
            self._accepted += 1
            self._requests.append(request)
        return message_id

    def account(self) -> dict[str, Any]:
        """The answer to GetAccount."""
        with self._lock:
            self._forget()
            sent = len(self._sent)
        return {
            "EnforcementStatus": "HEALTHY",
            "ProductionAccessEnabled": True,
            "SendingEnabled": True,
            "SendQuota": {
                "Max24HourSend": self._limits.per_day,
                "MaxSendRate": self._limits.per_second,
                "SentLast24Hours": float(sent),
            },
        }

    def hang(self) -> None:
        """Keep a client waiting until it has long gone, or the stand-in stops."""
        self._stopping.wait(self._hang_seconds)

    def _mend(self) -> None:
        """Cut off a half-written last line: its acceptance was never answered."""
        if self._truth_log.exists():
            whole, newline, _ = self._truth_log.read_bytes().rpartition(b"\n")
            os.truncate(self._truth_log, len(whole + newline))

    def _count_in(self) -> None:
        self._forget()
        now = self._clock.now()
        if len(self._sent) >= self._limits.per_day:
            raise REFUSALS[Fault.DAY_QUOTA]
        begin = now - timedelta(seconds=1)
        lately = 0
        for instant in reversed(self._sent):
            if instant <= begin:
                break
            lately += 1
        if lately >= self._limits.per_second:
            raise REFUSALS[Fault.THROTTLED]
        self._sent.append(now)

    def _forget(self) -> None:
        begin = self._clock.now() - timedelta(days=1)
        while self._sent and self._sent[0] <= begin:
            self._sent.popleft()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    ses: FakeSes

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.open: set[socket.socket] = set()

    def cut_all(self) -> None:
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def ses(self) -> FakeSes:
        return cast(_Server, self.server).ses

    def setup(self) -> None:
        cast(_Server, self.server).open.add(self.request)
        super().setup()

    def finish(self) -> None:
        cast(_Server, self.server).open.discard(self.request)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing; the truth log is the record."""

    def do_GET(self) -> None:
        if self.path == ACCOUNT_PATH:
            self._answer(200, self.ses.account())
        else:
            self._refuse(Refusal(404, "UnknownOperationException", ""))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        if length > BODY_BYTES:
            self.close_connection = True
            self._refuse(Refusal(413, "RequestEntityTooLarge", "Too large."))
            return
        body = self.rfile.read(length)
        if self.path != SEND_PATH:
            self._refuse(Refusal(404, "UnknownOperationException", ""))
            return
        fault = self.ses.next_fault()
        if fault in (Fault.CUT_BEFORE, Fault.HANG_BEFORE):
            self._cut(hang=fault is Fault.HANG_BEFORE)
            return
        try:
            if fault in REFUSALS and fault is not Fault.FAILED_AFTER:
                raise REFUSALS[fault]
            message_id = self.ses.accept(self._request(body))
        except Refusal as refusal:
            self._refuse(refusal)
            return
        self._answer_after(fault, message_id)

    def _request(self, body: bytes) -> dict[str, Any]:
        if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
            raise Refusal(403, "MissingAuthenticationTokenException", "Missing token")
        try:
            request = json.loads(body)
        except ValueError as error:
            raise Refusal(400, "SerializationException", "") from error
        require(isinstance(request, dict), "Not an object")
        return cast(dict[str, Any], request)

    def _answer_after(self, fault: Fault, message_id: str) -> None:
        if fault in (Fault.CUT_AFTER, Fault.HANG_AFTER):
            self._cut(hang=fault is Fault.HANG_AFTER)
        elif fault is Fault.FAILED_AFTER:
            self._refuse(REFUSALS[fault])
        elif fault is Fault.HALF_ANSWER_AFTER:
            self._answer(200, {"MessageId": message_id}, half=True)
        elif fault is Fault.GARBLED_ANSWER_AFTER:
            self._write(200, b"<html>a proxy's own page</html>")
        elif fault is Fault.EMPTY_ANSWER_AFTER:
            self._answer(200, {})
        else:
            self._answer(200, {"MessageId": message_id})

    def _refuse(self, refusal: Refusal) -> None:
        self._write(refusal.status, json.dumps({"message": refusal.message}).encode(), refusal.code)

    def _answer(self, status: int, answer: dict[str, Any], *, half: bool = False) -> None:
        self._write(status, json.dumps(answer).encode(), half=half)

    def _write(self, status: int, body: bytes, error: str = "", *, half: bool = False) -> None:
        head = [f"HTTP/1.1 {status} .", "Content-Type: application/json"]
        head.append(f"Content-Length: {len(body)}")
        if error:
            head.append(f"x-amzn-ErrorType: {error}")
        sent = body[: len(body) // 2] if half else body
        self.wfile.write("\r\n".join([*head, "", ""]).encode() + sent)
        if half:
            self._cut(hang=False)

    def _cut(self, *, hang: bool) -> None:
        if hang:
            self.ses.hang()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
