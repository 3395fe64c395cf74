"""Counts hits without a name: in memory first, and every second in one transaction."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

from starlette.concurrency import run_in_threadpool

from lifecycle import log
from lifecycle.store.counted_hits import Hit, count
from lifecycle.store.database import Database

WRITTEN_AFTER_SECONDS = 1.0
"""What was counted since is gone if the process dies: nobody's fate hangs on it."""


class Tally:
    """Hits that are counted. All calls come from one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counted: Counter[Hit] = Counter()
        self._writing: asyncio.Task[None] | None = None

    def add(self, hit: Hit) -> None:
        """Count one hit."""
        self._counted[hit] += 1
        if self._writing is None or self._writing.done():
            self._writing = asyncio.ensure_future(self._later())

    async def stop(self) -> None:
        """Write what was counted."""
        if self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
        await self._write()

    async def _later(self) -> None:
        while self._counted:
            await asyncio.sleep(WRITTEN_AFTER_SECONDS)
            await self._write()

    async def _write(self) -> None:
        counted, self._counted = self._counted, Counter()
        if not counted:
            return
        try:
            await run_in_threadpool(self._count, counted)
        except Exception:
            log.failed("hits_not_counted", hits=counted.total())
            self._counted.update(counted)

    def _count(self, counted: Counter[Hit]) -> None:
        with self._database.write() as connection:
            count(connection, counted)
