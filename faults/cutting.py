"""A proxy before PostgreSQL that cuts connections at a COMMIT: before it arrives, or after."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from faults.dice import Dice

COMMIT = b"COMMIT"
CHUNK = 64 * 1024
CARRIED_OUT_SECONDS = 0.05
"""So long the server is given to carry the COMMIT out before nobody can hear its answer."""


class Cutter:
    """Forwards bytes both ways. Of the commits of its clients it cuts a share, by the dice."""

    def __init__(self, port: int, dice: Dice, share: float, *, after: bool) -> None:
        self._port, self._dice, self.share, self._after = port, dice, share, after
        self.commits = self.cuts = 0
        self._lock = threading.Lock()
        self._listening: socket.socket | None = None

    def start(self) -> int:
        """Begin to listen, and give the port."""
        self._listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()
        return int(self._listening.getsockname()[1])

    def stop(self) -> None:
        """Take no more connections."""
        if self._listening is not None:
            self._listening.close()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                return
            for way in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._forward, args=way, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, outward: bool) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(CHUNK):
                if outward and COMMIT in chunk and self._cuts():
                    if self._after:
                        # Nothing of the answer goes back: our side of the client closes first.
                        source.shutdown(socket.SHUT_RDWR)
                        target.sendall(chunk)
                        time.sleep(CARRIED_OUT_SECONDS)
                    break
                target.sendall(chunk)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
                one.close()

    def _cuts(self) -> bool:
        with self._lock:
            self.commits += 1
            cuts = self._dice.between(0, 1) < self.share
            self.cuts += cuts
            return cuts
