"""The stand-in SES in Python, for machines without a compiler: `python -m … PORT_FILE`."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

MOST_ENTRIES = 50
ACCOUNT = {
    "SendingEnabled": True,
    "ProductionAccessEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "SendQuota": {"Max24HourSend": -1, "MaxSendRate": 1_000_000, "SentLast24Hours": 0},
}


class Served:
    """What was counted, and how a request is answered."""

    def __init__(self) -> None:
        self.requests = self.letters = self.bytes = 0

    def answer(self, line: bytes, size: int, body: bytes) -> object:
        """The body of the answer to one request."""
        if b"/counted" in line:
            return {"requests": self.requests, "letters": self.letters, "bytes": self.bytes}
        self.requests += 1
        if b"/account" in line:
            return ACCOUNT
        self.bytes += size
        if b"outbound-bulk-emails" in line:
            count = min(body.count(b'"Destination"'), MOST_ENTRIES)
            return {"BulkEmailEntryResults": [self._accepted("Status") for _ in range(count)]}
        return self._accepted()

    def _accepted(self, status: str = "") -> dict[str, str]:
        self.letters += 1
        told = {"MessageId": f"0107-{self.letters:016x}"}
        return {status: "SUCCESS", **told} if status else told

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until it ends."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.lower().split(b"\r\n"):
                    if line.startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                    if line.startswith(b"expect:"):
                        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await reader.readexactly(length)
                first = head.split(b"\r\n", 1)[0]
                told = json.dumps(self.answer(first, len(head) + length, body)).encode()
                start = f"HTTP/1.1 200 OK\r\nContent-Length: {len(told)}\r\n\r\n".encode()
                writer.write(start + told)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


async def run(port_file: Path) -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_server(Served().serve, "127.0.0.1", 0, limit=1 << 22)
    port_file.write_text(f"{server.sockets[0].getsockname()[1]}\n", "ascii")
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1])))
