"""One round of procrastinate: so many jobs that do nothing, put in, then run by one worker.

It runs in an environment of its own, with what bench/requirements.txt names, and answers with one
line of JSON: the jobs, and the seconds that the worker took for them.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from procrastinate import App, PsycopgConnector  # type: ignore[import-not-found]

PORTION = 1_000
CONNECTIONS = 10
WARM_UP = 50


async def main(conninfo: str, jobs: int, concurrency: int) -> None:
    """Put the jobs in, and time the worker that runs them."""
    app = App(connector=PsycopgConnector(conninfo=conninfo, max_size=CONNECTIONS))

    async def nothing(number: int) -> None:
        """Do nothing."""

    task = app.task(name="nothing")(nothing)
    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        await task.batch_defer_async(*({"number": one} for one in range(WARM_UP)))
        await worked(app, concurrency)
        for first in range(0, jobs, PORTION):
            last = min(first + PORTION, jobs)
            await task.batch_defer_async(*({"number": one} for one in range(first, last)))
        begun = time.perf_counter()
        await worked(app, concurrency)
        seconds = time.perf_counter() - begun
    print(json.dumps({"jobs": jobs, "seconds": seconds}))


async def worked(app: App, concurrency: int) -> None:
    """Run what is there, and end."""
    await app.run_worker_async(wait=False, concurrency=concurrency, install_signal_handlers=False)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
