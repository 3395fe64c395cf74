"""A stand-in for Amazon SQS over HTTP, as boto3 speaks to it: one queue, on a port of its own."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Queue:
    """A queue. What was fetched and not deleted lies hidden until `reappear`.

    `fails` answers so many requests with an error; `deletes` False refuses to delete. A request
    that finds nothing waits until something comes, or `close`, as long polling does.
    """

    def __init__(self) -> None:
        self.waiting: list[dict[str, Any]] = []
        self.hidden: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.fails = 0
        self.deletes = True
        self.patient = False
        self._changed = threading.Condition()
        self._closed = False
        queue = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                said = json.loads(self.rfile.read(length))
                name = self.headers["X-Amz-Target"].partition(".")[2]
                code, answer = queue.answer(name, said)
                raw = json.dumps(answer).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/1/feedback"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def put(self, *bodies: str) -> None:
        """Lay messages into the queue."""
        with self._changed:
            for body in bodies:
                number = len(self.waiting) + len(self.hidden) + len(self.requests) * 100
                self.waiting.append({"MessageId": f"m{number}", "Body": body, "count": 0})
            self._changed.notify_all()

    def reappear(self) -> None:
        """Let all that was fetched and not deleted be fetched again."""
        with self._changed:
            self.waiting += self.hidden.values()
            self.hidden.clear()

    def answer(self, name: str, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """What one request gets."""
        with self._changed:
            self.requests.append((name, said))
            self._changed.notify_all()
            if self.fails:
                self.fails -= 1
                return 500, {"__type": "com.amazonaws.sqs#InternalError", "message": "no"}
            if name == "ReceiveMessage":
                while self.patient and not self.waiting and not self._closed:
                    self._changed.wait()
                return 200, self._given(said)
            assert name == "DeleteMessageBatch"
            found: dict[str, Any] = {"Successful": [], "Failed": []}
            for entry in said["Entries"]:
                if self.deletes:
                    self.hidden.pop(entry["ReceiptHandle"])
                    found["Successful"].append({"Id": entry["Id"]})
                else:
                    told = {"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"}
                    found["Failed"].append(told)
            self._changed.notify_all()
            return 200, found

    def _given(self, said: dict[str, Any]) -> dict[str, Any]:
        given = []
        for _ in range(min(said["MaxNumberOfMessages"], len(self.waiting))):
            one = self.waiting.pop(0)
            one["count"] += 1
            handle = f"{one['MessageId']}-{one['count']}"
            self.hidden[handle] = one
            given.append(
                {
                    "MessageId": one["MessageId"],
                    "ReceiptHandle": handle,
                    "Body": one["Body"],
                    "Attributes": {"ApproximateReceiveCount": str(one["count"])},
                }
            )
        return {"Messages": given} if given else {}

    def wait_for(self, *names: str) -> None:
        """Return once requests of these names have come, and no others."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: [name for name, _ in self.requests] == list(names), 20
            )

    def close(self) -> None:
        """Answer those who wait, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
