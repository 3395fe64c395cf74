"""Ports of this machine that nobody listens on."""

from __future__ import annotations

import itertools
import os
import socket

FIRST, COUNT = 12_000, 18_000
"""Below those that the system gives to outgoing connections, which could take one meanwhile."""
_numbers = itertools.count(os.getpid() * 37)
_kept: list[socket.socket] = []


def free_port() -> int:
    """A port that is ours: taken again after each restart, so that addresses stay.

    Between two lives of a server nobody listens there. So that no other run takes it meanwhile,
    the port of the same number for datagrams, which nobody uses, is held until this process ends.
    """
    while True:
        place = ("127.0.0.1", FIRST + next(_numbers) % COUNT)
        kept = socket.socket(type=socket.SOCK_DGRAM)
        with socket.socket() as asked:
            asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                kept.bind(place)
                asked.bind(place)
            except OSError:
                kept.close()
                continue
        _kept.append(kept)
        return place[1]
