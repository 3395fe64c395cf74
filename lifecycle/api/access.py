"""Who may ask: keys with scopes, and pages for whoever sits at this very machine."""

from __future__ import annotations

import time
from hashlib import sha256
from ipaddress import ip_address

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from lifecycle.api.problems import Problem
from lifecycle.store.database import Database
from lifecycle.store.keys import Key, open_key

KEPT_SECONDS = 1.0
"""For so long a key just seen is not looked up again; a revocation takes hold after it."""
KEPT_KEYS = 1_000
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class Access:
    """Opens keys, and remembers for a moment those that were good."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: dict[bytes, tuple[Key, float]] = {}

    async def require(self, request: Request, scope: str) -> Key:
        """The key of a request. Raises Problem when there is none that may do this."""
        return await self.admit(request.headers.get("authorization", ""), scope)

    async def admit(self, said: str, scope: str) -> Key:
        """The key that the header Authorization says; see `require`."""
        kind, _, presented = said.partition(" ")
        presented = presented.strip()
        if kind.lower() != "bearer" or not presented:
            raise _unknown("send the header Authorization: Bearer KEY")
        digest = sha256(presented.encode("latin-1", "replace")).digest()
        kept = self._kept.get(digest)
        if kept is not None and time.monotonic() - kept[1] < KEPT_SECONDS:
            key = kept[0]
        else:
            found = await run_in_threadpool(self._open, presented)
            if found is None:
                self._kept.pop(digest, None)
                raise _unknown("no such key")
            if len(self._kept) >= KEPT_KEYS:
                self._kept.clear()
            self._kept[digest] = (found, time.monotonic())
            key = found
        if scope not in key.scopes:
            raise Problem(403, f"the key lacks the scope {scope}")
        return key

    def _open(self, presented: str) -> Key | None:
        with self._database.read() as connection:
            return open_key(connection, presented)


def require_local(request: Request) -> None:
    """Let in whoever sits at this machine, and nobody through a proxy. Raises Problem.

    The host asked for must be this machine too, so that no page of another site can read along.
    """
    client = request.client.host if request.client else ""
    asked = (request.url.hostname or "").strip("[]")
    forwarded = any(name in request.headers for name in _FORWARDED)
    if forwarded or not _is_loopback(client) or not _is_loopback(asked):
        raise Problem(404, "Not Found")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _unknown(detail: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
