"""The daemon's HTTP side with its writer alone: takes events in, and nobody decides by them.

`python -m bench.segments.server URL CORE` keeps to that core (`-`: to none).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from bench.segments.child import answering, stay_on
from lifecycle.api.door import Door, Health
from lifecycle.catalog.catalog import Catalog
from lifecycle.cli.web import Web
from lifecycle.clock import SystemClock
from lifecycle.render.links import Signer
from lifecycle.store.arrived import enter_all
from lifecycle.store.database import Database
from lifecycle.store.keys import create_key
from lifecycle.store.migrate import upgrade

KEY = b"the fixed key of benchmarks: no secret"
LISTEN = "127.0.0.1:0"


def main(url: str, core: str) -> None:
    """Serve until whoever started this is gone."""
    stay_on(None if core == "-" else int(core))
    database, clock = Database(url), SystemClock()
    upgrade(database)
    with database.write() as connection:
        key = create_key(connection, ["events:write"], clock.now())
    web = Web(_door(database, clock), LISTEN)
    web.start()

    def entered() -> dict[str, float]:
        wall, processor = time.perf_counter(), time.process_time()
        enter_all(database)
        return {
            "wall": time.perf_counter() - wall,
            "processor": time.process_time() - processor,
        }

    answering(
        {
            "way in": lambda: {"port": web.port, "key": key},
            "processor": time.process_time,
            "enter": entered,
        }
    )
    web.stop()
    database.close()


def _door(database: Database, clock: SystemClock) -> Door:
    def catalog() -> Catalog:
        raise AssertionError("nobody asks for definitions here")

    def why(_customer: str, _campaign: str | None) -> dict[str, Any]:
        return {}

    return Door(
        database=database,
        clock=clock,
        signer=Signer([KEY]),
        address_key=KEY,
        spool=Path(database.url.removeprefix("sqlite:///")).with_name("spool.jsonl"),
        catalog=catalog,
        why=why,
        view=lambda _connection, _row: None,
        health=lambda: Health(True),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
