"""A shop behind its door, as the tests of HTTP use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from starlette.testclient import TestClient

from lifecycle.api.app import make_app
from lifecycle.api.door import Door, Health
from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import from_files
from lifecycle.render.links import Signer
from lifecycle.store import arrived
from lifecycle.store.database import Database
from lifecycle.store.keys import SCOPES, create_key
from lifecycle.store.tables import METADATA

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
KEY = b"k" * 32
MESSAGE = "ab" * 16
TABLES = METADATA.tables
SETTINGS = """
[shop]
name = "Shop <Example>"
address = "1 Example Street"
seed = "s"
[senders]
shop = { from = "Shop <news@mail.shop.example>" }
[topics]
offers = { about = "Sales & reminders" }
newsletter = { about = "Stories and news" }
"""
CAMPAIGN = """
name = "Welcome"
kind = "flow"
status = "live"
topic = "offers"
[enter]
when = "newsletter_joined"
[[step]]
name = "hello"
template = "hello"
subject = "Hello"
"""
TEMPLATE = """<mjml><mj-body><mj-section><mj-column><mj-text>Hello
<a href="{{ unsubscribe_url }}">Unsubscribe</a> {{ shop.address }}</mj-text></mj-column>
</mj-section></mj-body></mjml>"""
SEGMENT = 'name = "All"\nmatch = { did = "order_placed", within = "9 days" }\n'


@cache
def catalog() -> Catalog:
    """The shop's definitions."""
    files = {
        "settings.toml": SETTINGS,
        "campaigns/welcome.toml": CAMPAIGN,
        "segments/buyers.toml": SEGMENT,
        "templates/hello.mjml": TEMPLATE,
    }
    loaded = from_files(files)
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


class Moving:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.instant = NOW

    def now(self) -> datetime:
        """The instant it was set to; each reading is a microsecond later."""
        self.instant += timedelta(microseconds=1)
        return self.instant


class Shop:
    """Database, application and client, with one message that has gone to customer c1."""

    def __init__(
        self, url: str, folder: Path, *, create: Callable[[Database], None] | None = None
    ) -> None:
        self.database = Database(url)
        if create is not None:
            create(self.database)
        self.clock = Moving()
        self.signer = Signer([KEY])
        self.woken: list[bool] = []
        self.spool = folder / ".lifecycle" / "unsubscribes.jsonl"
        self.outbox = folder / "outbox"
        self.door = Door(
            database=self.database,
            clock=self.clock,
            signer=self.signer,
            address_key=KEY,
            spool=self.spool,
            catalog=catalog,
            why=lambda customer, campaign: {"decisions": [customer, campaign]},
            view=lambda connection, row: f"<p>{row.message_id}</p>",
            health=lambda: Health(True, {"lag_seconds": 1.5}),
            wake=lambda: self.woken.append(True),
            outbox=self.outbox,
        )
        with self.database.write() as connection:
            self.key = create_key(connection, SCOPES, NOW)
        self.client = self.client_of()

    def client_of(self, host: str = "127.0.0.1", **changes: Any) -> TestClient:
        """A client from `host`, with the door changed as said; answers 500 instead of raising."""
        app = make_app(replace(self.door, **changes))
        client = TestClient(
            app,
            base_url="http://127.0.0.1:8000",
            client=(host, 50_000),
            raise_server_exceptions=False,
            follow_redirects=False,
            headers={"Authorization": f"Bearer {self.key}"},
        )
        return client

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def rows(self, table: str) -> list[Any]:
        """All rows of a table, what came in over HTTP entered first, as the engine has it."""
        arrived.enter_all(self.database)
        with self.database.read() as connection:
            return list(connection.execute(select(TABLES[table])).all())

    def events(self, name: str) -> list[dict[str, Any]]:
        """The properties of all events of a name."""
        return [row.properties for row in self.rows("event") if row.name == name]

    def consents(self) -> dict[str, bool]:
        """What customer c1 said to topics."""
        return {row.topic: row.agreed for row in self.rows("consent") if row.customer_id == "c1"}

    def message_gone(self, message_id: str = MESSAGE, **changes: Any) -> str:
        """Write a message to c1 that has gone, with its template's two links and two of its own."""
        with self.database.write() as connection:
            template = {"version": "v1", "compiled": {"links": LINKS}}
            connection.execute(TABLES["template_version"].insert(), template)
            row = {
                "customer_id": "c1",
                "message_id": message_id,
                "bucket": 0,
                "step": "hello",
                "place": "hello",
                "enrollment_id": "e",
                "campaign": "welcome",
                "version": "1",
                "entry": "e",
                "klass": "triggered",
                "state": "accepted",
                "planned_at": NOW,
                "fell_due_at": NOW,
                "stale_at": NOW,
                "template_version": "v1",
                "links": {
                    "3": "https://shop.example/own?x=1&y=2",
                    "5": "https://shop.example/five",
                },
                "attempted_at": NOW,
                "context": {},
            }
            connection.execute(TABLES["message"].insert(), row | changes)
            outcome = "accepted" if (row | changes)["state"] == "accepted" else "uncertain"
            attempt = {"customer_id": "c1", "message_id": message_id, "number": 1, "detail": ""}
            attempt |= {"attempt_id": f"attempt of {message_id}", "path": "outbox:"}
            attempt |= {"begun_at": NOW - timedelta(minutes=1), "outcome": outcome}
            connection.execute(TABLES["attempt"].insert(), attempt)
        return message_id

    def state(self, message_id: str = MESSAGE) -> tuple[str, str | None]:
        """How a message stands, and the evidence that there is of its attempt."""
        (row,) = [row for row in self.rows("message") if row.message_id == message_id]
        (attempt,) = [row for row in self.rows("attempt") if row.message_id == message_id]
        return row.state, attempt.evidence


LINKS = ["https://shop.example/first", "javascript:alert(1)"]
