"""How long the night takes in which a big shop counts its letters and learns hours of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Table, text

from bench.experiments.results import Result
from lifecycle.catalog.load import load
from lifecycle.core.words import FIRST_INSTANT, micros
from lifecycle.engine import hours as engine_hours
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.hooks import Registry
from lifecycle.render.links import Signer
from lifecycle.sim.world import AcceptsAll
from lifecycle.store import hours, operations
from lifecycle.store.database import Database
from lifecycle.store.migrate import create
from lifecycle.store.tables import METADATA

PEOPLE = 1_000_000
NIGHT = datetime(2026, 5, 8, 3, tzinfo=UTC)
SENT = NIGHT - timedelta(days=3)
"""A letter to everybody went over the hours of a day, whose time to be answered is over now."""
WEEKS, SOURCES, HOURS = 52, 8, 13
"""What was counted before: so many letters a week, at so many hours."""
KEY = b"the key of a benchmark"
TABLE = "The night at 1,000,000 customers"
SHOP = {
    "settings.toml": """[shop]
name = "Shop"
address = "1 Example Street"
seed = "s"
[senders]
shop = { from = "Shop <news@mail.shop.example>" }
[topics]
offers = { about = "Sales" }
""",
    "templates/hello.mjml": """<mjml><mj-body><mj-section><mj-column>
<mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a> {{ shop.address }}</mj-text>
</mj-column></mj-section></mj-body></mjml>""",
    "campaigns/f.toml": """name = "F"
kind = "flow"
status = "live"
topic = "offers"
[enter]
when = "go"
[[step]]
name = "a"
template = "hello"
subject = "Hello"
at = "best hour"
""",
}
WORTH = "(CASE WHEN i % 10 < 5 THEN 'Europe/Berlin' WHEN i % 10 < 8 THEN 'America/New_York' END)"


def measure(*, scale: float, seed: int) -> list[Result]:
    """Seconds of a whole night, of one with the people sampled and of one without."""
    people = max(1_000, int(PEOPLE * scale))
    with TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/shop.db")
        create(database)
        parts = _parts(Path(folder), database)
        with database.write() as connection:
            _people(connection, people, seed)
            _counted_before(connection)
        found = []
        for night, name in enumerate(("with how people differ", "as on other nights")):
            now = NIGHT + timedelta(days=night)
            with database.write() as connection:
                operations.set_task(connection, engine_hours.NIGHTLY, now)
                if night:
                    _letters(connection, people, seed, night)
            began = time.perf_counter()
            engine_hours.do_due(parts, now)
            seconds = time.perf_counter() - began
            named = {"customers": people, "letters": people}
            found.append(
                Result(f"seconds, {name}", seconds, "", None, TABLE, percent=False, detail=named)
            )
        database.close()
    return found


def _parts(folder: Path, database: Database) -> Parts:
    for name, content in SHOP.items():
        path = folder / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    catalog = load(folder / "shop").catalog
    assert catalog is not None
    live = Live(catalog, Registry())
    return Parts(database, live, AcceptsAll(), KEY, Signer([KEY]))


def _people(connection: Connection, people: int, seed: int) -> None:
    """Customers in three zones, each with the letter of the first night."""
    own = {"customer_id": "'c' || i", "timezone": WORTH, "attributes": "'{}'"}
    _fill(connection, METADATA.tables["customer"], own, people)
    _letters(connection, people, seed, 0)


def _letters(connection: Connection, people: int, seed: int, night: int) -> None:
    at = micros(SENT + timedelta(days=night))
    own = {
        "customer_id": "'c' || i",
        "message_id": f"'m{night}-' || i",
        "campaign": "'f'",
        "step": "'a'",
        "state": "'accepted'",
        "timing": "CASE WHEN i % 20 = 0 THEN 'shop' ELSE 'chosen' END",
        "slot": f"((i * 7919 + {seed}) % {HOURS}) + 8",
        "lean": "1000000",
        "attempted_at": f"{at} + ((i * 7919 + {seed}) % {HOURS}) * 3600000000",
        "clicked_at": f"CASE WHEN i % 25 = 0 THEN {at} + 50000000000 END",
    }
    _fill(connection, METADATA.tables["message"], own, people)


def _fill(connection: Connection, table: Table, own: Mapping[str, str], many: int) -> None:
    """Fill a table with rows from 1 to `many`, by SQL of the row's number `i`."""
    said = dict(own)
    for column in table.columns:
        if column.name not in said and not column.nullable:
            kind = str(column.type.compile())
            said[column.name] = "''" if kind == "TEXT" else "0"
    names = ", ".join(f'"{name}"' for name in said)
    series = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)"
    rows = f"{series} SELECT {', '.join(said.values())} FROM n"
    connection.execute(text(f"INSERT INTO {table.name} ({names}) {rows}"), {"many": many})


def _counted_before(connection: Connection) -> None:
    hours.begin(connection, FIRST_INSTANT)
    week = NIGHT.toordinal() // 7
    hours.add(
        connection,
        hours.COUNT,
        [
            {
                "source": f"old/{source}",
                "of_group": "",
                "week": week - back,
                "slot": (source % 7) * 24 + 8 + hour,
                "letters": 5_000,
                "expected": 5_000_000_000,
                "answered": 150 + 5 * hour,
            }
            for back in range(1, WEEKS + 1)
            for source in range(SOURCES)
            for hour in range(HOURS)
        ],
    )
