"""Ports of this machine that nobody listens on."""

from __future__ import annotations

import itertools
import os
import socket

FIRST, COUNT = 12_000, 18_000
"""Below those that the system gives to outgoing connections, which could take one meanwhile."""
_numbers = itertools.count(os.getpid() * 37)


def free_port() -> int:
    """A port that is free now: taken again after each restart, so that addresses stay."""
    while True:
        port = FIRST + next(_numbers) % COUNT
        with socket.socket() as asked:
            asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                asked.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
